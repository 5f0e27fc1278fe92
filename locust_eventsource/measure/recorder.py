"""The hot path of measuring: one dictionary increment a sample, handed on as deltas that merge by addition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from locust_eventsource.measure.buckets import bucket_of, buckets_of

Delta = dict[str, Any]
"""``{"latencies": [[metric, type or None, second, values, lows, highs], ...], "counters": [[name, type or None, n]]}``

``values``, ``lows`` and ``highs`` are counts per bucket (``{bucket: n}``) of the same samples; ``lows`` and ``highs``
are None where they are those of ``values``. Strings, integers, lists and dictionaries only, so that MessagePack and
JSON carry it (``second`` since 1970)."""

_SECOND_NS = 1_000_000_000

_Key = tuple[str, str | None, int]
_Counts = dict[int, int]


class Recorder:
    """Counts the samples of one process per metric, type and second until they are taken.

    A sample with a type counts for its type and for the metric as a whole; ``Series`` adds it to both. Each sample
    counts three times: as its value, and as the lower and the upper end of the interval in which the truth lies. Those
    that are exact are kept apart from those that have an interval, so that they cost one increment.
    """

    __slots__ = ("_cells", "_counters", "_spans")

    def __init__(self) -> None:
        self._cells: dict[_Key, _Counts] = {}
        self._spans: dict[_Key, tuple[_Counts, _Counts, _Counts]] = {}
        self._counters: dict[tuple[str, str | None], int] = {}

    def record(self, metric: str, value_ns: int, at_ns: int, type: str | None = None, count: int = 1) -> None:
        """Count an exact latency of ``value_ns`` that was seen at ``at_ns`` (nanoseconds since 1970)."""
        key = (metric, type, at_ns // _SECOND_NS)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = {}
        bucket = bucket_of(value_ns)
        cell[bucket] = cell.get(bucket, 0) + count

    def record_many(self, metric: str, values_ns: Sequence[int], at_ns: int, type: str | None = None) -> None:
        """Count several exact latencies that were seen in the same second; cheaper than one call each."""
        if values_ns:
            _add(self._cells.setdefault((metric, type, at_ns // _SECOND_NS), {}), buckets_of(values_ns))

    def record_bounds(
        self, metric: str, low_ns: int, value_ns: int, high_ns: int, at_ns: int, type: str | None = None
    ) -> None:
        """Count a latency that is shown as ``value_ns`` and is in [``low_ns``, ``high_ns``], as the value must be."""
        if low_ns == value_ns == high_ns:
            self.record(metric, value_ns, at_ns, type)
            return
        span = self._spans.setdefault((metric, type, at_ns // _SECOND_NS), ({}, {}, {}))
        for cell, ns in zip(span, (value_ns, low_ns, high_ns), strict=True):
            bucket = bucket_of(ns)
            cell[bucket] = cell.get(bucket, 0) + 1

    def record_bounds_many(
        self, metric: str, bounds: Sequence[tuple[int, int, int]], at_ns: int, type: str | None = None
    ) -> None:
        """Count several (low, value, high) that were seen in the same second; cheaper than one call each."""
        if not bounds:
            return
        lows, values, highs = zip(*bounds, strict=True)
        if lows == values == highs:
            self.record_many(metric, values, at_ns, type)
            return
        span = self._spans.setdefault((metric, type, at_ns // _SECOND_NS), ({}, {}, {}))
        in_buckets = buckets_of(values)
        _add(span[0], in_buckets)
        _add(span[1], buckets_of(lows))
        _add(span[2], in_buckets if highs == values else buckets_of(highs))

    def count(self, name: str, n: int = 1, type: str | None = None) -> None:
        """Add ``n`` to a plain counter."""
        key = (name, type)
        self._counters[key] = self._counters.get(key, 0) + n

    def take(self) -> Delta:
        """Everything since the last call; each sample is handed out once."""
        cells, self._cells = self._cells, {}
        spans, self._spans = self._spans, {}
        counters, self._counters = self._counters, {}
        exact = [[*key, cell, None, None] for key, cell in cells.items() if key not in spans]
        return {
            "latencies": exact + [[*key, *_whole(cells.get(key, {}), *span)] for key, span in spans.items()],
            "counters": [[name, type_, n] for (name, type_), n in counters.items()],
        }


def _add(cell: _Counts, in_buckets: Iterable[int]) -> None:
    # Faster than a Counter until some thousands of samples come at once.
    for bucket in in_buckets:
        cell[bucket] = cell.get(bucket, 0) + 1


def _whole(exact: _Counts, values: _Counts, lows: _Counts, highs: _Counts) -> list[_Counts | None]:
    """The exact samples added to those with an interval; None for ends that count as the values do."""
    for cell in (values, lows, highs):
        for bucket, n in exact.items():
            cell[bucket] = cell.get(bucket, 0) + n
    return [values, None if lows == values else lows, None if highs == values else highs]
