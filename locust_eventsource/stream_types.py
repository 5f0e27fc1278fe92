"""What a stream is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from locust_eventsource.errors import EventSourceError, Misuse
from locust_eventsource.protocol.event_stream import DEFAULT_MAX_EVENT_BYTES, DEFAULT_MAX_LINE_BYTES
from locust_eventsource.protocol.reconnect import ReconnectPolicy
from locust_eventsource.transport.arrivals import Arrival
from locust_eventsource.transport.socket_facts import SocketFacts
from locust_eventsource.transport.stamps import StampSource

if TYPE_CHECKING:
    from locust_eventsource.stream import EventStream

__all__ = ["Arrival", "ConnectTiming", "SocketFacts", "State", "StateChange", "StreamListener", "StreamSettings"]

State = Literal["connecting", "open", "reconnecting", "closed", "failed"]


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How a stream behaves.

    ``reconnect``: come back after the end or a network error, as HTML 9.2.3 says. ``max_retries``: how many attempts
    may fail one after another before the stream fails, beyond the first; the first connect counts too; None is no
    limit. ``policy``: how long to wait before each, where a connection without an event counts as a failure.
    ``idle_timeout_s``: silence (in the body or before the head) that counts as a dead connection; keep it above the
    server's keep-alive interval. ``connect_timeout_s``: DNS, TCP, TLS and sending the request together. ``ca``: a PEM
    file or directory of authorities instead of the system's; ``verify=False`` checks neither certificate nor name.
    ``last_event_id``: sent with the first connection. ``buffer_events``: how many events may wait for a reader
    (`EventStream.wait` and iteration).
    """

    reconnect: bool = True
    max_retries: int | None = None
    policy: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES
    max_line_bytes: int = DEFAULT_MAX_LINE_BYTES
    idle_timeout_s: float = 45.0
    connect_timeout_s: float = 10.0
    ca: str | None = None
    verify: bool = True
    last_event_id: str = ""
    buffer_events: int = 10_000

    def __post_init__(self) -> None:
        for name in ("max_event_bytes", "max_line_bytes", "idle_timeout_s", "connect_timeout_s", "buffer_events"):
            if getattr(self, name) <= 0:
                raise Misuse(f"{name} must be more than 0, not {getattr(self, name)}")
        if self.max_retries is not None and self.max_retries < 0:
            raise Misuse(f"max_retries must be 0 or more, or None for no limit, not {self.max_retries}")
        if any(character in self.last_event_id for character in "\0\r\n"):
            raise Misuse("last_event_id cannot hold NUL, CR or LF (HTML 9.2.6 never sets such an id)")


class ConnectTiming(NamedTuple):
    """How one connection came about, in ns. Redirects followed on the way are included.

    ``total_ns`` runs from before the TCP connect (after DNS) to the arrival of the response head, so it is
    ``tcp_ns + tls_ns + wait_ns`` where nothing was redirected. ``wait_ns`` runs from before the request is sent to the
    head. ``own_ns`` is how much of ``total_ns`` the tester itself may have caused, by noticing late that it could go
    on: the service took between ``total_ns - own_ns`` and ``total_ns``. ``source`` says who stamped the head;
    ``address`` is the peer that answered.
    """

    dns_ns: int
    tcp_ns: int
    tls_ns: int
    wait_ns: int
    total_ns: int
    own_ns: int
    source: StampSource
    address: str


class StateChange(NamedTuple):
    """A stream went into ``state`` at ``at_ns`` (``CLOCK_REALTIME``; for ``open`` the stamp of the response head).

    ``heard_ns`` is the stamp of the last bytes that had come by then, 0 where none had: an end that is noticed at
    ``at_ns`` came after it.

    ``status`` is the HTTP status that caused it, if one did. ``error`` says why a stream reconnects or failed; None
    for a clean end. ``retry_ms`` is the wait before the next attempt (``reconnecting`` only), ``timing`` how the
    connection came about (``open`` only). ``connection`` is the connection concerned, numbered from 1; while none is
    open, the one being tried.
    """

    state: State
    at_ns: int
    status: int | None
    error: EventSourceError | None
    retry_ms: int | None
    timing: ConnectTiming | None
    connection: int
    heard_ns: int = 0


class StreamListener(Protocol):
    """Hears of a stream. Mostly called in the gevent hub: must not block, and should be quick."""

    def on_state(self, stream: EventStream, change: StateChange) -> None:
        """The stream changed its state."""

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Events of any streams that have this listener, at least one, in the order of reading."""
