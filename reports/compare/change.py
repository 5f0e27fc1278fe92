"""By how much a percentile changed between two sides of runs, and how sure that is.

Latencies within one second are not independent: one slow turn of the service delays an event on every stream. So whole
seconds are drawn anew (the block bootstrap; Efron and Tibshirani 1993, 8.6), of several runs a side first the runs and
then their seconds. The spread of the figure over those draws, as a logarithm, gives the interval of its change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy
from numpy.typing import NDArray

from locust_eventsource.measure.buckets import highest_us

Direction = Literal["better", "worse", "no difference", "undecided"]
Counts = NDArray[numpy.float64]
"""Samples of one run: a row a second, a column a bucket of the side's ``Seconds``."""

CONFIDENCE: Final = 0.9999
"""Of each figure: a comparison shows some twenty, and a false alarm should come once in 500 comparisons."""
_DEVIATIONS: Final = 3.8906
"""Two-sided quantile of the normal distribution for ``CONFIDENCE``."""
_DRAWS: Final = 400
LEAST_SECONDS: Final = 8
"""Fewer seconds with samples do not tell how much seconds differ."""
LEAST_ABOVE: Final = 10
"""Samples that must lie above a percentile, n(1 - p), for it to mean anything."""


class Seconds(NamedTuple):
    """The latencies of one side, run by run, by the second; ``values_us`` are the buckets' highest values."""

    values_us: NDArray[numpy.float64]
    runs: list[Counts]


class Change(NamedTuple):
    """A figure on both sides, in microseconds, and the interval of new / base; None where nothing can be said."""

    base_us: float
    new_us: float
    ratio: tuple[float, float] | None
    why: str
    """Why nothing can be said, else empty."""

    @property
    def direction(self) -> Direction:
        """What the interval says: a latency that fell is better."""
        if self.ratio is None:
            return "undecided"
        low, high = self.ratio
        return "worse" if low > 1 else "better" if high < 1 else "no difference"


def seconds_of(runs: Sequence[Sequence[dict[int, int]]]) -> Seconds:
    """Counts per bucket (see ``measure.buckets``), second by second of each run, as one table a run."""
    known = sorted({bucket for run in runs for second in run for bucket in second})
    column = {bucket: index for index, bucket in enumerate(known)}
    values = numpy.array([max(highest_us(bucket), 1) if bucket > 0 else 1 for bucket in known], dtype=numpy.float64)
    return Seconds(values, [_table(run, column) for run in runs])


def _table(run: Sequence[dict[int, int]], column: dict[int, int]) -> Counts:
    table = numpy.zeros((len(run), len(column)))
    for row, second in enumerate(run):
        for bucket, count in second.items():
            table[row, column[bucket]] = count
    return table


def change(base: Seconds, new: Seconds, percentile: float, seed: int = 0) -> Change:
    """How ``percentile`` changed from ``base`` to ``new``; the same seed gives the same draws."""
    random = numpy.random.default_rng(seed)
    sides = [_figure(side, percentile) for side in (base, new)]
    why = _unable(base, percentile, "base") or _unable(new, percentile, "new")
    if why:
        return Change(sides[0], sides[1], None, why)
    spread = math.hypot(*(_log_spread(side, percentile, random) for side in (base, new)))
    moved = math.log(sides[1] / sides[0])
    reach = _DEVIATIONS * spread
    return Change(sides[0], sides[1], (math.exp(moved - reach), math.exp(moved + reach)), "")


def _unable(side: Seconds, percentile: float, name: str) -> str:
    samples = sum(run.sum() for run in side.runs)
    if not samples:
        return f"the {name} side has no samples"
    seconds = sum(int((run.sum(axis=1) > 0).sum()) for run in side.runs)
    if seconds < LEAST_SECONDS:
        return f"the {name} side has samples in {seconds} seconds only, and {LEAST_SECONDS} are needed"
    if samples * (1 - percentile / 100) < LEAST_ABOVE:
        return f"the {name} side has {samples:,.0f} samples, too few for this percentile"
    return ""


def _figure(side: Seconds, percentile: float) -> float:
    if not side.runs:
        return math.nan
    return float(_percentiles(side.values_us, sum(run.sum(axis=0) for run in side.runs)[None, :], percentile)[0])


def _percentiles(values_us: NDArray[numpy.float64], totals: Counts, percentile: float) -> NDArray[numpy.float64]:
    """The percentile (nearest rank) of each row of totals."""
    if not totals.shape[1]:
        return numpy.full(totals.shape[0], math.nan)
    cumulative = totals.cumsum(axis=1)
    ranks = numpy.ceil(cumulative[:, -1] * percentile / 100).clip(min=1)
    places = (cumulative < ranks[:, None]).sum(axis=1).clip(max=len(values_us) - 1)
    return numpy.asarray(values_us[places])


def _log_spread(side: Seconds, percentile: float, random: numpy.random.Generator) -> float:
    """The standard deviation of the logarithm of the figure over draws of runs and of their seconds."""
    totals = numpy.zeros((_DRAWS, len(side.values_us)))
    runs = random.multinomial(len(side.runs), [1 / len(side.runs)] * len(side.runs), size=_DRAWS)
    for number, run in enumerate(side.runs):
        seconds = len(run)
        drawn = random.multinomial(seconds, [1 / seconds] * seconds, size=_DRAWS)
        totals += (drawn * runs[:, [number]]) @ run
    return float(numpy.log(_percentiles(side.values_us, totals, percentile)).std(ddof=1))
