"""One attempt of a stream: dial, follow redirects, read the head, decode the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import gevent

from locust_eventsource.errors import (
    BadContentCoding,
    EventSourceError,
    IncompleteRead,
    Misuse,
    NetworkError,
    ProtocolError,
    RefusedResponse,
)
from locust_eventsource.protocol.body_framing import BodyFraming, ChunkedBody, ChunkState, SizedBody
from locust_eventsource.protocol.content_coding import ContentDecoder, content_decoder
from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseHead, ResponseReader
from locust_eventsource.protocol.response_policy import End, Redirect, judge_response, redirected
from locust_eventsource.stream_types import ConnectTiming, StreamSettings
from locust_eventsource.transport.connection import Connection, Cut
from locust_eventsource.transport.counts import Counts
from locust_eventsource.transport.dial import Dial, Dialled
from locust_eventsource.transport.reader import open_connection
from locust_eventsource.transport.request import HttpRequest, wire_bytes
from locust_eventsource.transport.socket_facts import SocketFacts
from locust_eventsource.transport.stamps import Stamp
from locust_eventsource.transport.target import parse_target
from locust_eventsource.transport.tls import client_context

if TYPE_CHECKING:
    from gevent._types import _TimerWatcher

_SHOWN_BODY_BYTES = 200
_BODY_PATIENCE_S = 1.0
_BLANK_LINES = (b"\n\n", b"\n\r\n", b"\r\r", b"\n\r", b"\r\r\n")
_SPLIT_BLANK_LINES = (b"\n", b"\r\n", b"\r")


class ExchangeOwner(Protocol):
    """Who an exchange works for. All calls come from the gevent hub."""

    counts: Counts

    def exchange_opened(self, status: int, timing: ConnectTiming, at_ns: int) -> None:
        """The head says: an event stream."""

    def exchange_events(self, events: list[Event], stamp: Stamp, ends_read: bool) -> None:
        """One read completed ``events``; with ``ends_read`` it ended with the last one, whose own the stamp is then."""

    def exchange_cut(self, decoder: EventStreamDecoder, *, chunked: bool) -> Cut:
        """How a reader may cut the body of the connection that is open."""

    def exchange_over(self, error: EventSourceError | None, status: int | None) -> None:
        """Nothing more comes: a clean end without ``error``, an end for good with status 204."""


class Exchange:
    """One HTTP exchange, redirects included. `close` ends it at once; it then says nothing more."""

    __slots__ = (
        "_closed",
        "_connection",
        "_content",
        "_dial",
        "_hops",
        "_last_event_id",
        "_owner",
        "_past_hops",
        "_patience",
        "_reader",
        "_refused",
        "_request",
        "_sent_ns",
        "_settings",
        "_shown_body",
        "_started_ns",
        "decoder",
    )

    def __init__(
        self, owner: ExchangeOwner, request: HttpRequest, settings: StreamSettings, last_event_id: str
    ) -> None:
        self._owner = owner
        self._request = request
        self._settings = settings
        self._last_event_id = last_event_id
        self._closed = False
        self._dial: Dial | None = None
        self._connection: Connection | None = None
        self._content: ContentDecoder | None = None
        self._hops = 0
        self._past_hops = ConnectTiming(0, 0, 0, 0, 0, 0, "user", "")
        self._started_ns = self._sent_ns = 0
        self._refused: RefusedResponse | None = None
        self._patience: _TimerWatcher | None = None
        self._shown_body = b""
        self.decoder: EventStreamDecoder | None = None
        self._send()

    def close(self, *, reset: bool = False) -> None:
        """Drop everything at once: no socket is left when this returns. ``reset``: an open connection ends by RST."""
        self._closed = True
        dial, self._dial = self._dial, None
        connection, self._connection = self._connection, None
        patience, self._patience = self._patience, None
        if dial is not None:
            dial.cancel()
        if connection is not None:
            connection.close(reset=reset)
        if patience is not None:
            patience.stop()

    def _send(self) -> None:
        target = parse_target(self._request.url)
        self._reader = ResponseReader()
        self._dial = Dial(
            target,
            wire_bytes(self._request, target, self._last_event_id),
            context=client_context(self._settings.ca, self._settings.verify) if target.tls else None,
            timeout_s=self._settings.connect_timeout_s,
            done=self._dialled,
        )

    def _dialled(self, outcome: Dialled | NetworkError) -> None:
        self._dial = None
        if isinstance(outcome, NetworkError):
            self._over(outcome)
            return
        timing, past = outcome.timing, self._past_hops
        self._started_ns = self._started_ns or timing.started_ns
        self._sent_ns = timing.sent_ns
        self._past_hops = past._replace(
            dns_ns=past.dns_ns + timing.dns_ns,
            tcp_ns=past.tcp_ns + timing.tcp_ns,
            tls_ns=past.tls_ns + timing.tls_ns,
            own_ns=past.own_ns + timing.own_ns,
            address=timing.address,
        )
        self._connection = open_connection(
            outcome.socket,
            outcome.tls,
            self,
            idle_timeout_s=self._settings.idle_timeout_s,
            since_ns=timing.sent_ns,
        )

    def received(self, data: bytes, stamp: Stamp) -> None:
        """Take what the connection read (`transport.connection.Receiver`)."""
        self._owner.counts.bytes += len(data)
        self._take(data, stamp)

    def _take(self, data: bytes, stamp: Stamp) -> None:
        reader = self._reader
        self._owner.counts.last_activity_ns = stamp.at_ns
        fault: EventSourceError | None = None
        try:
            body = reader.feed(data)
        except ProtocolError as error:
            body, fault = reader.salvaged, error
        if self.decoder is None:
            self._before_open(body, stamp)
            if reader is not self._reader:
                return
        if self.decoder is not None and body and not self._closed:
            fault = self._decode(body, stamp if fault is None else stamp._replace(own=False)) or fault
        if fault is not None:
            self._over(fault)
        elif reader.complete:
            self._complete()

    def how_to_read(self) -> Cut | Literal["once", "always"]:
        """Leave the body to the reader as soon as it is plain (`transport.connection.Receiver`)."""
        decoder, framing = self.decoder, self._reader.framing
        if decoder is None or self._refused is not None:
            return "once"
        if self._content is not None or isinstance(framing, SizedBody):
            return "always"
        if not (self._reader.at_boundary and decoder.at_boundary):
            return "once"
        return self._owner.exchange_cut(decoder, chunked=isinstance(framing, ChunkedBody))

    def handed_over(
        self, block: bytes, state: tuple[ChunkState, int] | None, rest: bytes, fresh: int, stamp: Stamp
    ) -> None:
        """Go on where the reader has come to (`transport.connection.Receiver`)."""
        self._owner.counts.bytes += fresh
        framing = self._reader.framing
        if state is not None and isinstance(framing, ChunkedBody):
            framing.resume(*state)
        try:
            if self.decoder is not None and block:
                self.decoder.feed(block)
        except ProtocolError as error:
            self._over(error)
        if rest and not self._closed:
            self._take(rest, stamp)

    def failed(self, error: Exception) -> None:
        """A block was refused (`transport.connection.Receiver`)."""
        if not isinstance(error, ProtocolError):
            raise error
        self._over(error)

    def socket_facts(self) -> SocketFacts | None:
        """What the kernel knows of the connection; None while there is none."""
        return None if self._connection is None else self._connection.facts()

    def ended(self, clean: bool) -> None:
        """The peer closed (`transport.connection.Receiver`)."""
        try:
            self._reader.end()
            if not clean:
                raise IncompleteRead("the connection ended without TLS's closing alert")
        except IncompleteRead as error:
            self._over(error)
            return
        self._complete()

    def broke(self, error: NetworkError) -> None:
        """The connection broke (`transport.connection.Receiver`)."""
        self._over(error)

    def _before_open(self, body: bytes, stamp: Stamp) -> None:
        if self._refused is not None:
            self._show_body(body)
        elif self._reader.head is not None:
            try:
                self._obey(self._reader.head, stamp)
            except RefusedResponse as error:
                self._refuse(error, body)
            except ProtocolError as error:
                self._over(error)

    def _obey(self, head: ResponseHead, stamp: Stamp) -> None:
        verdict = judge_response(head)
        wait_ns = self._past_hops.wait_ns + stamp.at_ns - self._sent_ns
        if isinstance(verdict, Redirect):
            self._past_hops = self._past_hops._replace(wait_ns=wait_ns)
            self._follow(head.status, verdict.location)
        elif isinstance(verdict, End):
            self._over(None, head.status)
        else:
            self._open(head, self._past_hops._replace(wait_ns=wait_ns, source=stamp.source), stamp.at_ns)

    def _open(self, head: ResponseHead, timing: ConnectTiming, at_ns: int) -> None:
        coding = head.get("Content-Encoding")
        if coding is not None and coding.strip().lower() != "identity":
            self._content = content_decoder(coding)
        self.decoder = EventStreamDecoder(
            last_event_id=self._last_event_id,
            max_line_bytes=self._settings.max_line_bytes,
            max_event_bytes=self._settings.max_event_bytes,
        )
        self._owner.exchange_opened(head.status, timing._replace(total_ns=at_ns - self._started_ns), at_ns)

    def _follow(self, status: int, location: str) -> None:
        method, url, headers, body = self._request
        following = redirected(method, url, headers, body, status, location, hops=self._hops)
        self._hops += 1
        self._request = HttpRequest(following.method, following.url, following.headers, following.body or b"")
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        try:
            self._send()
        except Misuse as error:
            raise RefusedResponse(f"the redirect cannot be followed: {error}", status) from error

    def _decode(self, body: bytes, stamp: Stamp) -> EventSourceError | None:
        decoder = self.decoder
        if decoder is None:
            return None
        events: list[Event] = []
        fault: EventSourceError | None = None
        try:
            if self._content is None:
                events = decoder.feed(body)
            else:
                for piece in self._content.decode(body):
                    body = piece
                    events += decoder.feed(piece)
        except ProtocolError as error:
            events, fault = events + decoder.salvaged, error
        if events:
            ends = decoder.ended_with_event and (body.endswith(_BLANK_LINES) or body in _SPLIT_BLANK_LINES)
            self._owner.exchange_events(events, stamp, ends and stamp.own and _ends_with_content(self._reader.framing))
        return fault

    def _complete(self) -> None:
        if self._closed:
            return
        try:
            if self._content is not None:
                self._content.end()
        except BadContentCoding as error:
            # The connection was cut inside what was sent so far, which is no fault in it.
            self._over(IncompleteRead(str(error)))
            return
        if self.decoder is not None:
            self.decoder.end()
        self._over(None)

    def _refuse(self, error: RefusedResponse, body: bytes) -> None:
        self._refused = error
        self._patience = gevent.get_hub().loop.timer(_BODY_PATIENCE_S)
        self._patience.start(self._over, error)
        if self._reader.head is not None and self._reader.head.get("Content-Encoding"):
            self._over(error)
        self._show_body(body)

    def _show_body(self, body: bytes) -> None:
        self._shown_body += body[:_SHOWN_BODY_BYTES]
        if len(self._shown_body) >= _SHOWN_BODY_BYTES:
            self._over(None)

    def _over(self, error: EventSourceError | None, status: int | None = None) -> None:
        if self._closed:
            return
        self.close()
        if self._refused is not None:
            error = _with_body(self._refused, self._shown_body)
        if isinstance(error, RefusedResponse):
            status = error.status
        self._owner.exchange_over(_without_frames(error), status)


def _ends_with_content(framing: BodyFraming | None) -> bool:
    """Whether the last byte read was content, but for the line end that closes its chunk."""
    if isinstance(framing, ChunkedBody):
        return framing.at_boundary or framing.state in (ChunkState.AT_CR, ChunkState.AT_LF)
    return True


def _with_body(refused: RefusedResponse, body: bytes) -> RefusedResponse:
    text = " ".join(body[:_SHOWN_BODY_BYTES].decode("utf-8", "replace").split())
    return RefusedResponse(f"{refused}; the body begins: {text}", refused.status) if text else refused


def _without_frames(error: EventSourceError | None) -> EventSourceError | None:
    # An error that is kept must not keep alive, through its traceback, the stream that it is about.
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error
