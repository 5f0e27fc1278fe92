"""The global stream: every event is encoded and buffered once, then written to each connection that wants it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from studio.reference import switches as fault
from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamConnection
from studio.reference.faults import Faults
from studio.reference.replay import Replay, TaskFilter, passes
from studio.reference.wire import Event, event


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
        self._replay = Replay(capacity, faults, clock)
        self._all: dict[StreamConnection, None] = {}
        self._filtered: dict[StreamConnection, frozenset[str]] = {}
        touched = any(name in faults for name in (fault.SLOW_DELIVERY, fault.DROP, fault.DUPLICATE))
        self._faulty = _FaultyDelivery(faults) if touched else None

    def publish(self, event_type: str, **fields: Any) -> None:  # noqa: ANN401  (JSON values)
        """Stamp, buffer and write one event; what it tells must be in the database already."""
        item = event(event_type, fields, self._clock.now_ns())
        self._replay.keep(item, listeners=len(self._all) + len(self._filtered))
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
        """Replay what follows ``last_event_id`` and go on live, without a gap between the two."""
        if last_event_id is not None:
            connection.send_all(self._replay.after(last_event_id, tasks))
        if tasks is None:
            self._all[connection] = None
        else:
            self._filtered[connection] = tasks

    def leave(self, connection: StreamConnection) -> None:
        """The connection gets nothing more."""
        self._all.pop(connection, None)
        self._filtered.pop(connection, None)
