"""Three-valued verdicts of latencies: what holds for every truth that the samples' intervals allow.

A figure of the true latencies lies between the same figure of the samples' low ends and that of their high ends, since
each true latency lies between its own ends. An upper limit passes when even the high figure meets it, fails when even
the low figure misses it, and is inconclusive otherwise; a lower limit the other way round. The last digit that the
histogram keeps counts as part of the interval, so that it never decides a verdict either.

A percentile carries a verdict when n(1 - p) is at least 10. With fewer samples the row passes when even the maximum
meets the limit, fails when even the confidence bound of the percentile misses it, and is inconclusive otherwise. (A
lower limit, such as ``>1ms``, is held against the minimum and the upper bound instead.) Lost samples rank as
infinitely late.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from locust_eventsource.measure import confidence
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.samples import Samples
from locust_eventsource.measure.thresholds import Threshold
from locust_eventsource.measure.verdict_text import latency_text, number_text, span_text
from locust_eventsource.measure.verdict_types import Figures, Finding, Verdict, meets, plain_finding


class _Figure(NamedTuple):
    """A figure of the values, of the low ends and of the high ends, and where the true one is: [floor, ceiling)."""

    shown: float
    low: float
    high: float
    floor: float
    ceiling: float


def find_latency(threshold: Threshold, figures: Figures) -> Finding | None:
    """What a threshold on a latency comes to; None without samples."""
    samples = _samples(threshold, figures)
    if not samples.number:
        return None
    if threshold.aggregation == "count":
        return plain_finding(threshold, samples.values.count, number_text(samples.values.count), samples.values.count)
    found = _found(threshold, samples)
    if found.verdict is Verdict.INCONCLUSIVE and _blames_intervals(threshold, samples, found):
        return found._replace(reason=_uncertain(threshold, found, figures.uncertainty(threshold.metric)))
    return found


def _samples(threshold: Threshold, figures: Figures) -> Samples:
    metric, type_ = threshold.metric, threshold.type
    values = figures.histogram(metric, type_) or LatencyHistogram()
    lows, highs = figures.bounds(metric, type_) or (values, values)
    return Samples(values, lows, highs, figures.lost(metric, type_))


def _found(threshold: Threshold, samples: Samples) -> Finding:
    percentile = threshold.percentile
    if percentile is None or percentile == 100:
        return _finding(threshold, samples, _extreme_or_mean(threshold.aggregation, samples))
    if not confidence.enough_samples(samples.number, percentile):
        found = _with_few_samples(threshold, percentile, samples)
    else:
        figure = _at_rank(samples, confidence.rank_of(percentile, samples.number))
        beside = "" if samples.lost else f"max {latency_text(samples.values.max_us)}"
        found = _finding(threshold, samples, figure, beside=beside)
    return found._replace(confidence=samples.confidence_us(percentile))


def _with_few_samples(threshold: Threshold, percentile: float, samples: Samples) -> Finding:
    """The rule for n(1 - p) < 10; see the module's description."""
    number, upper_limit = samples.number, _is_upper(threshold)
    which, side = ("max", "lower") if upper_limit else ("min", "upper")
    figure = threshold.aggregation_text
    extreme = _finding(
        threshold, samples, _extreme_or_mean(which, samples), before=f"{which} of {number:,}: ", too_few=True
    )
    if extreme.verdict is Verdict.PASS:
        return extreme
    lower, upper = confidence.rank_interval(number, percentile)
    rank = lower if upper_limit else upper
    if 1 <= rank <= number:
        before = f"{side} bound of {figure}: "
        bound = _finding(threshold, samples, _at_rank(samples, rank), before=before, too_few=True)
        if bound.verdict is Verdict.FAIL:
            reason = f"even the {side} 95 % confidence bound of {figure} over {number:,} samples misses the limit"
            return bound._replace(reason=reason)
    reason = (
        f"too few samples for {figure}: {number:,} of {confidence.samples_needed(percentile):,}; the {which}imum "
        f"misses the limit, the {side} 95 % confidence bound does not"
    )
    return extreme._replace(verdict=Verdict.INCONCLUSIVE, reason=reason)


def _finding(
    threshold: Threshold,
    samples: Samples,
    figure: _Figure,
    *,
    before: str = "",
    beside: str = "",
    too_few: bool = False,
) -> Finding:
    verdict = _verdict(threshold, figure)
    lost = f"{samples.lost:,} lost" if samples.lost else ""
    span = span_text(figure.low, figure.high)
    span = "" if span == latency_text(figure.shown) else span
    parentheses = "; ".join(part for part in (span, lost, beside) if part)
    text = before + latency_text(figure.shown) + (f" ({parentheses})" if parentheses else "")
    reason = ""
    if math.isinf(figure.low) and samples.lost:
        reason = "lost events rank as infinitely late"
    elif verdict is Verdict.INCONCLUSIVE:
        reason = _nearness(threshold)
    return Finding(verdict, figure.shown, figure.low, figure.high, text, samples.number, reason, None, too_few)


def _verdict(threshold: Threshold, figure: _Figure) -> Verdict:
    if _is_upper(threshold):
        above = not meets(threshold, figure.floor)
        below = figure.ceiling <= threshold.limit
        return Verdict.FAIL if above else Verdict.PASS if below else Verdict.INCONCLUSIVE
    if meets(threshold, figure.floor):
        return Verdict.PASS
    return Verdict.FAIL if figure.ceiling <= threshold.limit else Verdict.INCONCLUSIVE


def _at_rank(samples: Samples, rank: int) -> _Figure:
    return _figure(samples, lambda ends: ends.value_at_rank_us(rank), lambda ends: ends.bounds_at_rank_us(rank))


def _extreme_or_mean(aggregation: str, samples: Samples) -> _Figure:
    if aggregation == "min" and samples.values.count:
        return _figure(samples, lambda ends: ends.min_us, lambda ends: ends.bounds_at_rank_us(1))
    if aggregation == "avg" and not samples.lost:
        return _figure(samples, lambda ends: ends.mean_us, lambda ends: ends.mean_bounds_us)
    return _at_rank(samples, samples.number)


def _figure(
    samples: Samples,
    shown: Callable[[LatencyHistogram], float],
    bounds: Callable[[LatencyHistogram], tuple[float, float]],
) -> _Figure:
    floor, ceiling = bounds(samples.lows)[0], bounds(samples.highs)[1]
    return _Figure(shown(samples.values), shown(samples.lows), shown(samples.highs), floor, ceiling)


def _blames_intervals(threshold: Threshold, samples: Samples, found: Finding) -> bool:
    """Whether it is the intervals of the samples that leave a finding open, rather than how few samples there are."""
    if not found.too_few:
        return found.low != found.high
    return _found(threshold, samples.as_shown).verdict is not Verdict.INCONCLUSIVE


def _uncertain(threshold: Threshold, found: Finding, why: str | None) -> str:
    span = span_text(found.low, found.high)
    if found.too_few:
        what = f"the intervals in which the {found.samples:,} samples lie leave {threshold.aggregation_text} open"
    else:
        what = f"{threshold.aggregation_text} is known to lie in {span}, and the limit does too"
    return f"{what} ({why})" if why else what


def _nearness(threshold: Threshold) -> str:
    return f"{threshold.aggregation_text} is nearer to the limit than the digits that are kept (three, to whole us)"


def _is_upper(threshold: Threshold) -> bool:
    return threshold.operator in ("<", "<=")
