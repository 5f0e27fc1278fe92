"""Where a body ends and what of its bytes is content (RFC 9112 sections 6.3 and 7.1), fed in pieces cut anywhere.

Each framing is a few words of state, so that an idle stream costs next to nothing, and the state of a chunked body is
open: another reader may take it up in the middle (:meth:`ChunkedBody.resume`).
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Protocol

from locust_eventsource.errors import BadFraming, IncompleteRead, LimitExceeded

_MAX_SIZE_BITS = 64
_KNOWN_LINE_BYTES = 16
_MAX_KNOWN_SIZES = 8192
_CR, _LF = b"\r\n"
_SHOWN_BYTES = 40

# Section 7.1.1: white space around extensions is for the recipient to accept, and the extensions are to be ignored,
# so nothing of them is judged but that they are text.
_size_line = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n").fullmatch
_begins_size = re.compile(rb"[0-9A-Fa-f]").match
# Section 5: a token, a colon without space before it, and text; the obsolete folding of lines is refused.
_field_line = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n").fullmatch


class BodyFraming(Protocol):
    """Takes the framing of one body off."""

    @property
    def complete(self) -> bool:
        """Whether the last byte of the body has come; what comes after it is dropped."""

    @property
    def at_boundary(self) -> bool:
        """Whether nothing of the framing is half read: the next byte begins a chunk, or is content."""

    @property
    def salvaged(self) -> bytes:
        """After :meth:`feed` has raised: the content that it had found before the fault."""

    def feed(self, data: bytes) -> bytes:
        """The content in ``data``. Raises :class:`BadFraming` and :class:`LimitExceeded`; it is then of no more use."""

    def end(self) -> None:
        """The peer closed the connection. Raises :class:`IncompleteRead` unless the body ends there."""


class UntilClose:
    """A body that the close of the connection delimits (section 6.3, case 8)."""

    __slots__ = ("complete",)

    at_boundary = True
    salvaged = b""

    def __init__(self) -> None:
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        """All of ``data``, until :meth:`end`."""
        return b"" if self.complete else data

    def end(self) -> None:
        """The close is the end of the body."""
        self.complete = True


class SizedBody:
    """A body of a length known beforehand: ``remaining`` bytes of Content-Length are still to come."""

    __slots__ = ("remaining",)

    at_boundary = True
    salvaged = b""

    def __init__(self, length: int) -> None:
        self.remaining = length

    @property
    def complete(self) -> bool:
        """Whether all bytes have come."""
        return not self.remaining

    def feed(self, data: bytes) -> bytes:
        """What of ``data`` belongs to the body."""
        data = data[: self.remaining]
        self.remaining -= len(data)
        return data

    def end(self) -> None:
        """Raises :class:`IncompleteRead` when bytes are missing."""
        if self.remaining:
            raise IncompleteRead("the connection ended before Content-Length bytes of the body had come")


class ChunkState(IntEnum):
    """What the next byte of a chunked body belongs to. The compiled poller counts the first four alike."""

    AT_SIZE = 0
    """A size line, whose beginning may be held."""
    IN_DATA = 1
    AT_CR = 2
    """The CR after a chunk's data."""
    AT_LF = 3
    """The LF after that CR."""
    IN_TRAILERS = 4
    DONE = 5


# Size lines without their end that were understood before: chunks are of a few sizes, again and again. Never a 0.
_known_sizes: dict[bytes, int] = {}

# Looked up once: a member of an enumeration costs two look-ups otherwise.
_AT_SIZE, _IN_DATA, _AT_CR, _AT_LF, _IN_TRAILERS, _DONE = ChunkState


