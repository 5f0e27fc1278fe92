"""A hub that can do only so much: every delivery takes its share of a second, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque

from studio.reference.connection import StreamConnection
from studio.reference.wire import Event


class BoundedDelivery:
    """Delivers ``per_second`` events a second at most, over all connections, in the order in which they are asked for.

    What is asked for beyond that waits in a queue without a bound, as it does in a hub with a single thread. No
    processor time is used up meanwhile, so the bound does not depend on the machine.
    """

    def __init__(self, per_second: int) -> None:
        self._work_s = 1 / per_second
        self._free_at = 0.0
        self._queue: deque[tuple[float, StreamConnection, Event]] = deque()

    def send(self, connection: StreamConnection, item: Event) -> None:
        """Deliver once the work on everything before it, and on itself, is done."""
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time()) + self._work_s
        if not self._queue:
            loop.call_at(self._free_at, self._work)
        self._queue.append((self._free_at, connection, item))

    def _work(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._queue and self._queue[0][0] <= now:
            _, connection, item = self._queue.popleft()
            connection.send(item)
        if self._queue:
            loop.call_at(self._queue[0][0], self._work)
