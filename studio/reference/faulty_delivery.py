"""Live deliveries with the asked defects; a delivery is one event on one connection of the global stream."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from studio.reference import switches as fault
from studio.reference.bounded_delivery import BoundedDelivery
from studio.reference.connection import StreamConnection
from studio.reference.faults import Faults
from studio.reference.wire import Event

_TOUCHING: Final = (
    fault.SLOW_DELIVERY,
    fault.DROP,
    fault.DUPLICATE,
    fault.SWAP,
    fault.DROP_ONE,
    fault.DUPLICATE_ONE,
    fault.SWAP_ONE,
    fault.CAPACITY,
)
_HOLD_S: Final = 0.1
"""A delivery that waits for the next one on its connection goes out without it after this time."""
_HOLD_ONE_S: Final = 2.0
"""Where only one is to be swapped, it waits longer, so that it is."""


def touches(faults: Faults) -> bool:
    """Whether any of the switches changes live deliveries."""
    return any(name in faults for name in _TOUCHING)


class FaultyDelivery:
    """Leaves deliveries out, writes them twice, late, or in the place of the next one on their connection."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._delay_s = faults.seconds(fault.SLOW_DELIVERY)
        self._late: deque[tuple[float, StreamConnection, Event]] = deque()
        self._held: dict[StreamConnection, Event] = {}
        self._number = 0
        capacity = faults.count(fault.CAPACITY)
        self._bounded = BoundedDelivery(capacity) if capacity else None

    def deliver(self, connection: StreamConnection, item: Event) -> None:
        """One delivery, counted over all connections."""
        self._number += 1
        if self._strikes(fault.DROP, fault.DROP_ONE):
            return
        held = self._held.pop(connection, None)
        if held is None and self._strikes(fault.SWAP, fault.SWAP_ONE):
            self._held[connection] = item
            hold_s = _HOLD_S if fault.SWAP in self._faults else _HOLD_ONE_S
            asyncio.get_running_loop().call_later(hold_s, self._let_go, connection, item)
            return
        self._write(connection, item)
        if self._strikes(fault.DUPLICATE, fault.DUPLICATE_ONE):
            self._write(connection, item)
        if held is not None:
            self._write(connection, held)

    def _strikes(self, rate: str, one: str) -> bool:
        return self._faults.strikes(rate) or self._faults.count(one) == self._number

    def _let_go(self, connection: StreamConnection, item: Event) -> None:
        if self._held.get(connection) is item:
            del self._held[connection]
            self._write(connection, item)

    def _write(self, connection: StreamConnection, item: Event) -> None:
        if not self._delay_s:
            self._send(connection, item)
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
            self._send(connection, item)
        if self._late:
            loop.call_at(self._late[0][0], self._flush)

    def _send(self, connection: StreamConnection, item: Event) -> None:
        if self._bounded is None:
            connection.send(item)
        else:
            self._bounded.send(connection, item)