class ChunkedBody:
    """The chunked transfer coding. Chunk extensions and trailers are checked for their form and dropped.

    ``state`` is where it stands. ``remaining`` counts the bytes that the chunk still has while ``IN_DATA``, and those
    that the trailer section may still have while ``IN_TRAILERS``. ``held`` is the beginning of a size or trailer line.
    ``max_framing_bytes`` bounds a size line with its extensions, and the trailer section; the error calls it
    ``max_head_bytes``, as :class:`~locust_eventsource.protocol.http_response.ResponseReader` does.
    """

    __slots__ = ("_max_framing_bytes", "held", "remaining", "salvaged", "state")

    def __init__(self, max_framing_bytes: int) -> None:
        self._max_framing_bytes = max_framing_bytes
        self.held = b""
        self.state = _AT_SIZE
        self.remaining = 0
        self.salvaged = b""

    @property
    def complete(self) -> bool:
        """Whether the blank line after the trailer section has come."""
        return self.state is _DONE

    @property
    def at_boundary(self) -> bool:
        """Whether the next byte is the first of a size line."""
        return self.state is _AT_SIZE and not self.held

    def resume(self, state: int, remaining: int, held: bytes = b"") -> None:
        """Go on from where another reader of the same body has come to.

        ``remaining`` counts as the attribute of that name; ``held`` is the beginning of a line (without LF) that was
        read and not yet understood.
        """
        self.state = ChunkState(state)
        self.remaining = remaining
        self.held = held

    def feed(self, data: bytes) -> bytes:
        """The content of the chunks in ``data``; see :class:`BodyFraming` for what it raises."""
        if self.state is not _AT_SIZE or self.held:
            return self._feed_from(data, 0, [])
        # The common case, one read that is one chunk.
        line, _, rest = data.partition(b"\r\n")
        size = _known_sizes.get(line)
        if size is not None and len(rest) == size + 2 and rest.endswith(b"\r\n"):
            return rest[:size]
        pieces: list[bytes] = []
        return self._feed_from(data, _take_whole_chunks(data, pieces), pieces)

    def end(self) -> None:
        """Raises :class:`IncompleteRead` unless the last chunk and the trailer section have come."""
        if self.state is not _DONE:
            raise IncompleteRead("the connection ended inside the chunked body, before its last chunk")

    def _feed_from(self, data: bytes, at: int, pieces: list[bytes]) -> bytes:
        """Takes ``data[at:]`` step by step; ``pieces`` came before it."""
        try:
            while at < len(data):
                at = self._take(data, at, pieces)
        except (BadFraming, LimitExceeded):
            self.salvaged = b"".join(pieces)
            raise
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Takes from ``data[at:]`` what one state allows; returns where the next one begins."""
        state = self.state
        if state is _IN_DATA:
            return self._take_data(data, at, pieces)
        if state is _DONE:
            return len(data)
        if state is _AT_SIZE or state is _IN_TRAILERS:
            return self._take_line(data, at)
        if data[at] != (_CR if state is _AT_CR else _LF):
            raise BadFraming(f"the chunked body has {data[at : at + 1]!r} where CR LF should be after chunk data")
        self.state = _AT_LF if state is _AT_CR else _AT_SIZE
        return at + 1

    def _take_data(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        piece = data[at : at + self.remaining]
        pieces.append(piece)
        self.remaining -= len(piece)
        if not self.remaining:
            self.state = _AT_CR
        return at + len(piece)

    def _take_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at) + 1 or len(data)
        if self.state is _IN_TRAILERS:
            self._count_trailer(end - at)
        line = self.held + data[at:end]
        self.held = b""
        if self.state is _AT_SIZE:
            self._check_size_line(line)
        if not line.endswith(b"\n"):
            self.held = line
        elif self.state is _AT_SIZE:
            self._begin_chunk(_size_of(line))
        elif line == b"\r\n":
            self.state = _DONE
        elif not _field_line(line):
            raise BadFraming(f"the trailer line {_shown(line)} is malformed")
        return end

    def _begin_chunk(self, size: int) -> None:
        self.state = _IN_DATA if size else _IN_TRAILERS
        self.remaining = size or self._max_framing_bytes

    def _check_size_line(self, line: bytes) -> None:
        """Judges what can be judged of a line that may still go on."""
        if not _begins_size(line):
            raise _bad_size(line)
        if len(line) > self._max_framing_bytes:
            what = "a chunk's size line (with its chunk extensions)"
            raise LimitExceeded(what, "max_head_bytes", self._max_framing_bytes)

    def _count_trailer(self, count: int) -> None:
        self.remaining -= count
        if self.remaining < 0:
            raise LimitExceeded("the trailer section of the answer", "max_head_bytes", self._max_framing_bytes)


def _take_whole_chunks(data: bytes, pieces: list[bytes]) -> int:
    """Takes the chunks of known sizes that ``data`` begins with, as long as they are whole; returns where they end."""
    at, length = 0, len(data)
    while (line_end := data.find(b"\r\n", at)) > 0:
        size = _known_sizes.get(data[at:line_end])
        if size is None:
            break
        start = line_end + 2
        end = start + size
        if end + 2 > length or data[end] != _CR or data[end + 1] != _LF:
            break
        pieces.append(data[start:end])
        at = end + 2
    return at


def _size_of(line: bytes) -> int:
    match = _size_line(line)
    if match is None:
        raise _bad_size(line)
    size = int(match[1], 16)
    if size.bit_length() > _MAX_SIZE_BITS:
        raise BadFraming(f"the chunk size {_shown(line)} is an overflow: more than {_MAX_SIZE_BITS} bits")
    if size and len(line) <= _KNOWN_LINE_BYTES and len(_known_sizes) < _MAX_KNOWN_SIZES:
        _known_sizes[line[:-2]] = size
    return size


def _bad_size(line: bytes) -> BadFraming:
    return BadFraming(f"the line {_shown(line)} should hold a chunk size and does not")


def _shown(line: bytes) -> str:
    return repr(line if len(line) <= _SHOWN_BYTES else line[:_SHOWN_BYTES] + b"...")
