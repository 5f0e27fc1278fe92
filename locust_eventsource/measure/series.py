"""One run's figures, added up from the deltas of any number of recorders in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.sealed import Sealed, seal

MAX_TYPES = 200
"""Types told apart per name, so that a server that invents types cannot fill the memory."""
OTHER_TYPES = "(other types)"
"""Where samples of further types are counted."""
OPEN_SECONDS = 10
"""Seconds behind the newest that are kept as they are; older ones are sealed, and opened again if they change."""

_Key = tuple[str, str | None]
_Counts = dict[int, int]


class Series:
    """Totals per metric and type, and the metric's histogram of each second.

    Each sample is there three times: as its value, and as the lower and the upper end of the interval in which the
    truth lies; the ends are kept apart once they differ. The totals need constant memory; a second of a metric, which
    is kept by values alone, needs about a kilobyte once it is sealed.
    """

    def __init__(self) -> None:
        self._histograms: dict[_Key, LatencyHistogram] = {}
        self._lows: dict[_Key, LatencyHistogram] = {}
        self._highs: dict[_Key, LatencyHistogram] = {}
        self._counters: dict[_Key, int] = {}
        self._types: dict[str, set[str]] = {}
        self._open: dict[str, dict[int, _Counts]] = {}
        self._sealed: dict[str, dict[int, Sealed]] = {}

    def add(self, delta: Mapping[str, Any]) -> None:
        """Add what ``Recorder.take`` gave, here or in another process."""
        for metric, type_, second, counts, lows, highs in delta["latencies"]:
            for key in self._keys(metric, type_):
                # The ends first: they start from the values before this.
                self._add_ends(self._lows, key, counts, lows)
                self._add_ends(self._highs, key, counts, highs)
                self._histograms.setdefault(key, LatencyHistogram()).add_counts(counts)
            self._add_second(metric, second, counts)
        for name, type_, n in delta["counters"]:
            for key in self._keys(name, type_):
                self._counters[key] = self._counters.get(key, 0) + n

    def histogram(self, metric: str, type: str | None = None) -> LatencyHistogram | None:
        """All samples of a metric, or of one of its types; None when there are none. Not to be changed."""
        return self._histograms.get((metric, type))

    def low(self, metric: str, type: str | None = None) -> LatencyHistogram | None:
        """The same samples as ``histogram``, each as the least that it can be in truth. Not to be changed."""
        return self._lows.get((metric, type)) or self.histogram(metric, type)

    def high(self, metric: str, type: str | None = None) -> LatencyHistogram | None:
        """The same samples as ``histogram``, each as the most that it can be in truth. Not to be changed."""
        return self._highs.get((metric, type)) or self.histogram(metric, type)

    def counter(self, name: str, type: str | None = None) -> int:
        """A plain counter's sum; 0 when it was never counted."""
        return self._counters.get((name, type), 0)

    def metrics(self) -> list[str]:
        """The names of the metrics that have samples, in order."""
        return sorted(self._open)

    def types(self, metric: str) -> list[str]:
        """The types seen for a metric or a counter, in order."""
        return sorted(self._types.get(metric, ()))

    def intervals(self, metric: str) -> Iterator[tuple[int, LatencyHistogram]]:
        """The samples of each second (since 1970) that has any, in order; each is opened when it is its turn."""
        for second, sealed in self.sealed(metric):
            yield second, LatencyHistogram.owning(sealed.counts())

    def sealed(self, metric: str) -> Iterator[tuple[int, Sealed]]:
        """The samples of each second (since 1970) that has any, in order, in their final form."""
        sealed, open_ = self._sealed.get(metric, {}), self._open.get(metric, {})
        for second in sorted({*sealed, *open_}):
            yield second, seal(open_[second]) if second in open_ else sealed[second]

    def _add_ends(self, ends: dict[_Key, LatencyHistogram], key: _Key, values: _Counts, counts: _Counts | None) -> None:
        """Add the ends of some samples; None stands for those of ``values``."""
        if key in ends:
            ends[key].add_counts(values if counts is None else counts)
        elif counts is not None:
            ends[key] = LatencyHistogram(counts)
            if key in self._histograms:
                ends[key].add(self._histograms[key])

    def _keys(self, name: str, type_: str | None) -> list[_Key]:
        if type_ is None:
            return [(name, None)]
        known = self._types.setdefault(name, set())
        if type_ not in known and len(known) >= MAX_TYPES:
            type_ = OTHER_TYPES
        known.add(type_)
        return [(name, None), (name, type_)]

    def _add_second(self, metric: str, second: int, counts: Mapping[int, int]) -> None:
        open_ = self._open.setdefault(metric, {})
        sealed = self._sealed.setdefault(metric, {})
        if second not in open_:
            open_[second] = sealed.pop(second).counts() if second in sealed else {}
        own = open_[second]
        for bucket, n in counts.items():
            own[bucket] = own.get(bucket, 0) + n
        newest = max(open_)
        for old in [second for second in open_ if second < newest - OPEN_SECONDS]:
            sealed[old] = seal(open_.pop(old))
