"""The offset over time as it is drawn: a few thousand windows, however long the run is."""

from __future__ import annotations

from typing import NamedTuple

from locust_eventsource.measure.clock_probes import Drift, Said
from locust_eventsource.measure.interval import Interval

MAX_WINDOWS = 2_400
"""At one more, neighbours are joined, so that a window spans twice the time."""
_SECOND_NS = 1_000_000_000


class OffsetWindow(NamedTuple):
    """What the probes answered within one window of time say together of the offset at its middle.

    ``low_ns`` to ``high_ns`` is their intersection, widened by the drift; where they contradict each other (a clock
    was set), everything any of them says.
    """

    at_ns: int
    low_ns: int
    high_ns: int
    probes: int


class _Sum(NamedTuple):
    inner_low_ns: int
    inner_high_ns: int
    outer: Interval
    probes: int

    def plus(self, other: _Sum) -> _Sum:
        return _Sum(
            max(self.inner_low_ns, other.inner_low_ns),
            min(self.inner_high_ns, other.inner_high_ns),
            self.outer.hull(other.outer),
            self.probes + other.probes,
        )

    def widened(self, by_ns: int) -> _Sum:
        low, high = self.inner_low_ns - by_ns, self.inner_high_ns + by_ns
        return _Sum(low, high, self.outer.widened(by_ns), self.probes)


class OffsetWindows:
    """Windows of a second each, which grow so that there are never more than ``MAX_WINDOWS``."""

    def __init__(self, drift: Drift) -> None:
        self._drift = drift
        self._length_ns = _SECOND_NS
        self._sums: dict[int, _Sum] = {}

    def add(self, probe: Said) -> None:
        """Fold a probe into the window in which it was answered."""
        index = probe.answered_ns // self._length_ns
        middle = self._middle_ns(index)
        low = probe.low_ns - self._drift.over(middle - probe.answered_ns)
        high = probe.high_ns + self._drift.over(middle - probe.sent_ns)
        self._fold(self._sums, index, _Sum(low, high, Interval(low, high), 1))
        while len(self._sums) > MAX_WINDOWS:
            self._join()

    def windows(self) -> list[OffsetWindow]:
        """Every window that has probes, in order."""
        return [self._window(index, self._sums[index]) for index in sorted(self._sums)]

    def _window(self, index: int, sum_: _Sum) -> OffsetWindow:
        low, high, outer, probes = sum_
        shown = Interval(low, high) if low <= high else outer
        return OffsetWindow(self._middle_ns(index), shown.low_ns, shown.high_ns, probes)

    def _join(self) -> None:
        # The middles move by half the old length.
        moved = self._drift.over(self._length_ns // 2)
        joined: dict[int, _Sum] = {}
        for index, sum_ in self._sums.items():
            self._fold(joined, index // 2, sum_.widened(moved))
        self._sums = joined
        self._length_ns *= 2

    def _middle_ns(self, index: int) -> int:
        return index * self._length_ns + self._length_ns // 2

    @staticmethod
    def _fold(sums: dict[int, _Sum], index: int, sum_: _Sum) -> None:
        sums[index] = sums[index].plus(sum_) if index in sums else sum_
