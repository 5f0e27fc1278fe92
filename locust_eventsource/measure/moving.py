"""A latency over the time of a run that goes on, in few enough points to draw again every second.

Kept at three widths, so that whoever looks at any window, or at the whole run, costs no more than the newest points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from locust_eventsource.measure.histogram import LatencyHistogram

MAX_POINTS: Final = 240
"""Points of any window: about one for every two pixels of a chart."""
_STEPS_S: Final = (1, 5)
"""Widths in seconds that are kept for the last ``MAX_POINTS`` steps; the whole run is kept at a width that doubles."""


class Moment(NamedTuple):
    """How many latencies one step has, and their figures in microseconds; ``at_s`` is its first second (since 1970)."""

    at_s: int
    number: int
    p50_us: float
    p99_us: float
    max_us: float


class _Steps:
    """Histograms of steps of one width, with the figures of those that have not changed since they were asked for."""

    def __init__(self, step_s: int) -> None:
        self.step_s = step_s
        self._steps: dict[int, LatencyHistogram] = {}
        self._known: dict[int, Moment] = {}

    def add(self, second: int, counts: Mapping[int, int]) -> None:
        step = second // self.step_s
        if step not in self._steps:
            self._steps[step] = LatencyHistogram()
        self._steps[step].add_counts(counts)
        self._known.pop(step, None)

    def forget_old(self) -> None:
        """Keep the newest steps only."""
        if len(self._steps) > MAX_POINTS:
            oldest = max(self._steps) - MAX_POINTS
            for step in [step for step in self._steps if step <= oldest]:
                del self._steps[step]
                self._known.pop(step, None)

    def widen(self) -> None:
        """Double the width as often as it takes to have few enough steps."""
        while len(self._steps) > MAX_POINTS:
            halves, self._steps, self._known = self._steps, {}, {}
            self.step_s *= 2
            for step, histogram in halves.items():
                self._steps.setdefault(step // 2, LatencyHistogram()).add(histogram)

    def since(self, from_s: int) -> list[Moment]:
        return [self._moment(step) for step in sorted(self._steps) if (step + 1) * self.step_s > from_s]

    def _moment(self, step: int) -> Moment:
        if step not in self._known:
            histogram = self._steps[step]
            p50_us, p99_us = histogram.percentiles_us([50, 99])
            self._known[step] = Moment(step * self.step_s, histogram.count, p50_us, p99_us, histogram.max_us)
        return self._known[step]


class MovingLatency:
    """One metric's latencies, for the last seconds, the last minutes and the whole run."""

    def __init__(self) -> None:
        self._recent = [_Steps(step_s) for step_s in _STEPS_S]
        self._whole = _Steps(1)

    def add(self, second: int, counts: Mapping[int, int]) -> None:
        """Add counts per bucket of one second (since 1970), as a ``Recorder`` hands them over."""
        for steps in (*self._recent, self._whole):
            steps.add(second, counts)
        for steps in self._recent:
            steps.forget_old()
        self._whole.widen()

    def over(self, from_s: int, window_s: int | None) -> tuple[int, list[Moment]]:
        """The width of a step, and the steps from ``from_s`` on (since 1970), as fine as they fit a window of so many
        seconds; None for the whole run."""
        for steps in self._recent:
            if window_s is not None and window_s <= steps.step_s * MAX_POINTS:
                return steps.step_s, steps.since(from_s)
        return self._whole.step_s, self._whole.since(from_s)


class MovingLatencies:
    """Several metrics, fed with the deltas of any number of recorders."""

    def __init__(self, metrics: Iterable[str]) -> None:
        self._metrics = {metric: MovingLatency() for metric in metrics}

    def add(self, delta: Mapping[str, Any]) -> None:
        """Add what ``Recorder.take`` gave, here or in another process."""
        for metric, _type, second, counts, _lows, _highs in delta["latencies"]:
            if metric in self._metrics:
                self._metrics[metric].add(second, counts)

    def over(self, metric: str, from_s: int, window_s: int | None) -> tuple[int, list[Moment]]:
        """See ``MovingLatency.over``."""
        return self._metrics[metric].over(from_s, window_s)
