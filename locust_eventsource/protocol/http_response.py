"""One HTTP/1.x answer taken off the wire: its head, and its body without the framing (RFC 9112).

httptools (llhttp) parses the head. It does not bound it, and it would go on to a next answer; those two are decided
here. The body's framing is :mod:`locust_eventsource.protocol.body_framing`'s, so that the parser with its 2 KB is
dropped with the head.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import httptools

from locust_eventsource.errors import BadFraming, IncompleteRead, LimitExceeded
from locust_eventsource.protocol.body_framing import BodyFraming, ChunkedBody, SizedBody, UntilClose

DEFAULT_MAX_HEAD_BYTES = 65536
_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200
_WITHOUT_BODY = frozenset({204, 304})
_BLANK_LINE = b"\r\n\r\n"
_SHARED_FIELD_BYTES = 256


class ResponseHead(NamedTuple):
    """Status line and header fields of the final answer. ``version`` is ``1.0`` or ``1.1``; text is latin-1."""

    version: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Every value of the field ``name`` (any case), in order."""
        wanted = name.lower()
        return [value for field, value in self.headers if field.lower() == wanted]

    def get(self, name: str) -> str | None:
        """The field's value, several joined with a comma (RFC 9110 section 5.3), or None."""
        values = self.values(name)
        return ", ".join(values) if values else None


class _HeadParser:
    """Reads heads until that of the final answer; interim (1xx) ones are passed over."""

    __slots__ = ("_fault", "_fields", "_max_bytes", "_parser", "_reason", "_size", "_tail", "head")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._fields: list[tuple[str, str]] = []
        self._reason = b""
        self._fault: BadFraming | None = None
        self._tail = b""
        self._parser = httptools.HttpResponseParser(self)
        self.head: ResponseHead | None = None
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """Takes heads from ``data``; returns the rest once ``head`` is whole.

        Raises :class:`BadFraming` and :class:`LimitExceeded`.
        """
        at = len(self._tail)
        data = self._tail + data
        while self.head is None and at < len(data):
            # The parser must not see a byte of the body. It ends a head at a blank line only, all ends being CR LF.
            blank = data.find(_BLANK_LINE, max(at - len(_BLANK_LINE) + 1, 0))
            end = len(data) if blank < 0 else blank + len(_BLANK_LINE)
            end = min(end, at + self._max_bytes - self._size)
            self._parse(data[at:end])
            self._size += end - at
            at = end
            if self.head is None and self._size >= self._max_bytes:
                raise LimitExceeded("the head of the answer", "max_head_bytes", self._max_bytes)
        if self.head is not None:
            # The two refer to each other: without this, both would wait for the garbage collector.
            del self._parser
        self._tail = data[max(at - len(_BLANK_LINE) + 1, 0) : at]
        return data[at:]

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise self._fault or BadFraming(f"the answer is not valid HTTP/1.1: {error}") from error
        if self._fault is not None:
            raise self._fault

    def on_message_begin(self) -> None:
        self._fields = []
        self._reason = b""

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        small = len(name) + len(value) <= _SHARED_FIELD_BYTES
        self._fields.append(_shared_field(name, value) if small else _field(name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS and status != _SWITCHING_PROTOCOLS:
            return
        version = self._parser.get_http_version()
        head = ResponseHead(version, status, self._reason.decode("latin-1"), tuple(self._fields))
        self._fault = _head_fault(head)
        if self._fault is None:
            self.head = head


def _field(name: bytes, value: bytes) -> tuple[str, str]:
    return name.decode("latin-1"), value.strip(b" \t").decode("latin-1")


# Ten thousand streams of one server have nearly all fields in common.
_shared_field = lru_cache(maxsize=512)(_field)


def _transfer_codings(head: ResponseHead) -> list[str]:
    return [coding.strip().lower() for coding in (head.get("Transfer-Encoding") or "").split(",") if coding.strip()]


def _head_fault(head: ResponseHead) -> BadFraming | None:
    if head.version not in ("1.0", "1.1"):
        return BadFraming(f"the answer is HTTP/{head.version}; only HTTP/1.0 and HTTP/1.1 are understood")
    if head.status == _SWITCHING_PROTOCOLS:
        return BadFraming("the server switched protocols (101) although no upgrade was asked for")
    if _transfer_codings(head) not in ([], ["chunked"]):
        return BadFraming(f"Transfer-Encoding {head.get('Transfer-Encoding')!r} is not understood; only chunked is")
    return None


def _framing(head: ResponseHead, max_head_bytes: int) -> BodyFraming:
    """How the body ends (RFC 9112 section 6.3); the parser has refused what contradicts itself."""
    if head.status in _WITHOUT_BODY:
        return SizedBody(0)
    if _transfer_codings(head):
        return ChunkedBody(max_head_bytes)
    length = head.get("Content-Length")
    # Python refuses to convert more than 4,300 digits, leading zeros included.
    return UntilClose() if length is None else SizedBody(int(length.lstrip("0") or "0"))


class ResponseReader:
    """Reads one answer, fed in pieces cut anywhere. Interim (1xx) answers before it are passed over.

    ``head`` is None until the head is whole, and so is ``framing``, which takes the body's framing off. ``complete``
    turns true with the body's last byte; what comes after that belongs to no request and is dropped. ``salvaged``
    holds, after :meth:`feed` has raised, the body bytes that came before the fault. ``max_head_bytes`` bounds all heads
    together, and in the body a chunk's size line with its extensions, and the trailer section.
    """

    __slots__ = ("_max_head_bytes", "_parser", "framing", "head")

    def __init__(self, *, max_head_bytes: int = DEFAULT_MAX_HEAD_BYTES) -> None:
        self._max_head_bytes = max_head_bytes
        self._parser: _HeadParser | None = None
        self.head: ResponseHead | None = None
        self.framing: BodyFraming | None = None

    @property
    def complete(self) -> bool:
        """Whether the last byte of the answer has come."""
        return self.framing is not None and self.framing.complete

    @property
    def at_boundary(self) -> bool:
        """Whether the head is whole and nothing of the body's framing half read, so that another may read on."""
        return self.framing is not None and self.framing.at_boundary

    @property
    def salvaged(self) -> bytes:
        """The content before the fault that :meth:`feed` has raised."""
        return b"" if self.framing is None else self.framing.salvaged

    def feed(self, data: bytes) -> bytes:
        """The body bytes in ``data``, still content-coded.

        Raises :class:`BadFraming` and :class:`LimitExceeded`; the reader is then of no more use.
        """
        if self.framing is not None:
            return self.framing.feed(data)
        data = self._feed_head(data)
        return data if self.framing is None else self.framing.feed(data)

    def end(self) -> None:
        """The peer closed the connection.

        Raises :class:`IncompleteRead` unless the body is complete, or is one that the close delimits (RFC 9112
        section 6.3).
        """
        if self.framing is not None:
            self.framing.end()
            return
        where = "before an answer came" if self._parser is None else "inside the answer's head"
        raise IncompleteRead(f"the connection ended {where}")

    def _feed_head(self, data: bytes) -> bytes:
        if not data:
            return b""
        parser = self._parser = self._parser or _HeadParser(self._max_head_bytes)
        data = parser.feed(data)
        if parser.head is not None:
            self.head, self._parser = parser.head, None
            self.framing = _framing(parser.head, self._max_head_bytes)
        return data
