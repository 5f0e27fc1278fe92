"""Verdicts: thresholds held against the figures of a run.

A percentile carries a verdict when n(1 - p) is at least 10. With fewer samples the row passes when even the maximum
meets the limit, fails when even the confidence bound of the percentile misses it, and is inconclusive otherwise. (A
lower limit, such as ``>1ms``, is held against the minimum and the upper bound instead.) Lost samples rank as
infinitely late.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, runtime_checkable

from locust_eventsource.measure import confidence
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.thresholds import Threshold
from locust_eventsource.measure.verdict_text import latency_text, margin_text, number_text, rate_text


class Verdict(StrEnum):
    """What a row says. ``NOT_ASKED``: a default row about something that the run's user classes cannot produce."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_ASKED = "not asked"


class Row(NamedTuple):
    """A threshold, what was measured and what follows.

    ``measured`` and ``limit`` are in ``unit``: ``us`` for times, ``fraction`` for rates, empty for plain numbers.
    ``measured`` is None without data and infinite when the figure falls among lost events.
    """

    expression: str
    metric: str
    type: str | None
    aggregation: str
    measured_text: str
    margin_text: str
    samples: int
    verdict: Verdict
    reason: str
    origin: str
    measured: float | None
    limit: float
    unit: str


class Figures(Protocol):
    """What a run measured. None means that nothing was measured, which is not the same as zero."""

    def histogram(self, metric: str, type: str | None) -> LatencyHistogram | None:
        """The samples of a latency."""

    def count(self, metric: str, type: str | None) -> int | None:
        """A count; None when nothing could have been counted."""

    def rate(self, metric: str) -> tuple[int, int] | None:
        """A rate as part and total."""

    def gauge(self, metric: str) -> float | None:
        """The highest value of a gauge."""

    def lost(self, metric: str, type: str | None) -> int:
        """Samples of a latency that never came."""

    def doubt(self, metric: str) -> str | None:
        """Why the figures of this metric cannot carry a verdict, if they cannot."""

    def asked(self, metric: str) -> bool:
        """Whether the run's user classes can produce this metric."""


@runtime_checkable
class Exposure(Protocol):
    """What ``Figures`` may know besides: over how many things a count was taken."""

    def out_of(self, metric: str, type: str | None) -> int | None:
        """The deliveries that were owed, for ``lost``; None when there is no such number."""


class _Finding(NamedTuple):
    verdict: Verdict
    measured: float
    text: str
    samples: int
    reason: str = ""


class _Samples(NamedTuple):
    histogram: LatencyHistogram
    lost: int

    @property
    def number(self) -> int:
        return self.histogram.count + self.lost


_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def judge(thresholds: Iterable[Threshold], figures: Figures) -> list[Row]:
    """One row for each threshold, in order. A row that the user wrote never passes without data."""
    return [_judge(threshold, figures) for threshold in thresholds]


def _judge(threshold: Threshold, figures: Figures) -> Row:
    if threshold.origin == "default" and not figures.asked(threshold.metric):
        return _row(threshold, None, Verdict.NOT_ASKED, f"nothing in this run produces {threshold.metric}")
    finding = _find(threshold, figures)
    doubt = figures.doubt(threshold.metric)
    if finding is None:
        no_data = f"no data: no {_subject(threshold)} was measured"
        return _row(threshold, None, Verdict.INCONCLUSIVE, doubt or no_data)
    if doubt:
        return _row(threshold, finding, Verdict.INCONCLUSIVE, doubt)
    return _row(threshold, finding, finding.verdict, finding.reason)


def _row(threshold: Threshold, finding: _Finding | None, verdict: Verdict, reason: str) -> Row:
    return Row(
        expression=threshold.text,
        metric=threshold.metric,
        type=threshold.type,
        aggregation=threshold.aggregation_text,
        measured_text=finding.text if finding else "",
        margin_text=margin_text(threshold, finding.measured) if finding else "",
        samples=finding.samples if finding else 0,
        verdict=verdict,
        reason=reason,
        origin=threshold.origin,
        measured=finding.measured if finding else None,
        limit=threshold.limit,
        unit="us" if threshold.is_time else "fraction" if threshold.aggregation == "rate" else "",
    )


