"""The lines of one block to the event they make.

A plain block - ``data``, ``event`` and ``id`` lines of well-formed UTF-8 without NUL in an id - is parsed here: with
bytes that are new in each event, sseclient-py would take ten times as long. It parses all others, as far as it agrees
with WHATWG HTML 9.2.6, and is what the tests hold the parser of plain blocks against. What it does otherwise is decided
here:

* an id with NUL is ignored, ``retry`` counts only when it is ASCII digits, and takes effect at its own line;
* a block with an id and no data sets the last event ID string although nothing is dispatched;
* ill-formed UTF-8 becomes U+FFFD (sseclient-py raises ``UnicodeDecodeError``);
* comments are counted, unknown fields dropped;
* data lines reach it in groups, because its cost grows with the square of the lines in a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

import sseclient

from locust_eventsource.errors import LimitExceeded
from locust_eventsource.protocol.event import Event

_LINES_A_GROUP = 64
_MAX_IDLE_BLOCK_BYTES = 65536
_new = tuple.__new__
_MAX_RETRY_DIGITS = 15
MAX_RETRY_MS = 10**_MAX_RETRY_DIGITS
"""What a larger ``retry`` counts as: 31,000 years. Python refuses to convert more than 4,300 digits."""

MAX_CACHED_BLOCK_BYTES = 4096
"""Blocks up to this size are decoded once and then looked up: a broadcast gives the same bytes to every stream."""


class Block(NamedTuple):
    """What the lines between two blank lines amount to.

    ``event`` is None when the block has no data. ``event_id`` is None when the block names no id, and then the event
    carries an empty one, for the stream to fill in. ``retry_ms`` is the last valid ``retry``, or None.
    """

    event: Event | None
    event_id: str | None
    retry_ms: int | None
    comments: int


def _new_block(type: str, data: str, event_id: str | None) -> Block:
    # The classes' own constructors take as long again as the parsing of a line.
    event = _new(Event, (type or "message", data, event_id or ""))
    return _new(Block, (event, event_id, None, 0))


class _ParsedFields(Protocol):
    """The part of ``sseclient.Event`` that is used."""

    id: str | None
    event: str
    data: str


class _FieldParser:
    """One sseclient-py client that is fed block after block: half the cost of a client for each block."""

    def __init__(self) -> None:
        self._block = b""
        self._events: Iterator[_ParsedFields] = sseclient.SSEClient(self._blocks()).events()

    def _blocks(self) -> Iterator[bytes]:
        while True:
            yield self._block

    def parse(self, block: bytes) -> _ParsedFields:
        """The fields of ``block``: well-formed UTF-8, at least one data field, one blank line and that at its end."""
        self._block = block
        return next(self._events)


_idle_parsers: list[_FieldParser] = []


def _parse_fields(block: bytes) -> _ParsedFields:
    # A generator must not be entered twice, and pop and append are atomic, so any thread or greenlet may call this.
    try:
        parser = _idle_parsers.pop()
    except IndexError:
        parser = _FieldParser()
    fields = parser.parse(block)
    # The client holds on to its last block.
    if len(block) <= _MAX_IDLE_BLOCK_BYTES:
        _idle_parsers.append(parser)
    return fields


def _parse_lines(lines: list[bytes]) -> _ParsedFields:
    block = b"\n".join(lines) + b"\n\n"
    if not block.isascii():
        block = block.decode("utf-8", "replace").encode()
    return _parse_fields(block)


def _retry_ms(line: bytes) -> int | None:
    digits = line.partition(b":")[2].removeprefix(b" ")
    if not digits.isdigit():
        return None
    significant = digits.lstrip(b"0")
    return MAX_RETRY_MS if len(significant) > _MAX_RETRY_DIGITS else int(significant or b"0")


class BlockBuilder:
    """Collects the lines of one block until the blank line that ends it.

    Holds the data lines, the last ``event`` and the last ``id`` line; nothing of comments or unknown fields, so that a
    stream of keep-alives without a blank line stays within any limit.
    """

    __slots__ = ("_data", "_id", "_max_event_bytes", "_size", "_texts", "_type", "comments", "retry_ms")

    def __init__(self, max_event_bytes: int) -> None:
        self._max_event_bytes = max_event_bytes
        self._data: list[bytes] = []
        self._texts: list[str] = []
        self._type: bytes | None = None
        self._id: bytes | None = None
        self._size = 0
        self.comments = 0
        self.retry_ms: int | None = None

    def add(self, line: bytes) -> None:
        """Takes one line that is not blank. Raises :class:`LimitExceeded` when the data lines are too large."""
        name = line.partition(b":")[0]
        if name == b"data":
            self._add_data(line)
        elif name == b"event":
            self._type = line
        elif name == b"id":
            if b"\0" not in line:
                self._id = line
        elif not name:
            self.comments += 1
        elif name == b"retry" and (retry_ms := _retry_ms(line)) is not None:
            self.retry_ms = retry_ms

    def _add_data(self, line: bytes) -> None:
        self._size += len(line) + 1
        if self._size > self._max_event_bytes:
            raise LimitExceeded("an event of the event stream", "max_event_bytes", self._max_event_bytes)
        self._data.append(line)
        if len(self._data) == _LINES_A_GROUP:
            self._texts.append(_parse_lines(self._data).data)
            self._data = []

    def finish(self) -> Block:
        """The block, at its blank line."""
        dispatches = bool(self._size)
        lines = [line for line in (self._id, self._type) if line is not None]
        if not dispatches and self._id is None:
            return Block(None, None, self.retry_ms, self.comments)
        parsed = _parse_lines(lines + (self._data or [b"data"]))
        event_id: str | None = parsed.id
        event = Event(parsed.event, self._joined(parsed.data), event_id or "") if dispatches else None
        return Block(event, event_id, self.retry_ms, self.comments)

    def _joined(self, last: str) -> str:
        if not self._texts:
            return last
        return "\n".join([*self._texts, last] if self._data else self._texts)


def _parse_plain(block: bytes) -> Block | None:
    """The block of ``data``, ``event`` and ``id`` lines that surely dispatches; None when it may be anything else."""
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return None
    type = ""
    data = event_id = None
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        if name == "data":
            value = value.removeprefix(" ")
            data = value if data is None else f"{data}\n{value}"
        elif name == "event":
            type = value.removeprefix(" ")
        elif name == "id" and "\0" not in value:
            event_id = value.removeprefix(" ")
        else:
            return None
    return None if data is None else _new_block(type, data, event_id)


@lru_cache(maxsize=1)
def decode_large_block(block: bytes) -> Block | None:
    """As `decode_small_block` for a block of any size, or None when it is not plain; one is remembered.

    A broadcast brings it on one stream after the other, and every copy of a large one is dear.
    """
    return _parse_plain(block)


@lru_cache(maxsize=512)
def decode_small_block(block: bytes) -> Block:
    """The block of the LF-ended lines in ``block``, of at most ``MAX_CACHED_BLOCK_BYTES``; blank only at its edges."""
    plain = _parse_plain(block)
    if plain is not None:
        return plain
    builder = BlockBuilder(MAX_CACHED_BLOCK_BYTES + 1)
    for line in block.split(b"\n"):
        if line:
            builder.add(line)
    return builder.finish()
