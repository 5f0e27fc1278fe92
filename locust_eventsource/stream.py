"""EventStream: one event source (WHATWG HTML 9.2) as a state machine over transport and protocol."""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import gevent

from locust_eventsource.errors import Dropped, EventSourceError, Misuse, ProtocolError
from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.stream_exchange import Exchange
from locust_eventsource.stream_inbox import Inbox
from locust_eventsource.stream_types import Arrival, ConnectTiming, State, StateChange, StreamListener, StreamSettings
from locust_eventsource.transport.arrivals import hand_out
from locust_eventsource.transport.connection import Cut
from locust_eventsource.transport.reader import catch_up, new_counts
from locust_eventsource.transport.request import HttpRequest, describe
from locust_eventsource.transport.socket_facts import SocketFacts
from locust_eventsource.transport.stamps import Stamp
from locust_eventsource.transport.target import parse_target
from locust_eventsource.transport.tls import client_context

if TYPE_CHECKING:
    import requests
    from gevent._types import _TimerWatcher

__all__ = ["Arrival", "ConnectTiming", "EventStream", "State", "StateChange", "StreamListener", "StreamSettings"]

_logger = logging.getLogger(__name__)
_NO_CONTENT = 204


class EventStream:
    """One event source: connects, reads, reconnects, until it is closed, ended by 204, or fails.

    Which ends are followed by a new attempt (HTML 9.2.3, "reestablish the connection") and which are final ("fail the
    connection"):

    * the body's clean end, and every `NetworkError` (`DialError`, `ConnectionLost`, `IncompleteRead`,
      `IdleTimeout`), the first connect included, reestablish: state ``reconnecting``, then ``connecting``. The next
      attempt starts from the original URL with ``Last-Event-ID``;
    * an answer that is no event stream (`RefusedResponse`: another status, 5xx on a reconnect included, another type,
      a redirect that cannot be followed) fails: state ``failed``;
    * a malformed message and a passed limit (`BadFraming`, `BadContentCoding`, `LimitExceeded`) fail too, and so does a
      certificate that does not verify: the same server would send the same again, and the standard lets a client give
      up where trying is futile;
    * 204 ends for good: state ``closed``.

    A connection that brought an event is followed by the next after the reconnection time, as the standard says. One
    that ended without any counts as a failure for the delay, so that a server which names ``retry: 0`` and closes at
    once is not stormed; ``max_retries`` does not count it.

    ``state`` is the last one announced (``connecting`` before `start`). ``opened_ns`` is the stamp of the current
    connection's response head, 0 before the first. ``connections`` counts those that opened, ``counts`` what came over
    all of them. ``inbox_open``: events are kept for `wait`. ``replay_requested``: the current attempt sent
    ``Last-Event-ID``. ``error`` is why the stream failed.

    Belongs to the thread, and gevent loop, that starts it. ``request`` is a URL or a request of the ``requests``
    library (`transport.request.describe` says what of it is honoured). Raises `Misuse` for one that cannot be sent.
    """

    __slots__ = (
        "__weakref__",
        "_events_before",
        "_exchange",
        "_failures",
        "_fruitless",
        "_inbox",
        "_last_event_id",
        "_request",
        "_retry_ms",
        "_settings",
        "_started",
        "_timer",
        "connections",
        "counts",
        "error",
        "inbox_open",
        "listener",
        "name",
        "opened_ns",
        "replay_requested",
        "state",
        "url",
    )

    def __init__(
        self,
        request: requests.Request | requests.PreparedRequest | HttpRequest | str,
        *,
        listener: StreamListener | None = None,
        settings: StreamSettings | None = None,
        name: str = "",
    ) -> None:
        self._settings = settings or StreamSettings()
        self._request, described_id = describe(request)
        if parse_target(self._request.url).tls:
            client_context(self._settings.ca, self._settings.verify)
        self.url = self._request.url
        self.name = name or self.url
        self.listener = listener
        self.state: State = "connecting"
        self.error: EventSourceError | None = None
        self.opened_ns = self.connections = 0
        self.counts = new_counts()
        self.replay_requested = self.inbox_open = False
        self._last_event_id = self._settings.last_event_id or described_id
        self._retry_ms: int | None = None
        self._failures = self._fruitless = self._events_before = 0
        self._started = False
        self._exchange: Exchange | None = None
        self._timer: _TimerWatcher | None = None
        self._inbox = Inbox(self._settings.buffer_events)

    def __repr__(self) -> str:
        return f"<EventStream {self.name} {self.state}>"

    @property
    def last_event_id(self) -> str:
        """The last event ID string (HTML 9.2.6): what the next connection sends."""
        decoder = self._exchange.decoder if self._exchange is not None else None
        return self._last_event_id if decoder is None else decoder.last_event_id

    @property
    def bytes(self) -> int:
        """Bytes of HTTP, after TLS, that came over all connections."""
        return self.counts.bytes

    @property
    def events(self) -> int:
        """Events that came over all connections."""
        return self.counts.events

    @property
    def last_activity_ns(self) -> int:
        """The stamp of the last bytes; 0 before the first."""
        return self.counts.last_activity_ns

    def start(self) -> None:
        """Begin to connect and return at once. A stream starts once; raises `Misuse` after that."""
        if self._started or self._is_over():
            raise Misuse(f"{self!r} was started before: make a new EventStream")
        self._started = True
        self._attempt()

    def close(self) -> None:
        """Close for good. When this returns no socket is left; does nothing on a stream that is over."""
        catch_up()
        if self._is_over():
            return
        self._drop()
        self._change("closed")

    def drop(self, *, reset: bool = True) -> None:
        """Let the open connection go as a network would, by RST or else by FIN, and come back as after any loss.

        What has been read by now is handed out before; what is still on its way is lost, and the next
        ``Last-Event-ID`` asks for it. The state becomes ``reconnecting`` with the error `Dropped`, or ``closed``
        without reconnects. Does nothing unless it is open.
        """
        catch_up()
        if self.state == "open":
            self._fruitless = 0
            self._drop(reset=reset)
            self._reconnect(Dropped("the connection was let go on purpose"))

    def listen(self) -> None:
        """Keep events for `wait`, `wait_for` and iteration from now on; these call it themselves.

        Call it before the action whose event is waited for. At most ``buffer_events`` are kept: when a reader falls
        further behind, they are dropped and its next call raises `Misuse`.
        """
        self.inbox_open = True
        self._inbox.listen()

    def put(self, arrivals: list[Arrival]) -> None:
        """Keep ``arrivals``, which came on this stream, for who waits (called by the transport)."""
        self._inbox.put(arrivals)

    def socket_facts(self) -> SocketFacts | None:
        """What the kernel knows of the connection; None while there is none, or where the system does not tell."""
        return None if self._exchange is None else self._exchange.socket_facts()

    def wait(self, timeout: float | None = None) -> Arrival | None:
        """The next event, for the calling greenlet; None after ``timeout`` seconds, or when the stream has closed.

        Several readers of one stream share its events: each event goes to one of them. Raises the stream's error when
        it has failed.
        """
        self.listen()
        inbox = self._inbox
        inbox.wait_until(lambda: inbox.has_news() or self._is_over(), timeout)
        arrival = inbox.take()
        if arrival is None and self.error is not None:
            raise self.error
        return arrival

    def wait_for(self, condition: Callable[[Arrival], bool], timeout: float) -> Arrival:
        """The next event that fits ``condition``; the ones before it are skipped.

        Raises `TimeoutError` after ``timeout`` seconds, `EventSourceError` when the stream fails or closes meanwhile.
        """
        deadline = time.monotonic() + timeout
        skipped = 0
        while True:
            arrival = self.wait(max(deadline - time.monotonic(), 0.0))
            if arrival is None:
                break
            if condition(arrival):
                return arrival
            skipped += 1
        if self._is_over():
            raise EventSourceError(f"{self.name} closed before an event fitted ({skipped} others came)")
        raise TimeoutError(f"no event on {self.name} fitted within {timeout:g} s ({skipped} others came)")

    def wait_open(self, timeout: float) -> None:
        """Return once the stream is open.

        Raises `TimeoutError` after ``timeout`` seconds, `EventSourceError` when the stream fails or closes meanwhile.
        """
        if not self._inbox.wait_until(lambda: self.state == "open" or self._is_over(), timeout):
            raise TimeoutError(f"{self.name} did not open within {timeout:g} s (it is {self.state})")
        if self.error is not None:
            raise self.error
        if self.state == "closed":
            raise EventSourceError(f"{self.name} closed before it opened")

    def __iter__(self) -> Iterator[Arrival]:
        """Events until the stream closes. Raises the stream's error when it fails."""
        while (arrival := self.wait()) is not None:
            yield arrival

    def exchange_opened(self, status: int, timing: ConnectTiming, at_ns: int) -> None:
        """Take note of an open connection (`stream_exchange.ExchangeOwner`)."""
        self._failures = 0
        self.connections += 1
        self.opened_ns = at_ns
        self._change("open", at_ns=at_ns, status=status, timing=timing)

    def exchange_events(self, events: list[Event], stamp: Stamp, ends_read: bool) -> None:
        """Pass on the events of one read (`stream_exchange.ExchangeOwner`)."""
        at_ns, earliest_ns, source, read_ns, _ = stamp
        number = self.connections
        self.counts.events += len(events)
        arrivals = [Arrival(self, event, at_ns, earliest_ns, source, read_ns, False, number) for event in events]
        if ends_read:
            own_ns = at_ns if source == "kernel" else earliest_ns
            arrivals[-1] = Arrival(self, events[-1], at_ns, own_ns, source, read_ns, True, number)
        self.put(arrivals)
        if self.listener is not None:
            hand_out(self.listener, arrivals)

    def exchange_cut(self, decoder: EventStreamDecoder, *, chunked: bool) -> Cut:
        """Say how a reader may cut the body (`stream_exchange.ExchangeOwner`)."""
        limit = max(self._settings.max_line_bytes, self._settings.max_event_bytes)
        return Cut(self, decoder, self.connections, chunked, limit, decoder.small_block_bytes)

    def exchange_over(self, error: EventSourceError | None, status: int | None) -> None:
        """Decide what follows the end of a connection or attempt (`stream_exchange.ExchangeOwner`)."""
        if self.state != "open" and error is not None:
            self._failures += 1
        self._fruitless = self._fruitless + 1 if self._was_fruitless() else 0
        self._drop()
        if status == _NO_CONTENT and error is None:
            self._change("closed", status=status)
        elif error is not None and (_is_final(error) or not self._may_retry()):
            self.error = error
            self._change("failed", status=status, error=error)
        else:
            self._reconnect(error)

    def _was_fruitless(self) -> bool:
        """Nothing came of the attempt: it failed, or its connection ended at once without an event.

        A quiet stream that something on the way cuts every minute is not fruitless: it would miss events while it
        backs off.
        """
        if self.events != self._events_before:
            return False
        quick_ns = self._settings.policy.default_retry_ms * 1_000_000
        return self.state != "open" or time.time_ns() - self.opened_ns < quick_ns

    def _is_over(self) -> bool:
        return self.state in ("closed", "failed")

    def _may_retry(self) -> bool:
        limit = self._settings.max_retries
        return self._settings.reconnect and (limit is None or self._failures <= limit)

    def _attempt(self) -> None:
        self._timer = None
        self._events_before = self.events
        self.replay_requested = bool(self._last_event_id)
        self._change("connecting")
        if not self._is_over():
            self._exchange = Exchange(self, self._request, self._settings, self._last_event_id)

    def _reconnect(self, error: EventSourceError | None) -> None:
        if not self._settings.reconnect:
            self._change("closed")
            return
        delay_ms = self._settings.policy.delay_ms(self._fruitless, self._retry_ms, random.random)
        timer = self._timer = gevent.get_hub().loop.timer(delay_ms / 1000)
        timer.start(self._attempt, update=True)
        self._change("reconnecting", error=error, retry_ms=round(delay_ms))

    def _drop(self, *, reset: bool = False) -> None:
        exchange, self._exchange = self._exchange, None
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
        if exchange is None:
            return
        exchange.close(reset=reset)
        if exchange.decoder is not None:
            self._last_event_id = exchange.decoder.last_event_id
            if exchange.decoder.retry_ms is not None:
                self._retry_ms = exchange.decoder.retry_ms

    def _change(
        self,
        state: State,
        *,
        at_ns: int = 0,
        status: int | None = None,
        error: EventSourceError | None = None,
        retry_ms: int | None = None,
        timing: ConnectTiming | None = None,
    ) -> None:
        was_open, self.state = self.state == "open", state
        number = self.connections if was_open or state == "open" else self.connections + 1
        self._inbox.wake()
        if self.listener is not None:
            at_ns, heard_ns = at_ns or time.time_ns(), self.counts.last_activity_ns
            change = StateChange(state, at_ns, status, error, retry_ms, timing, number, heard_ns)
            try:
                self.listener.on_state(self, change)
            except Exception:
                _logger.exception("the listener of %s failed on state %s", self.name, state)


def _is_final(error: EventSourceError) -> bool:
    return isinstance(error, ProtocolError) or isinstance(error.__cause__, ssl.SSLCertVerificationError)
