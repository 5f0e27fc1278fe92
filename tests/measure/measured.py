"""Figures that tests make up, and the row that a threshold on them gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.thresholds import Origin, parse_threshold
from locust_eventsource.measure.verdicts import Figures, Row, judge

MS = 1_000_000


def times(*groups: tuple[int, float]) -> LatencyHistogram:
    """A histogram of (how many, milliseconds)."""
    histogram = LatencyHistogram()
    for count, milliseconds in groups:
        histogram.record(round(milliseconds * MS), count)
    return histogram


@dataclass
class Measured:
    """Figures as given; what is not given was never measured."""

    histograms: Mapping[tuple[str, str | None], LatencyHistogram] = field(default_factory=dict)
    counts: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    rates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)
    lost_samples: int = 0
    doubts: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[tuple[str, str | None], tuple[LatencyHistogram, LatencyHistogram]] = field(default_factory=dict)
    why_uncertain: str | None = None
    overload: str | None = None
    not_asked: Sequence[str] = ()

    def histogram(self, metric: str, type: str | None) -> LatencyHistogram | None:
        return self.histograms.get((metric, type))

    def bounds(self, metric: str, type: str | None) -> tuple[LatencyHistogram, LatencyHistogram] | None:
        return self.ends.get((metric, type))

    def count(self, metric: str, type: str | None) -> int | None:
        return self.counts.get((metric, type))

    def rate(self, metric: str) -> tuple[int, int] | None:
        return self.rates.get(metric)

    def gauge(self, metric: str) -> float | None:
        return self.gauges.get(metric)

    def lost(self, metric: str, type: str | None) -> int:
        return self.lost_samples if metric == "delivery" else 0

    def doubt(self, metric: str) -> str | None:
        return self.doubts.get(metric)

    def uncertainty(self, metric: str) -> str | None:
        return self.why_uncertain

    def overloaded(self) -> str | None:
        return self.overload

    def asked(self, metric: str) -> bool:
        return metric not in self.not_asked


def row(text: str, figures: Figures, origin: Origin = "command line") -> Row:
    [only] = judge([parse_threshold(text, origin)], figures)
    return only


def delivery(*groups: tuple[int, float], lost: int = 0) -> Measured:
    return Measured(histograms={("delivery", None): times(*groups)}, lost_samples=lost)
