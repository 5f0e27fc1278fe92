"""Verdicts: thresholds held against the figures of a run. How latencies are judged is in ``latency_verdicts``."""

from __future__ import annotations

from collections.abc import Iterable

from locust_eventsource.measure.latency_verdicts import find_latency
from locust_eventsource.measure.metrics import METRICS
from locust_eventsource.measure.thresholds import Threshold
from locust_eventsource.measure.verdict_text import margin_text, number_text, rate_text
from locust_eventsource.measure.verdict_types import Exposure, Figures, Finding, Row, Verdict, plain_finding

__all__ = ["Exposure", "Figures", "Row", "Verdict", "judge"]


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
    overloaded = figures.overloaded() if _rests_on_slowness(threshold, finding.verdict) else None
    if overloaded:
        reason = f"{overloaded}, and {threshold.metric} contains what it was late by itself"
        return _row(threshold, finding, Verdict.INCONCLUSIVE, reason)
    return _row(threshold, finding, finding.verdict, finding.reason)


def _rests_on_slowness(threshold: Threshold, verdict: Verdict) -> bool:
    """Whether a verdict would not hold if the samples were shorter than a tester that is late itself measured them."""
    if not (threshold.is_time and METRICS[threshold.metric].user_space):
        return False
    return verdict is (Verdict.FAIL if threshold.operator in ("<", "<=") else Verdict.PASS)


def _row(threshold: Threshold, finding: Finding | None, verdict: Verdict, reason: str) -> Row:
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
        low=finding.low if finding else None,
        high=finding.high if finding else None,
        confidence=finding.confidence if finding else None,
        too_few=bool(finding and finding.too_few),
    )


def _find(threshold: Threshold, figures: Figures) -> Finding | None:
    if threshold.kind == "latency":
        return find_latency(threshold, figures)
    if threshold.kind == "rate":
        return _rate(threshold, figures)
    if threshold.kind == "gauge":
        peak = figures.gauge(threshold.metric)
        return None if peak is None else plain_finding(threshold, peak, number_text(peak), int(peak))
    return _count(threshold, figures)


def _count(threshold: Threshold, figures: Figures) -> Finding | None:
    count = figures.count(threshold.metric, threshold.type)
    if count is None:
        return None
    total = figures.out_of(threshold.metric, threshold.type) if isinstance(figures, Exposure) else None
    if total is None:
        return plain_finding(threshold, count, number_text(count), count)
    return plain_finding(threshold, count, f"{count:,} of {total:,}", total)


def _rate(threshold: Threshold, figures: Figures) -> Finding | None:
    part, total = figures.rate(threshold.metric) or (0, 0)
    if not total:
        return None
    measured = part / total if threshold.aggregation == "rate" else part
    return plain_finding(threshold, measured, rate_text(part, total), total)


def _subject(threshold: Threshold) -> str:
    return threshold.metric if threshold.type is None else f"{threshold.metric}{{{threshold.type}}}"