def _find(threshold: Threshold, figures: Figures) -> _Finding | None:
    if threshold.kind == "latency":
        return _latency(threshold, figures)
    if threshold.kind == "rate":
        return _rate(threshold, figures)
    if threshold.kind == "gauge":
        peak = figures.gauge(threshold.metric)
        return None if peak is None else _plainly(threshold, peak, number_text(peak), int(peak))
    return _count(threshold, figures)


def _count(threshold: Threshold, figures: Figures) -> _Finding | None:
    count = figures.count(threshold.metric, threshold.type)
    if count is None:
        return None
    total = figures.out_of(threshold.metric, threshold.type) if isinstance(figures, Exposure) else None
    if total is None:
        return _plainly(threshold, count, number_text(count), count)
    return _plainly(threshold, count, f"{count:,} of {total:,}", total)


def _rate(threshold: Threshold, figures: Figures) -> _Finding | None:
    part, total = figures.rate(threshold.metric) or (0, 0)
    if not total:
        return None
    measured = part / total if threshold.aggregation == "rate" else part
    return _plainly(threshold, measured, rate_text(part, total), total)


def _latency(threshold: Threshold, figures: Figures) -> _Finding | None:
    histogram = figures.histogram(threshold.metric, threshold.type) or LatencyHistogram()
    samples = _Samples(histogram, figures.lost(threshold.metric, threshold.type))
    if not samples.number:
        return None
    if threshold.aggregation == "count":
        return _plainly(threshold, histogram.count, number_text(histogram.count), histogram.count)
    if threshold.percentile is None or threshold.percentile == 100:
        value = _extreme_or_mean(threshold.aggregation, samples)
        return _plainly(threshold, value, _value_text(value, samples), samples.number)
    if confidence.enough_samples(samples.number, threshold.percentile):
        value = histogram.percentile_us(threshold.percentile, samples.lost)
        beside = "" if samples.lost else f" (max {latency_text(histogram.max_us)})"
        return _plainly(threshold, value, _value_text(value, samples) + beside, samples.number)
    return _with_few_samples(threshold, threshold.percentile, samples)


def _plainly(threshold: Threshold, measured: float, text: str, samples: int) -> _Finding:
    verdict = Verdict.PASS if _meets(threshold, measured) else Verdict.FAIL
    reason = "lost events rank as infinitely late" if math.isinf(measured) else ""
    return _Finding(verdict, measured, text, samples, reason)


def _with_few_samples(threshold: Threshold, percentile: float, samples: _Samples) -> _Finding:
    """The rule for n(1 - p) < 10; see the module's description."""
    number, upper_limit = samples.number, threshold.operator in ("<", "<=")
    which = "max" if upper_limit else "min"
    extreme = _extreme_or_mean(which, samples)
    text = f"{which} of {number:,}: {_value_text(extreme, samples)}"
    if _meets(threshold, extreme):
        return _Finding(Verdict.PASS, extreme, text, number)
    lower, upper = confidence.rank_interval(number, percentile)
    rank = lower if upper_limit else upper
    side = "lower" if upper_limit else "upper"
    figure = threshold.aggregation_text
    if 1 <= rank <= number:
        bound = samples.histogram.value_at_rank_us(rank)
        if not _meets(threshold, bound):
            text = f"{side} bound of {figure}: {_value_text(bound, samples)}"
            reason = f"even the {side} 95 % confidence bound of {figure} over {number:,} samples misses the limit"
            return _Finding(Verdict.FAIL, bound, text, number, reason)
    reason = (
        f"too few samples for {figure}: {number:,} of {confidence.samples_needed(percentile):,}; the {which}imum "
        f"misses the limit, the {side} 95 % confidence bound does not"
    )
    return _Finding(Verdict.INCONCLUSIVE, extreme, text, number, reason)


def _extreme_or_mean(aggregation: str, samples: _Samples) -> float:
    if aggregation == "min":
        return samples.histogram.min_us if samples.histogram.count else math.inf
    if samples.lost:
        return math.inf
    return samples.histogram.mean_us if aggregation == "avg" else samples.histogram.max_us


def _meets(threshold: Threshold, measured: float) -> bool:
    return _OPERATORS[threshold.operator](measured, threshold.limit)


def _value_text(value_us: float, samples: _Samples) -> str:
    return latency_text(value_us) + (f" ({samples.lost:,} lost)" if samples.lost else "")


def _subject(threshold: Threshold) -> str:
    return threshold.metric if threshold.type is None else f"{threshold.metric}{{{threshold.type}}}"
