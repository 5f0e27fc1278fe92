"""The verdict on one step of a climb, from what was measured in that step alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from locust_eventsource.measure.climb import Load, Outcome
from locust_eventsource.measure.confidence import rank_of
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.thresholds import Threshold
from locust_eventsource.measure.verdict_types import Row, Verdict, meets

REACHED: Final = 0.95
"""The share of the events due that must have been begun, and acknowledged, while the load lasted: a load that was not
reached cannot be held."""
_COUNTED: Final = ("lost", "errors")


class StepFacts(NamedTuple):
    """One step."""

    asked: Load
    rows: Sequence[Row]
    """The targets that are judged by step, against what this step measured."""
    streams_open: int
    """At its end."""
    planned: int
    """Events that were due while the load lasted."""
    begun: int
    """Of these, those whose call the tester had begun by the end of the load."""
    in_time: int
    """Of these, those that the service had acknowledged by the end of the load."""
    doomed: Sequence[str] = ()
    """Targets that could not be met any more, whatever the rest of the step had brought."""
    overload: str = ""
    """What of the tester was overloaded; empty when nothing was."""


class StepVerdict(NamedTuple):
    """What a step came to, and the reasons, the heaviest first; empty for a step that was held."""

    outcome: Outcome
    reasons: list[str]


def judged_by_step(threshold: Threshold) -> bool:
    """Whether a target is held against each step: latencies, losses and errors grow with the load."""
    return threshold.kind == "latency" or threshold.metric in _COUNTED


def judge_step(facts: StepFacts) -> StepVerdict:
    """Whether the load was held, and if not, by whose fault."""
    misses = _misses(facts)
    unclear = [f"{row.expression}: {row.reason}" for row in facts.rows if _is_open(row)]
    slow = _is_short(facts.begun, facts.planned)
    if not misses and not unclear and not slow:
        return StepVerdict(Outcome.HELD, [])
    own = [facts.overload] if facts.overload else []
    own += [f"the tester itself began {facts.begun} of {facts.planned} calls in time"] if slow else []
    if own:
        return StepVerdict(Outcome.TESTER, [*own, *misses, *unclear])
    return StepVerdict(Outcome.MISSED if misses else Outcome.UNCLEAR, [*misses, *unclear])


def doomed(thresholds: Iterable[Threshold], lows: LatencyHistogram, planned: int) -> list[str]:
    """Targets on a latency that a step misses whatever the rest of its ``planned`` samples turn out to be.

    ``lows`` are the samples so far, each as the least that it can be in truth. Only upper limits on a percentile or
    the maximum can be doomed.
    """
    return [threshold.text for threshold in thresholds if _is_doomed(threshold, lows, planned)]


def _is_doomed(threshold: Threshold, lows: LatencyHistogram, planned: int) -> bool:
    if threshold.operator not in ("<", "<=") or threshold.aggregation not in ("p", "max"):
        return False
    percentile = 100.0 if threshold.percentile is None else threshold.percentile
    allowed = planned - rank_of(percentile, planned) if planned else 0
    rank = lows.count - allowed
    return rank > 0 and not meets(threshold, lows.bounds_at_rank_us(rank)[0])


def _misses(facts: StepFacts) -> list[str]:
    failed = [row for row in facts.rows if row.verdict is Verdict.FAIL]
    told = {row.expression for row in failed}
    misses = [f"{row.expression}: {row.measured_text}" for row in failed]
    misses += [f"{text}: certain to be missed before the step was over" for text in facts.doomed if text not in told]
    if facts.streams_open < facts.asked.streams:
        misses.append(f"{facts.streams_open} of {facts.asked.streams} streams were open")
    if _is_short(facts.in_time, facts.begun):
        misses.append(f"{facts.in_time} of {facts.begun} events were acknowledged in time")
    return misses


def _is_short(reached: int, asked: int) -> bool:
    return reached < REACHED * asked


def _is_open(row: Row) -> bool:
    """Whether a target was measured in the step and yet not decided; what was not measured stands against nothing."""
    return row.verdict is Verdict.INCONCLUSIVE and row.measured is not None
