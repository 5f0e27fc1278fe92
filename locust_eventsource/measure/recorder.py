"""The hot path of measuring: one dictionary increment a sample, handed on as deltas that merge by addition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from locust_eventsource.measure.buckets import bucket_of

Delta = dict[str, Any]
"""``{"latencies": [[metric, type or None, second, {bucket: n}], ...], "counters": [[name, type or None, n], ...]}``:
strings, integers, lists and dictionaries only, so that MessagePack and JSON carry it (``second`` since 1970)."""

_SECOND_NS = 1_000_000_000


class Recorder:
    """Counts the samples of one process per metric, type and second until they are taken.

    A sample with a type counts for its type and for the metric as a whole; ``Series`` adds it to both.
    """

    __slots__ = ("_cells", "_counters")

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str | None, int], dict[int, int]] = {}
        self._counters: dict[tuple[str, str | None], int] = {}

    def record(self, metric: str, value_ns: int, at_ns: int, type: str | None = None, count: int = 1) -> None:
        """Count a latency of ``value_ns`` that was seen at ``at_ns`` (nanoseconds since 1970)."""
        key = (metric, type, at_ns // _SECOND_NS)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = {}
        bucket = bucket_of(value_ns)
        cell[bucket] = cell.get(bucket, 0) + count

    def record_many(self, metric: str, values_ns: Sequence[int], at_ns: int, type: str | None = None) -> None:
        """Count several latencies that were seen in the same second; cheaper than one call each."""
        if not values_ns:
            return
        cell = self._cells.setdefault((metric, type, at_ns // _SECOND_NS), {})
        for bucket in map(bucket_of, values_ns):
            cell[bucket] = cell.get(bucket, 0) + 1

    def count(self, name: str, n: int = 1, type: str | None = None) -> None:
        """Add ``n`` to a plain counter."""
        key = (name, type)
        self._counters[key] = self._counters.get(key, 0) + n

    def take(self) -> Delta:
        """Everything since the last call; each sample is handed out once."""
        cells, self._cells = self._cells, {}
        counters, self._counters = self._counters, {}
        return {
            "latencies": [[metric, type_, second, cell] for (metric, type_, second), cell in cells.items()],
            "counters": [[name, type_, n] for (name, type_), n in counters.items()],
        }
