"""uvicorn's HTTP protocol, with the transport of a request within reach of the application.

ASGI's ``send`` costs a task switch per event and connection, and uvicorn writes chunk sizes in lower case. Streams
therefore write their own chunks straight to the transport; the head, the last chunk and all other answers stay
with uvicorn.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from studio.reference.connection import StreamConnection, StreamLimits
from studio.reference.streams import EXTENSION


class StudioProtocol(HttpToolsProtocol):
    """One client connection."""

    stream: StreamConnection | None = None

    def on_message_begin(self) -> None:
        """Offer this protocol to the application that will serve the request."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"protocol": self}}

    def open_stream(self, limits: StreamLimits, *, chunked: bool) -> StreamConnection:
        """Begin a stream on this connection, before its head is sent."""
        if not chunked:
            # uvicorn chunks whatever has no length, also for HTTP/1.0 clients, which do not know chunks.
            self.cycle.chunked_encoding = False
        self.stream = StreamConnection(self.transport, limits, chunked=chunked)
        return self.stream

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
