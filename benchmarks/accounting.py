"""What a reader got: the stamps of every event, by connection and place in it."""

from __future__ import annotations

from array import array
from pathlib import Path

STAMP = 1
"""Numbers kept of an event where only the time that the reader reports is asked for (ns of ``CLOCK_REALTIME``)."""
DETAIL = 4
"""Numbers kept where the interval is asked for: earliest, received, read (ns), and flags."""
LAST_IN_READ = 1
"""Flag: the event was the last of its read."""
FROM_KERNEL = 2
"""Flag: the kernel stamped it."""


class Account:
    """Every event of a run in which each connection is sent ``events`` events, numbered from 0.

    ``rows`` holds ``width`` numbers an event for each connection, in the order of the events. A reader appends to its
    row itself while ``sequence * width == len(row)``, and calls `take_odd` otherwise: the accounting must cost
    next to nothing, and the same for all readers. ``duplicated`` counts further arrivals of one event, ``reordered``
    those that came after a later one of their connection.
    """

    def __init__(self, connections: int, events: int, width: int = STAMP) -> None:
        self.events = events
        self.width = width
        self.rows = [array("q") for _ in range(connections)]
        self.duplicated = self.reordered = self._missing = 0

    @property
    def delivered(self) -> int:
        """How many different events have come."""
        return sum(map(len, self.rows)) // self.width - self._missing

    @property
    def lost(self) -> int:
        """How many of the events expected have not come."""
        return len(self.rows) * self.events - self.delivered

    def take_odd(self, row: array[int], sequence: int, *numbers: int) -> None:
        """Account for an event that is not the next of its connection. Raises ValueError where none has that number."""
        if sequence >= self.events:
            raise ValueError(f"event {sequence} came, and each connection has {self.events}")
        at = sequence * self.width
        gap = at - len(row)
        if gap >= 0:
            row.extend([0] * gap)
            row.extend(numbers)
            self._missing += gap // self.width
        elif any(row[at : at + self.width]):
            self.duplicated += 1
        else:
            row[at : at + self.width] = array("q", numbers)
            self._missing -= 1
            self.reordered += 1

    def write(self, path: Path) -> None:
        """Write all rows, 0 for what is missing: little-endian int64 as ``[connection][sequence][width]``."""
        whole = self.events * self.width
        with path.open("wb") as file:
            for row in self.rows:
                file.write(row.tobytes())
                file.write(bytes((whole - len(row)) * row.itemsize))
