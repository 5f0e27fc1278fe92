"""One HTTP/1.x answer taken off the wire: its head, and its body without the framing (RFC 9112).

httptools (llhttp) parses. It neither bounds the head nor knows that the connection has ended, and it would go on to a
next answer; those three are decided here.
"""

from __future__ import annotations

from typing import NamedTuple

import httptools

from locust_eventsource.errors import BadFraming, IncompleteRead, LimitExceeded, ProtocolError

DEFAULT_MAX_HEAD_BYTES = 65536
_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200


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


class _Collector:
    """What httptools reports of the message that it is parsing."""

    __slots__ = (
        "_max_head_bytes",
        "_trailer_bytes",
        "body",
        "complete",
        "fault",
        "head",
        "headers",
        "on_body",
        "parser",
        "reason",
    )

    def __init__(self, max_head_bytes: int) -> None:
        self._max_head_bytes = max_head_bytes
        self._trailer_bytes = 0
        self.body: list[bytes] = []
        self.on_body = self.body.append
        self.headers: list[tuple[str, str]] = []
        self.reason = b""
        self.head: ResponseHead | None = None
        self.complete: list[bytes] | None = None
        self.fault: ProtocolError | None = None
        self.parser = httptools.HttpResponseParser(self)
        # RFC 9112 section 7.1.1: a recipient accepts white space around a chunk's extensions.
        self.parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)

    def on_message_begin(self) -> None:
        self.headers = []
        self.reason = b""

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:
            self.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
        elif self.complete is None:
            self._count_trailer(len(name) + len(value))

    def _count_trailer(self, count: int) -> None:
        self._trailer_bytes += count
        if self._trailer_bytes > self._max_head_bytes:
            self.fault = LimitExceeded("the trailer section of the answer", "max_head_bytes", self._max_head_bytes)

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.head is not None or (status < _FIRST_FINAL_STATUS and status != _SWITCHING_PROTOCOLS):
            return
        version = self.parser.get_http_version()
        head = ResponseHead(version, status, self.reason.decode("latin-1"), tuple(self.headers))
        self.fault = _head_fault(head)
        if self.fault is None:
            self.head = head

    def on_message_complete(self) -> None:
        if self.head is not None and self.complete is None:
            self.complete = list(self.body)


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


class ResponseReader:
    """Reads one answer, fed in pieces cut anywhere. Interim (1xx) answers before it are passed over.

    ``head`` is None until the head is whole. ``complete`` turns true with the body's last byte; what comes after that
    belongs to no request and is dropped. ``salvaged`` holds, after :meth:`feed` has raised, the body bytes that came
    before the fault. ``max_head_bytes`` bounds all heads together, and the framing between two pieces of body: a chunk
    extension or the trailer section.
    """

    __slots__ = (
        "_collector",
        "_feed",
        "_head_bytes",
        "_max_head_bytes",
        "_silent_bytes",
        "complete",
        "head",
        "salvaged",
    )

    def __init__(self, *, max_head_bytes: int = DEFAULT_MAX_HEAD_BYTES) -> None:
        self._max_head_bytes = max_head_bytes
        self._head_bytes = 0
        self._silent_bytes = 0
        self._collector = _Collector(max_head_bytes)
        self._feed = self._collector.parser.feed_data
        self.head: ResponseHead | None = None
        self.complete = False
        self.salvaged = b""

    def feed(self, data: bytes) -> bytes:
        """The body bytes in ``data``, still content-coded.

        Raises :class:`BadFraming` and :class:`LimitExceeded`; the reader is then of no more use.
        """
        if self.head is None:
            data = self._feed_head(data)
        if self.complete or not data:
            return self._take_body()
        self._parse(data)
        if not self._collector.body:
            self._count_silence(len(data))
            return b""
        self._silent_bytes = 0
        return self._take_body()

    def end(self) -> None:
        """The peer closed the connection.

        Raises :class:`IncompleteRead` unless the body is complete, or is one that the close delimits (RFC 9112
        section 6.3).
        """
        if self.complete:
            return
        if self.head is None:
            where = "inside the answer's head" if self._head_bytes else "before an answer came"
            raise IncompleteRead(f"the connection ended {where}")
        if _transfer_codings(self.head):
            raise IncompleteRead("the connection ended inside the chunked body, before its last chunk")
        if self.head.get("Content-Length") is not None:
            raise IncompleteRead("the connection ended before Content-Length bytes of the body had come")
        self.complete = True

    def _feed_head(self, data: bytes) -> bytes:
        """Takes what the limit allows of ``data`` into the head; returns the rest once the head is whole."""
        part = data[: self._max_head_bytes - self._head_bytes]
        self._head_bytes += len(part)
        self._parse(part)
        if self.head is not None:
            return data[len(part) :]
        if self._head_bytes >= self._max_head_bytes:
            raise LimitExceeded("the head of the answer", "max_head_bytes", self._max_head_bytes)
        return b""

    def _parse(self, data: bytes) -> None:
        collector = self._collector
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if collector.fault is None and collector.complete is None:
                collector.fault = BadFraming(f"the answer is not valid HTTP/1.1: {error}")
        self.head = collector.head
        if collector.fault is not None:
            self.salvaged = self._take_body() if self.head else b""
            raise collector.fault
        if collector.complete is not None:
            self.complete = True
            collector.body[:] = collector.complete

    def _take_body(self) -> bytes:
        pieces = self._collector.body
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return body

    def _count_silence(self, count: int) -> None:
        self._silent_bytes += count
        if self._silent_bytes > self._max_head_bytes:
            what = "the framing between two pieces of the body (chunk extension or trailer section)"
            raise LimitExceeded(what, "max_head_bytes", self._max_head_bytes)
