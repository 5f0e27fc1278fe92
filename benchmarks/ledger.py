"""What a reader got: latencies, and which events of each connection."""

from __future__ import annotations

from collections import Counter

from benchmarks.payload import read_data
from locust_eventsource.measure.buckets import bucket_of
from locust_eventsource.measure.histogram import LatencyHistogram

_BATCH = 1000


class Latencies:
    """A histogram that is filled in batches."""

    def __init__(self) -> None:
        self._histogram = LatencyHistogram()
        self._waiting: list[int] = []

    def record(self, value_ns: int) -> None:
        """Count one latency."""
        self._waiting.append(value_ns)
        if len(self._waiting) >= _BATCH:
            self._count()

    def histogram(self) -> LatencyHistogram:
        """Everything recorded so far."""
        self._count()
        return self._histogram

    def _count(self) -> None:
        self._histogram.add_counts(Counter(map(bucket_of, self._waiting)))
        self._waiting.clear()


class Ledger:
    """Accounts for every event of a run in which each connection is sent ``events`` events, numbered from 0.

    ``delivered`` counts different events, ``duplicated`` further arrivals of one, ``reordered`` those that came after
    a later one of their connection. ``reported`` holds what the reader tells its user (its own stamp minus the
    source's), ``user_space`` the same with the time at which the reader's process had read the bytes.
    """

    def __init__(self, connections: int, events: int) -> None:
        self.expected = connections * events
        self.delivered = self.duplicated = self.reordered = 0
        self.reported = Latencies()
        self.user_space = Latencies()
        self._next = [0] * connections
        self._skipped: set[tuple[int, int]] = set()

    @property
    def lost(self) -> int:
        """How many of the events expected have not come."""
        return self.expected - self.delivered

    def take(self, data: str, stamp_ns: int, read_ns: int) -> None:
        """Account for one event that the reader hands out."""
        sent_ns, connection, sequence = read_data(data)
        self.reported.record(stamp_ns - sent_ns)
        self.user_space.record(read_ns - sent_ns)
        if self._next[connection] == sequence:
            self._next[connection] = sequence + 1
            self.delivered += 1
        else:
            self._take_out_of_order(connection, sequence)

    def _take_out_of_order(self, connection: int, sequence: int) -> None:
        following = self._next[connection]
        if sequence > following:
            self._skipped.update((connection, skipped) for skipped in range(following, sequence))
            self._next[connection] = sequence + 1
            self.delivered += 1
        elif (connection, sequence) in self._skipped:
            self._skipped.remove((connection, sequence))
            self.delivered += 1
            self.reordered += 1
        else:
            self.duplicated += 1
