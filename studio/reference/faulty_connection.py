"""An open stream whose bytes go wrong on the way out, as the switches of the wire ask for it."""

from __future__ import annotations

import asyncio
from typing import Final

from studio.reference import switches as fault
from studio.reference.connection import StreamConnection, StreamLimits
from studio.reference.faults import Faults
from studio.reference.wire import Block, Event, chunk

_TITLE: Final = b'"title":"'
_NO_UTF8: Final = b"\xff"
_STALL_EVERY: Final = 5
"""A stall begins at the earliest so many stalls after the one before, so that most events still come in time."""

SWITCHES: Final = (
    fault.HALF_WRITE,
    fault.NO_KEEP_ALIVE,
    fault.CLOSE_EVERY,
    fault.BUFFERING,
    fault.CORRUPT_UTF8,
    fault.TRUNCATED_JSON,
    fault.SPLIT_CHUNKS,
    fault.CUT_TITLES,
)
"""The switches that it knows."""


class FaultyConnection(StreamConnection):
    """The sending half of one stream, with the asked defects."""

    def __init__(self, transport: asyncio.Transport, limits: StreamLimits, *, chunked: bool, faults: Faults) -> None:
        super().__init__(transport, limits, chunked=chunked)
        self._faults = faults
        self._stalled: list[bytes] | None = None
        self._stall_from = self._loop.time()
        self._buffered: list[bytes] = []
        if fault.CLOSE_EVERY in faults:
            self._loop.call_later(faults.seconds(fault.CLOSE_EVERY), self.end)

    def send(self, block: Block) -> None:
        """Write one block, or what the defects make of it."""
        if self.closing:
            return
        if isinstance(block, Event):
            block = self._garbled(block)
        data = self._framed(block)
        if self._stalled is not None:
            self._stalled.append(data)
        elif fault.HALF_WRITE in self._faults and isinstance(block, Event) and self._loop.time() >= self._stall_from:
            self._write_half(data)
        elif fault.BUFFERING in self._faults:
            self._buffer(data)
        else:
            self.send_raw(data)

    def end(self) -> None:
        """Ask for an orderly end; nothing that is held back is lost by it."""
        self._go_on()
        self._flush()
        super().end()

    def _framed(self, block: Block) -> bytes:
        if not self._chunked:
            return block.body
        if fault.SPLIT_CHUNKS in self._faults and isinstance(block, Event):
            middle = len(block.body) // 2
            return chunk(block.body[:middle]) + chunk(block.body[middle:])
        return block.chunk

    def _garbled(self, item: Event) -> Event:
        body = item.body
        if self._faults.strikes(fault.CORRUPT_UTF8):
            body = _corrupted(body)
        if self._faults.strikes(fault.TRUNCATED_JSON):
            body = body[: len(body) * 3 // 4] + b"\n\n"
        if fault.CUT_TITLES in self._faults:
            body = _cut_title(body, self._faults.count(fault.CUT_TITLES))
        return item if body is item.body else Event(item.id, item.task_id, body)

    def _write_half(self, data: bytes) -> None:
        stall_s = self._faults.seconds(fault.HALF_WRITE)
        middle = len(data) // 2
        self.send_raw(data[:middle])
        self.inside_chunk = self._chunked
        self._stalled = [data[middle:]]
        self._stall_from = self._loop.time() + stall_s * _STALL_EVERY
        self._loop.call_later(stall_s, self._go_on)

    def _go_on(self) -> None:
        stalled, self._stalled = self._stalled, None
        if stalled is not None:
            self.inside_chunk = False
            self.send_raw(b"".join(stalled))

    def _buffer(self, data: bytes) -> None:
        if not self._buffered:
            self._loop.call_later(self._faults.seconds(fault.BUFFERING), self._flush)
        self._buffered.append(data)

    def _flush(self) -> None:
        buffered, self._buffered = self._buffered, []
        if buffered:
            self.send_raw(b"".join(buffered))

    def _keep_alive(self) -> None:
        if fault.NO_KEEP_ALIVE not in self._faults:
            super()._keep_alive()


def _corrupted(body: bytes) -> bytes:
    """The body with the first byte of its title replaced; as it is where it has none."""
    at = body.find(_TITLE) + len(_TITLE)
    return body if at < len(_TITLE) else body[:at] + _NO_UTF8 + body[at + 1 :]


def _cut_title(body: bytes, limit: int) -> bytes:
    """The body with its title cut to ``limit`` bytes; as it is where the title is no longer."""
    start = body.find(_TITLE) + len(_TITLE)
    end = body.rfind(b'"')
    if start < len(_TITLE) or end - start <= limit:
        return body
    # What is left of a character or of an escape at the cut would be another defect.
    kept = body[start : start + limit].decode("utf-8", "ignore").rstrip("\\").encode()
    return body[:start] + kept + body[end:]
