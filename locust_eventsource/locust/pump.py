"""From readiness callbacks to event hooks: what happens in the hub is queued, and a greenlet fires the hooks.

A listener in the hub could not block, and a slow one would delay every stream. The queue keeps the order of things
on each stream, and batches grow by themselves when there is much to do.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event as Signal
from gevent.lock import RLock

from locust_eventsource.errors import Dropped, EventSourceError
from locust_eventsource.locust.event_hooks import events

if TYPE_CHECKING:
    from locust.env import Environment

    from locust_eventsource.stream import Arrival, EventStream, State, StateChange

BATCH_S = 0.01
"""How long arrivals gather before the hooks fire."""

_NAP_EVERY = 2_000
"""Arrivals after which the greenlet lets others run."""


@dataclass(slots=True)
class _Track:
    """What has been told of one stream."""

    state: State | None = None
    open: bool = False
    lost_ns: int = 0
    dialled_ns: int = 0
    greeted: bool = False


class Pump:
    """Listener of all streams of one environment; fires the hooks and Locust's ``request`` event."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.requests = environment.events.request
        """The event that tells Locust of connections; another hook may stand before it."""
        self.states: Counter[State] = Counter()
        """How many streams are in each state; those that are over count no more."""
        self._queue: list[list[Arrival] | tuple[EventStream, StateChange]] = []
        self._tracks: dict[EventStream, _Track] = {}
        self._wake = Signal()
        self._lock = RLock()
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def on_state(self, stream: EventStream, change: StateChange) -> None:
        """Queue a change of state (called in the hub)."""
        self._queue.append((stream, change))
        self._wake.set()

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Queue the events of one read (called in the hub)."""
        self._queue.append(arrivals)
        self._wake.set()

    def start(self) -> None:
        """Start firing; later calls do nothing."""
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = gevent.spawn(self._run)

    def flush(self) -> None:
        """Fire the hooks for all that is queued."""
        with self._lock:
            while self._queue:
                queue, self._queue = self._queue, []
                self._fire_all(queue)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            gevent.sleep(BATCH_S)
            self._wake.clear()
            self.flush()

    def _fire_all(self, queue: list[list[Arrival] | tuple[EventStream, StateChange]]) -> None:
        batch: list[Arrival] = []
        for item in queue:
            if isinstance(item, list):
                batch += item
                if len(batch) >= _NAP_EVERY:
                    self._deliver(batch)
                    batch = []
                    gevent.sleep(0)
            else:
                self._deliver(batch)
                batch = []
                self._change(*item)
        self._deliver(batch)

    def _deliver(self, batch: list[Arrival]) -> None:
        if not batch:
            return
        for arrival in batch:
            track = self._tracks.get(arrival.stream)
            if track is not None and not track.greeted:
                track.greeted = True
                self._fire_first(arrival, track)
        events.deliveries.fire(environment=self._environment, arrivals=batch)

    def _fire_first(self, arrival: Arrival, track: _Track) -> None:
        events.first_event.fire(
            environment=self._environment,
            stream=arrival.stream,
            arrival=arrival,
            since_dial_ns=arrival.received_ns - track.dialled_ns,
        )

    def _change(self, stream: EventStream, change: StateChange) -> None:
        track = self._tracks.setdefault(stream, _Track())
        self._count_state(track, change.state)
        if change.state == "open":
            self._opened(stream, change, track)
        elif change.state == "reconnecting":
            self._broken(stream, change, track, final=False)
        elif change.state in ("closed", "failed"):
            self._broken(stream, change, track, final=True)
            del self._tracks[stream]

    def _count_state(self, track: _Track, state: State) -> None:
        if track.state is not None:
            self.states[track.state] -= 1
        track.state = state
        if state not in ("closed", "failed"):
            self.states[state] += 1

    def _opened(self, stream: EventStream, change: StateChange, track: _Track) -> None:
        timing = change.timing
        assert timing is not None, "an open stream has been timed"
        track.open = True
        if not track.greeted and not track.dialled_ns:
            track.dialled_ns = change.at_ns - timing.total_ns
        self._request(stream, timing.total_ns / 1e6, None)
        events.connect.fire(environment=self._environment, stream=stream, timing=timing, at_ns=change.at_ns)
        if track.lost_ns:
            gap_ns = change.at_ns - track.lost_ns
            track.lost_ns = 0
            events.reconnect.fire(environment=self._environment, stream=stream, at_ns=change.at_ns, gap_ns=gap_ns)

    def _broken(self, stream: EventStream, change: StateChange, track: _Track, *, final: bool) -> None:
        was_open, track.open = track.open, False
        deliberate = isinstance(change.error, Dropped) or (change.state == "closed" and change.error is None)
        if was_open:
            track.lost_ns = change.at_ns
            events.disconnect.fire(
                environment=self._environment,
                stream=stream,
                at_ns=change.at_ns,
                heard_ns=change.heard_ns,
                error=change.error,
                deliberate=deliberate,
            )
        if change.error is not None and (final or not was_open):
            if not was_open:
                self._request(stream, None, change.error)
            events.failure.fire(
                environment=self._environment, stream=stream, error=change.error, at_ns=change.at_ns, final=final
            )

    def _request(self, stream: EventStream, milliseconds: float | None, error: EventSourceError | None) -> None:
        """Locust's own event: once per connection, so that its requests per second stay true."""
        self.requests.fire(
            request_type="SSE",
            name=stream.name,
            response_time=milliseconds,
            response_length=0,
            exception=error,
            context={},
            start_time=time.time() - (milliseconds or 0) / 1e3,
            url=stream.url,
        )


_pumps: WeakKeyDictionary[Environment, Pump] = WeakKeyDictionary()


def pump_of(environment: Environment) -> Pump:
    """The environment's pump, started."""
    pump = _pumps.get(environment)
    if pump is None:
        pump = _pumps[environment] = Pump(environment)
        # Users have closed their streams by then, and the process may end at once.
        environment.events.test_stop.add_listener(lambda **_kwargs: pump.flush())
    pump.start()
    return pump
