"""Opening and ending event streams over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from studio.reference import switches as fault
from studio.reference.connection import StreamConnection, StreamLimits
from studio.reference.faults import Faults
from studio.reference.faulty_connection import SWITCHES, FaultyConnection

if TYPE_CHECKING:
    from studio.reference.protocol import StudioProtocol

EXTENSION: Final = "studio.stream"
"""ASGI extension under which `StudioProtocol` offers itself to the application."""

RECORDED: Final = "recorded"
"""Set in the extension when the head is a recorded one, to which no header may be added."""

_DRAIN_S: Final = 0.3
Headers = list[tuple[bytes, bytes]]
Feed = Callable[[StreamConnection], Awaitable[None]]
HEAD: Final[Headers] = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
_WRONG_HEAD: Final[Headers] = [(b"content-type", b"text/plain"), (b"cache-control", b"no-cache")]


class Streams:
    """All open streams of the process."""

    def __init__(self, limits: StreamLimits, faults: Faults) -> None:
        self._limits = limits
        self._faults = faults
        self._faulty = any(name in faults for name in SWITCHES)
        self._open: dict[StreamConnection, None] = {}

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def cut_oldest(self) -> None:
        """Cut the stream that has been open for longest."""
        oldest = next(iter(self._open), None)
        if oldest is not None:
            oldest.abort()

    def open(self, scope: Scope) -> StreamConnection:
        """Take over the transport of the request in ``scope``; HTTP/1.0 clients get no chunks."""
        protocol: StudioProtocol = scope["extensions"][EXTENSION]["protocol"]
        chunked = scope["http_version"] != "1.0"
        connection = protocol.open_stream(lambda transport: self._connection(transport, chunked), chunked=chunked)
        self._open[connection] = None
        return connection

    def _connection(self, transport: asyncio.Transport, chunked: bool) -> StreamConnection:
        if self._faulty:
            return FaultyConnection(transport, self._limits, chunked=chunked, faults=self._faults)
        return StreamConnection(transport, self._limits, chunked=chunked)

    @property
    def head(self) -> Headers:
        """The headers with which every stream begins."""
        return _WRONG_HEAD if fault.WRONG_CONTENT_TYPE in self._faults else HEAD

    def end_all(self) -> None:
        """End every stream in order, as the service does when it stops."""
        for connection in list(self._open):
            connection.end()

    async def finish(self, connection: StreamConnection, send: Send) -> None:
        """Wait until the stream is over, then send the last chunk, if the reader can still take it, and close."""
        await connection.over
        if not connection.broken:
            await self._drain(connection)
        if connection.broken:
            # uvicorn hears of it in the next turn of the loop; before, this would count as an unfinished answer.
            await asyncio.sleep(0)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        connection.close()

    @staticmethod
    async def _drain(connection: StreamConnection) -> None:
        try:
            await asyncio.wait_for(connection.drained(), _DRAIN_S)
        except TimeoutError:
            connection.abort()
        if connection.inside_chunk and not connection.broken:
            connection.abort()

    def forget(self, connection: StreamConnection) -> None:
        """The stream no longer counts."""
        self._open.pop(connection, None)
        if not connection.closing:
            connection.abort()


class EventStreamResponse(Response):
    """A response that lives as long as its stream.

    ``feed`` is called right after the head was written: it sends what the stream begins with and joins it to its
    source; ``leave`` takes it out again.
    """

    def __init__(
        self,
        streams: Streams,
        feed: Feed,
        leave: Callable[[StreamConnection], None],
        recorded_head: Headers | None = None,
    ) -> None:
        super().__init__()
        self._streams = streams
        self._feed = feed
        self._leave = leave
        self._recorded_head = recorded_head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream; a HEAD request gets its head alone."""
        head = self._head(scope)
        start = {"type": "http.response.start", "status": 200, "headers": head}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        connection = self._streams.open(scope)
        try:
            await send(start)
            await self._feed(connection)
            await self._streams.finish(connection, send)
        finally:
            self._leave(connection)
            self._streams.forget(connection)

    def _head(self, scope: Scope) -> Headers:
        if self._recorded_head is not None:
            scope["extensions"][EXTENSION][RECORDED] = True
            return self._recorded_head
        head = self._streams.head
        return head if scope["http_version"] == "1.0" else [*head, (b"transfer-encoding", b"chunked")]
