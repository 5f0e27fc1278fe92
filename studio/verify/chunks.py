"""The chunked transfer coding (RFC 9112, 7.1) with the place of each chunk in the bytes of the response.

`locust_eventsource.protocol.body_framing` takes the framing off as fast as it can; this keeps it, as evidence.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")
_LINE_END: Final = b"\r\n"


class Chunk(NamedTuple):
    """One whole chunk; offsets count from the first byte that the scanner was told of."""

    offset: int
    """Where its size line begins."""
    data_offset: int
    """Where its data begins."""
    data: bytes

    @property
    def end(self) -> int:
        """Where the next chunk begins."""
        return self.data_offset + len(self.data) + len(_LINE_END)


class ChunkScanner:
    """Finds the chunks of a body that is fed in pieces cut anywhere.

    ``offset`` is where the next chunk begins, ``held`` what came of it so far. ``complete``: the last chunk came.
    ``malformed``: there is no chunk at ``offset``; nothing is found from then on.
    """

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.held = bytearray()
        self.complete = False
        self.malformed = False

    def feed(self, data: bytes) -> list[Chunk]:
        """The chunks that ``data`` completes; the last one, which holds nothing, is not among them."""
        self.held += data
        chunks: list[Chunk] = []
        while (chunk := self._next()) is not None:
            chunks.append(chunk)
            del self.held[: chunk.end - chunk.offset]
            self.offset = chunk.end
        return chunks

    def _next(self) -> Chunk | None:
        line = _SIZE.match(self.held)
        if line is None:
            self.malformed = _LINE_END in self.held
            return None
        start, size = line.end(), int(line[1], 16)
        if size == 0:
            self.complete = _LINE_END * 2 in self.held
            return None
        end = start + size
        if len(self.held) < end + len(_LINE_END):
            return None
        if self.held[end : end + len(_LINE_END)] != _LINE_END:
            self.malformed = True
            return None
        return Chunk(self.offset, self.offset + start, bytes(self.held[start:end]))
