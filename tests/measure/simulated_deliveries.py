"""Deliveries of a simulated run: held, settled, and kept by the name of each."""

from __future__ import annotations

from collections.abc import Sequence

from locust_eventsource.measure.clock_offset import OffsetEstimator
from locust_eventsource.measure.pending import UNPLACED, PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from tests.measure.simulated_clocks import SECOND_NS, START_NS, US_NS, Clocks


class World:
    """A run: samples and probes of known clocks, and what was settled, by the type that names the sample."""

    def __init__(self, clocks: Clocks, *, assume_same: bool = False, drift_ppm: float = 500) -> None:
        self.clocks = clocks
        self.estimator = OffsetEstimator(assume_same=assume_same, drift_ppm=drift_ppm)
        self.recorder = Recorder()
        self.pending = PendingDeliveries(self.estimator, self.recorder, self._on_settled)
        self.settled: dict[str | None, tuple[int, int, int]] = {}
        self.seconds: dict[str | None, int] = {}

    def _on_settled(self, metric: str, type: str | None, bounds: Sequence[tuple[int, int, int]], at_ns: int) -> None:
        assert metric == "delivery"
        (self.settled[type],) = bounds
        self.seconds[type] = at_ns

    def event(self, name: str, emitted_ns: int, latency_ns: int, batch_ns: int = 0, resolution_ns: int = US_NS) -> None:
        arrived = emitted_ns + latency_ns
        stamp = self.clocks.stamp(emitted_ns, resolution_ns)
        self.pending.add("delivery", name, arrived - batch_ns, arrived, stamp, resolution_ns)

    def probe(self, at_s: float, half_width_ns: int = 100 * US_NS) -> None:
        self.estimator.add(self.clocks.probe(at(at_s), half_width_ns, half_width_ns, 1))

    def series(self) -> Series:
        series = Series()
        series.add(self.recorder.take())
        return series

    def unplaced(self) -> int:
        return self.series().counter(UNPLACED, "delivery")


def at(seconds: float) -> int:
    return START_NS + int(seconds * SECOND_NS)
