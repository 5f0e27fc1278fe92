"""Deliveries that wait until the clock's offset at their stamps is known, and are recorded then."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

from locust_eventsource.measure.clock_offset import OffsetEstimator
from locust_eventsource.measure.clock_stamps import StampClock
from locust_eventsource.measure.interval import Interval, delivery_bounds_many
from locust_eventsource.measure.recorder import Recorder

UNPLACED = "unplaced"
"""The counter, typed by metric, of samples whose moment no probe brackets."""
STAMP_SLOT_NS = 100_000_000
"""Samples stamped within this time share one offset; at 500 ppm it widens by 50 us over such a slot."""
_SECOND_NS = 1_000_000_000

OnSettled = Callable[[str, str | None, Sequence[tuple[int, int, int]], int], None]
"""Called with metric, type, the (low, value, high) of each sample in ns, and the second of arrival (ns since 1970)."""


class _Cell(NamedTuple):
    stamp_slot: int
    second: int


class PendingDeliveries:
    """Holds samples, 24 bytes each, and records each of them exactly once, or counts it as unplaced.

    A sample is settled once probes bracket its arrival. One that waits for two windows will not be bracketed any more:
    it is settled with the probes of one side, as at the end, so that the memory stays bounded whatever the probes do.
    """

    def __init__(self, estimator: OffsetEstimator, recorder: Recorder, on_settled: OnSettled | None = None) -> None:
        self._estimator = estimator
        self._clock = StampClock(estimator)
        self._recorder = recorder
        self._on_settled = on_settled
        self._cells: dict[tuple[int, int], dict[tuple[str, str | None, int], array[int]]] = {}
        self._newest_ns = 0
        self.widest_ns = 0
        """The width of the widest offset that was used."""

    def __len__(self) -> int:
        return sum(len(samples) // 3 for cell in self._cells.values() for samples in cell.values())

    def add(
        self, metric: str, type: str | None, earliest_ns: int, received_ns: int, timestamp_ns: int, resolution_ns: int
    ) -> None:
        """Hold a sample; the arguments are those of ``delivery_bounds``.

        A timestamp beyond the range of 64 bits (the year 2262) cannot be a moment of this run; it counts as unplaced.
        """
        raise NotImplementedError

    def settle(self, final: bool = False) -> None:
        """Record what the clock brackets by now; with ``final`` everything: nothing is held afterwards."""
        raise NotImplementedError
