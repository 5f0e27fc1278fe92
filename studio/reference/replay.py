"""What a reader that comes back gets: the events after its Last-Event-ID, or why it gets none."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterator

from studio.contract import EventType
from studio.reference import switches as fault
from studio.reference.clock import ServiceClock
from studio.reference.faults import Faults
from studio.reference.wire import Event, event

TaskFilter = frozenset[str] | None
"""Tasks whose events pass, None for all."""


def passes(tasks: TaskFilter, item: Event) -> bool:
    """Whether an event passes a ``?task_ids=`` filter; what concerns no task always does."""
    return tasks is None or item.task_id is None or item.task_id in tasks


class ReplayBuffer:
    """The last events. One that was added several times counts from its first copy that is left."""

    def __init__(self, capacity: int) -> None:
        self._events: deque[Event] = deque()
        self._capacity = capacity
        self._next = 0
        self._positions: dict[str, int] = {}
        self._marks: deque[str] = deque()

    def add(self, item: Event) -> None:
        """Keep an event; the oldest one leaves a full buffer."""
        self._events.append(item)
        self._positions.setdefault(item.id, self._next)
        self._next += 1
        if len(self._events) > self._capacity:
            oldest = self._events.popleft().id
            if self._events[0].id == oldest:
                self._positions[oldest] += 1
            else:
                del self._positions[oldest]

    def mark(self, event_id: str) -> None:
        """Let an id that is no event of the buffer stand for the present moment."""
        self._positions[event_id] = self._next - 1
        self._marks.append(event_id)
        if len(self._marks) > self._capacity:
            self._positions.pop(self._marks.popleft(), None)

    def after(self, event_id: str) -> Iterator[Event] | None:
        """The events after the acknowledged id, oldest first; None when the buffer does not know it."""
        position = self._positions.get(event_id)
        first = self._next - len(self._events)
        if position is None or position + 1 < first:
            return None
        return iter(list(self._events)[position + 1 - first :])


class Replay:
    """Keeps events, once each, and answers a Last-Event-ID."""

    def __init__(self, capacity: int, faults: Faults, clock: ServiceClock) -> None:
        self._buffer = ReplayBuffer(capacity)
        self._clock = clock
        self._each_listener_keeps = fault.REPLAY_DUPLICATES in faults
        self._unfiltered = fault.REPLAY_UNFILTERED in faults
        self._silent = fault.REPLAY_SILENT in faults

    def keep(self, item: Event, *, listeners: int) -> None:
        """Keep an event, whether or not any of the ``listeners`` is there to hear it."""
        for _ in range(listeners if self._each_listener_keeps else 1):
            self._buffer.add(item)

    def after(self, last_event_id: str, tasks: TaskFilter) -> Iterator[Event]:
        """What follows ``last_event_id`` and passes the filter.

        An id from which nothing can be replayed is answered by one event ``replay.unavailable``, whose own id serves
        as a Last-Event-ID later on.
        """
        missed = self._buffer.after(last_event_id)
        if missed is None:
            return iter(()) if self._silent else iter((self._unavailable(last_event_id),))
        return missed if self._unfiltered else (item for item in missed if passes(tasks, item))

    def _unavailable(self, last_event_id: str) -> Event:
        fields = {"last_event_id": last_event_id, "reason": _reason(last_event_id)}
        notice = event(EventType.REPLAY_UNAVAILABLE, fields, self._clock.now_ns())
        self._buffer.mark(notice.id)
        return notice


def _reason(last_event_id: str) -> str:
    """Why nothing can be replayed: ``unknown`` ids were never given out, or have left the buffer."""
    if not last_event_id:
        return "empty"
    try:
        uuid.UUID(last_event_id)
    except ValueError:
        return "malformed"
    return "unknown"
