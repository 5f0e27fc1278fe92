"""One event stream as it came over the wire, taken apart into chunks and blocks.

A block is what a blank line ends (WHATWG HTML 9.2.5): an event, a comment, or fields that dispatch nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from locust_eventsource.errors import EventSourceError
from locust_eventsource.protocol.http_response import ResponseHead, ResponseReader
from studio.verify.chunks import ChunkScanner
from studio.verify.wire import Read

_HEAD_END: Final = b"\r\n\r\n"
_BLANK_LINE: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LONGEST_BLANK_LINE: Final = 4
_DATA_FIELD: Final = re.compile(rb"(?:^|[\r\n])data(?=[:\r\n])")


class Moment(NamedTuple):
    """Between which moments a byte came."""

    empty_ns: int
    """As of ``Read``."""
    at_ns: int


class Block(NamedTuple):
    """One whole block."""

    offset: int
    """Of its first byte, counted from the first byte of the response."""
    end: int
    """Behind its last byte."""
    first: Moment
    """When its first byte came."""
    last: Moment
    """When its last byte came, with which it was whole."""
    stalled_ns: int
    """For how long at least nothing came while it was half written."""
    chunks: int
    """Over how many chunks it lies; 0 where the body is not chunked."""
    is_alone: bool
    """The chunks on which it lies hold nothing else."""
    data: bytes
    """The blank line included."""

    @property
    def is_event(self) -> bool:
        """It holds data, so it dispatches an event."""
        return _DATA_FIELD.search(self.data) is not None


class _Piece(NamedTuple):
    """Content that lies together on the wire: a chunk's data, or what one read gave of a body without chunks."""

    offset: int
    start: int
    """Where it begins in the content that is not cut into blocks yet; negative for one that has begun before."""
    length: int


class Dissector:
    """Takes the reads of one response apart as they come, and keeps no more than the block that is not whole yet.

    ``head`` is the answer's head once it is whole; ``chunked``, ``complete`` (the last chunk came) and ``malformed``
    (why it is no HTTP/1.1, empty if it is) describe the body. ``last_ns`` is when the last byte came.
    """

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.chunked = False
        self.malformed = ""
        self.last_ns = 0
        self._raw_head = b""
        self._head_reader = ResponseReader()
        self._scanner = ChunkScanner()
        self._offset = 0
        self._moments: list[tuple[int, Moment]] = []
        self._text = bytearray()
        self._pieces: list[_Piece] = []
        self._searched = 0
        self._stalled_ns = 0

    @property
    def complete(self) -> bool:
        """The last chunk came."""
        return self._scanner.complete

    @property
    def pending(self) -> bytes:
        """What came of a block that is not whole; for one whose chunk is not whole either, with its size line."""
        return bytes(self._text + (b"" if self.complete else self._scanner.held))

    @property
    def pending_offset(self) -> int:
        """Where it begins, counted from the first byte of the response."""
        return self._pieces[0].offset - self._pieces[0].start if self._text else self._scanner.offset

    def feed(self, read: Read) -> list[Block]:
        """The blocks that a read makes whole."""
        if self.pending:
            self._stalled_ns = max(self._stalled_ns, read.empty_ns - self.last_ns)
        self.last_ns = read.at_ns
        data = self._take_head(read) if self.head is None else read.data
        self._offset += len(read.data)
        self._moments.append((self._offset, Moment(read.empty_ns, read.at_ns)))
        if self.head is None or self.malformed:
            return []
        self._take_body(self._offset - len(data), data)
        blocks = self._cut()
        self._forget()
        return blocks

    def _take_head(self, read: Read) -> bytes:
        """What of a read belongs to the body already; interim answers (1xx) go before the head."""
        self._raw_head += read.data
        try:
            while self.head is None and (found := self._raw_head.find(_HEAD_END)) >= 0:
                end = found + len(_HEAD_END)
                self._head_reader.feed(self._raw_head[:end])
                self.head = self._head_reader.head
                self._raw_head = self._raw_head[end:]
        except EventSourceError as error:
            self.malformed = str(error)
        if self.head is None or self.malformed:
            return b""
        self.chunked = self.head.get("Transfer-Encoding") is not None
        self._scanner = ChunkScanner(self._offset + len(read.data) - len(self._raw_head))
        body, self._raw_head = self._raw_head, b""
        return body

    def _take_body(self, offset: int, data: bytes) -> None:
        if not self.chunked:
            self._add(offset, data)
            return
        for chunk in self._scanner.feed(data):
            self._add(chunk.data_offset, chunk.data)
        if self._scanner.malformed:
            self.malformed = f"there is no chunk at byte {self._scanner.offset}"

    def _add(self, offset: int, data: bytes) -> None:
        if data:
            self._pieces.append(_Piece(offset, len(self._text), len(data)))
            self._text += data

    def _cut(self) -> list[Block]:
        blocks: list[Block] = []
        start = 0
        while found := _BLANK_LINE.search(self._text, max(start, self._searched)):
            end = found.end()
            if self._text[start:end].strip():
                blocks.append(self._block(start, end))
            start = end
        self._searched = max(0, len(self._text) - start - _LONGEST_BLANK_LINE)
        del self._text[:start]
        self._pieces = [
            piece._replace(start=piece.start - start) for piece in self._pieces if piece.start + piece.length > start
        ]
        return blocks

    def _block(self, start: int, end: int) -> Block:
        touched = [piece for piece in self._pieces if piece.start < end and piece.start + piece.length > start]
        first, last = touched[0], touched[-1]
        offset = first.offset + start - first.start
        past = last.offset + end - last.start
        stalled_ns, self._stalled_ns = self._stalled_ns, 0
        return Block(
            offset=offset,
            end=past,
            first=self._moment(offset),
            last=self._moment(past - 1),
            stalled_ns=stalled_ns,
            chunks=len(touched) if self.chunked else 0,
            is_alone=first.start == start and last.start + last.length == end,
            data=bytes(self._text[start:end]),
        )

    def _moment(self, offset: int) -> Moment:
        return next(moment for end, moment in self._moments if offset < end)

    def _forget(self) -> None:
        """Drop the times of bytes that nobody can ask for any more."""
        first = self.pending_offset
        self._moments = [(end, moment) for end, moment in self._moments if end > first]
