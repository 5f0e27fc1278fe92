"""The global stream: every event is encoded and buffered once, then written to each connection that wants it."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Iterator
from typing import Any

from studio.contract import EventType
from studio.reference import switches as fault
from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamConnection
from studio.reference.faults import Faults
from studio.reference.wire import Event, event

TaskFilter = frozenset[str] | None
"""Tasks whose events pass, None for all."""


def passes(tasks: TaskFilter, item: Event) -> bool:
    """Whether an event passes a ``?task_ids=`` filter; what concerns no task always does."""
    return tasks is None or item.task_id is None or item.task_id in tasks


class ReplayBuffer:
    """The last events, for readers that come back with a Last-Event-ID."""

    def __init__(self, capacity: int) -> None:
        self._events: deque[Event] = deque()
        self._capacity = capacity
        self._next = 0
        self._positions: dict[str, int] = {}
        self._marks: deque[str] = deque()

    def add(self, item: Event) -> None:
        """Keep an event; the oldest one leaves a full buffer."""
        self._events.append(item)
        self._positions[item.id] = self._next
        self._next += 1
        if len(self._events) > self._capacity:
            del self._positions[self._events.popleft().id]

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


def _reason(last_event_id: str) -> str:
    """Why nothing can be replayed: ``unknown`` ids were never given out, or have left the buffer."""
    if not last_event_id:
        return "empty"
    try:
        uuid.UUID(last_event_id)
    except ValueError:
        return "malformed"
    return "unknown"


class _FaultyDelivery:
    """Live deliveries with the asked defects: left out, written twice, or late; their order stays."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._delay_s = faults.seconds(fault.SLOW_DELIVERY)
        self._late: deque[tuple[float, StreamConnection, Event]] = deque()

    def deliver(self, connection: StreamConnection, item: Event) -> None:
        """One delivery: one event on one connection."""
        if self._faults.strikes(fault.DROP):
            return
        self._write(connection, item)
        if self._faults.strikes(fault.DUPLICATE):
            self._write(connection, item)

    def _write(self, connection: StreamConnection, item: Event) -> None:
        if not self._delay_s:
            connection.send(item)
            return
        loop = asyncio.get_running_loop()
        if not self._late:
            loop.call_later(self._delay_s, self._flush)
        self._late.append((loop.time() + self._delay_s, connection, item))

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._late and self._late[0][0] <= now:
            _, connection, item = self._late.popleft()
            connection.send(item)
        if self._late:
            loop.call_at(self._late[0][0], self._flush)


class EventHub:
    """Publishes to every connection of ``GET /api/events``."""

    def __init__(self, capacity: int, faults: Faults, clock: ServiceClock) -> None:
        self._clock = clock
        self._buffer = ReplayBuffer(capacity)
        self._all: dict[StreamConnection, None] = {}
        self._filtered: dict[StreamConnection, frozenset[str]] = {}
        touched = any(name in faults for name in (fault.SLOW_DELIVERY, fault.DROP, fault.DUPLICATE))
        self._faulty = _FaultyDelivery(faults) if touched else None

    def publish(self, event_type: str, **fields: Any) -> None:  # noqa: ANN401  (JSON values)
        """Stamp, buffer and write one event; what it tells must be in the database already."""
        item = event(event_type, fields, self._clock.now_ns())
        self._buffer.add(item)
        if self._faulty is None:
            for connection in self._all:
                connection.send(item)
            for connection, tasks in self._filtered.items():
                if passes(tasks, item):
                    connection.send(item)
            return
        for connection in self._all:
            self._faulty.deliver(connection, item)
        for connection, tasks in self._filtered.items():
            if passes(tasks, item):
                self._faulty.deliver(connection, item)

    def join(self, connection: StreamConnection, tasks: TaskFilter, last_event_id: str | None) -> None:
        """Replay what follows ``last_event_id`` and go on live, without a gap between the two.

        An id from which nothing can be replayed is answered by a first event ``replay.unavailable``; its own id
        serves as a Last-Event-ID later on.
        """
        if last_event_id is not None:
            missed = self._buffer.after(last_event_id)
            if missed is None:
                fields = {"last_event_id": last_event_id, "reason": _reason(last_event_id)}
                notice = event(EventType.REPLAY_UNAVAILABLE, fields, self._clock.now_ns())
                self._buffer.mark(notice.id)
                missed = iter((notice,))
            connection.send_all(item for item in missed if passes(tasks, item))
        if tasks is None:
            self._all[connection] = None
        else:
            self._filtered[connection] = tasks

    def leave(self, connection: StreamConnection) -> None:
        """The connection gets nothing more."""
        self._all.pop(connection, None)
        self._filtered.pop(connection, None)
