"""One open event stream: blocks go straight to the socket's transport, with a bounded queue for slow readers.

The transport's high-water mark is 0, so it reports at once when the kernel takes no more. From then on blocks wait
in this connection's own queue as references to bytes shared by all connections. A reader that makes the queue pass
its limit is disconnected without the last chunk: it sees an incomplete read, comes back and replays; it is never
made to skip an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from studio.reference.wire import KEEP_ALIVE, Block


class StreamLimits(NamedTuple):
    """What bounds a stream."""

    queue: int
    """Blocks that may wait for a slow reader."""
    keep_alive_s: float
    """Seconds without an event after which the keep-alive comment is sent."""
    kept_when_behind: int = 0
    """The defect: of the blocks that wait, only so many of the last are kept, and nobody is disconnected; 0: none."""


class StreamConnection:
    """The sending half of one stream; every method runs in the event loop and none blocks."""

    def __init__(self, transport: asyncio.Transport, limits: StreamLimits, *, chunked: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._write = transport.write
        self._limits = limits
        self._chunked = chunked
        self._waiting: list[bytes] = []
        self._unsent = 0
        self._paused = False
        self._drained: asyncio.Future[None] | None = None
        self.closing = False
        """Nothing more is accepted: the stream ends, broke, or was cut off."""
        self.broken = False
        """The last chunk cannot be sent any more."""
        self.inside_chunk = False
        """What was sent ends inside a chunk, so that no last chunk may follow; set by who sends framed bytes."""
        self.over: asyncio.Future[None] = self._loop.create_future()
        """Done when the stream has to end or has broken."""
        transport.set_write_buffer_limits(high=0)
        self._quiet_since = self._loop.time()
        self._timer = self._loop.call_later(limits.keep_alive_s, self._keep_alive)

    def send(self, block: Block) -> None:
        """Write one block, or queue it while the reader is behind."""
        if self.closing:
            return
        self._quiet_since = self._loop.time()
        self._put(block.chunk if self._chunked else block.body, 1)

    def send_all(self, blocks: Iterable[Block]) -> None:
        """Write several blocks at once; they count as one in the queue."""
        data = b"".join([block.chunk if self._chunked else block.body for block in blocks])
        if data:
            self.send_raw(data)

    def send_raw(self, data: bytes) -> None:
        """Write bytes that are framed already."""
        if not self.closing:
            self._quiet_since = self._loop.time()
            self._put(data, 1)

    def _put(self, data: bytes, blocks: int) -> None:
        if not self._paused:
            self._unsent = blocks
            self._write(data)
            return
        self._waiting.append(data)
        if self._limits.kept_when_behind:
            del self._waiting[: -self._limits.kept_when_behind]
        elif len(self._waiting) + self._unsent > self._limits.queue:
            self.abort()

    def pause(self) -> None:
        """The transport holds bytes that the kernel did not take."""
        self._paused = True

    def resume(self) -> None:
        """The transport is empty again: hand over what waited."""
        self._paused = False
        if self._waiting and not self.broken:
            waiting, self._waiting = self._waiting, []
            self._put(b"".join(waiting), len(waiting))
        if not self._paused:
            self._release()

    def hold_keep_alive(self) -> None:
        """Send no keep-alives until `resume_keep_alive`."""
        self._timer.cancel()

    def resume_keep_alive(self) -> None:
        """Send keep-alives from now on."""
        if not self.closing:
            self._timer = self._loop.call_later(self._limits.keep_alive_s, self._keep_alive)

    async def drained(self) -> None:
        """Wait until nothing is queued, or the connection broke."""
        if self._paused and not self.broken:
            self._drained = self._drained or self._loop.create_future()
            await asyncio.shield(self._drained)

    def end(self) -> None:
        """Ask for an orderly end; who serves the stream sends the last chunk."""
        self._close()

    def abort(self) -> None:
        """Cut the connection, without the last chunk."""
        self.broken = True
        self._waiting.clear()
        self._transport.abort()
        self._close()

    def close(self) -> None:
        """Close the connection once everything is written."""
        self._transport.close()

    def lost(self) -> None:
        """The connection is gone."""
        self.broken = True
        self._close()

    def _close(self) -> None:
        self.closing = True
        self._timer.cancel()
        if self.broken:
            self._release()
        if not self.over.done():
            self.over.set_result(None)

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def _keep_alive(self) -> None:
        if self._loop.time() >= self._quiet_since + self._limits.keep_alive_s:
            self.send(KEEP_ALIVE)
        if not self.closing:
            self._timer = self._loop.call_at(self._quiet_since + self._limits.keep_alive_s, self._keep_alive)
