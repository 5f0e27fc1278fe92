"""The global stream: every event is encoded and buffered once, then written to each connection that wants it."""

from __future__ import annotations

from typing import Any

from studio.reference import switches as fault
from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamConnection
from studio.reference.faults import Faults
from studio.reference.faulty_delivery import FaultyDelivery, touches
from studio.reference.replay import Replay, TaskFilter, passes
from studio.reference.wire import event


class EventHub:
    """Publishes to every connection of ``GET /api/events``."""

    def __init__(self, capacity: int, faults: Faults, clock: ServiceClock) -> None:
        self._clock = clock
        self._replay = Replay(capacity, faults, clock)
        self._all: dict[StreamConnection, None] = {}
        self._filtered: dict[StreamConnection, frozenset[str]] = {}
        self._ignores_filters = fault.UNFILTERED in faults
        self._faulty = FaultyDelivery(faults) if touches(faults) else None

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
        if tasks is None or self._ignores_filters:
            self._all[connection] = None
        else:
            self._filtered[connection] = tasks

    def leave(self, connection: StreamConnection) -> None:
        """The connection gets nothing more."""
        self._all.pop(connection, None)
        self._filtered.pop(connection, None)
