"""uvicorn's HTTP protocol, with the transport of a request within reach of the application.

ASGI's ``send`` costs a task switch per event and connection, and uvicorn writes chunk sizes in lower case. Streams
therefore write their own chunks straight to the transport; the head, the last chunk and all other answers stay
with uvicorn. It answers every client with HTTP/1.1, though, where hyper, under the real service, answers an HTTP/1.0
request with HTTP/1.0 (``enforce_version`` in its ``proto/h1/conn.rs``).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from studio.reference.connection import StreamConnection
from studio.reference.streams import EXTENSION, RECORDED

_NEW: Final = b"HTTP/1.1 "
_OLD: Final = b"HTTP/1.0 "
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class _OldClient(asyncio.Transport):
    """What uvicorn writes an answer to an HTTP/1.0 request to: the first bytes are its status line."""

    def __init__(self, transport: asyncio.Transport, extension: Mapping[Any, Any]) -> None:
        super().__init__()
        self._transport = transport
        self._extension = extension
        self._begun = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Pass on what is written, with the client's version in the status line, unless that is a recorded one."""
        if not self._begun and RECORDED not in self._extension:
            data = _OLD + bytes(data).removeprefix(_NEW)
        self._begun = True
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection once everything is written."""
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._transport.is_closing()


class StudioProtocol(HttpToolsProtocol):
    """One client connection."""

    stream: StreamConnection | None = None

    def on_message_begin(self) -> None:
        """Offer this protocol to the application that will serve the request."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"protocol": self}}

    def on_headers_complete(self) -> None:
        """Let the answer to an HTTP/1.0 request say that it is one."""
        old = self.parser.get_http_version() == "1.0"
        # Such a client knows no 100 (Continue), which RFC 9110, 10.1.1, has a server ignore from it.
        self.expect_100_continue = self.expect_100_continue and not old
        super().on_headers_complete()
        if old:
            self.cycle.transport = _OldClient(self.transport, self.scope["extensions"][EXTENSION])

    def open_stream(self, make: Callable[[asyncio.Transport], StreamConnection], *, chunked: bool) -> StreamConnection:
        """Begin a stream on this connection, before its head is sent."""
        if not chunked:
            # uvicorn chunks whatever has no length, also for HTTP/1.0 clients, which do not know chunks.
            self.cycle.chunked_encoding = False
        self.stream = make(self.transport)
        return self.stream

    def reset(self) -> None:
        """Close the connection with a reset (RST), without an answer."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def pause_writing(self) -> None:
        """The kernel takes no more bytes."""
        super().pause_writing()
        if self.stream is not None:
            self.stream.pause()

    def resume_writing(self) -> None:
        """All bytes are with the kernel."""
        super().resume_writing()
        if self.stream is not None:
            self.stream.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(exc)
        if self.stream is not None:
            self.stream.lost()
