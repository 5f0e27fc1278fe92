"""What a climb makes of the run: it goes over the capacity on purpose, so its answer stands in place of the targets
that load wears down, and those that load does not change are judged as ever.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from config.values import scenario_counts
from locust_eventsource.measure.climb_step import judged_by_step
from locust_eventsource.measure.thresholds import Threshold
from locust_eventsource.measure.verdict_types import Figures, Row, Verdict
from locust_eventsource.measure.verdicts import judge
from reports.capacity import MISSED, Capacity, end_of, load_text, summary_of
from reports.codec import from_json
from studio.verify.checks import CheckResult
from studio.verify.held import HELD
from studio.verify.offences import LOST, SAME

NAME: Final = "capacity"
"""The scenario's name, and that of the metric."""
USER_CLASS: Final = "CapacityUser"

_OF_LOAD: Final = ("late", "failures", "reconnects", "retransmits", "out_of_order", "unread")
"""Counts that a load beyond the capacity drives up, and that steps do not take."""
_CHECKED_BY_STEP: Final = (LOST, SAME, HELD)
"""A load beyond the capacity may cost events and streams; each step counts its own."""


def asked(options: Namespace) -> bool:
    """Whether the scenario is part of the run, by its name or by that of its class."""
    classes = getattr(options, "user_classes", None) or ()
    return NAME in scenario_counts(getattr(options, "scenario", None) or ()) or USER_CLASS in classes


def capacity_of(so_far: dict[str, Any] | None, started_ns: int) -> Capacity:
    """What the climb found, with times since the start of the run; an empty answer where it never began."""
    found = from_json(Capacity, so_far or {}, NAME)
    steps = [replace(step, at_s=round(step.at_s - started_ns / 1e9, 1)) for step in found.steps]
    return replace(found, steps=steps, summary=summary_of(found))


def checks_of_run(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Without those that each step makes for itself."""
    return [check for check in checks if check.name not in _CHECKED_BY_STEP]


def rows(thresholds: Sequence[Threshold], figures: Figures, fit: Row, found: Capacity) -> list[Row]:
    """The rows of a run with a climb: its answer, what load does not change, and what was judged step by step."""
    judged = [
        _row(threshold, row, found) for threshold, row in zip(thresholds, judge(thresholds, figures), strict=True)
    ]
    floor = any(threshold.metric == NAME for threshold in thresholds)
    answer = [] if floor else [_answer(found, fit)]
    return [*answer, *judged, _put_aside(fit, "judged for each step of the climb")]


def _row(threshold: Threshold, row: Row, found: Capacity) -> Row:
    if judged_by_step(threshold):
        return _put_aside(row, "judged for each step of the climb")
    if threshold.metric in _OF_LOAD:
        return _put_aside(row, "not asked of a run that goes beyond what the service holds on purpose")
    if threshold.metric == NAME and row.verdict is Verdict.FAIL and found.limit != MISSED:
        return row._replace(verdict=Verdict.INCONCLUSIVE, reason=end_of(found))
    return row


def _put_aside(row: Row, reason: str) -> Row:
    """The row without the figures of the whole run, which mix every load."""
    return row._replace(
        verdict=Verdict.NOT_ASKED,
        reason=reason,
        measured_text="",
        margin_text="",
        samples=0,
        measured=None,
        low=None,
        high=None,
        confidence=None,
        too_few=False,
    )


def _answer(found: Capacity, pattern: Row) -> Row:
    """The climb as a row, where no floor is asked: it passes when it found what the service holds."""
    held = found.held.deliveries_per_s if found.held else None
    return pattern._replace(
        expression=f"{NAME}:found",
        metric=NAME,
        aggregation="found",
        measured_text=load_text(found.held) if found.held else "",
        margin_text="",
        samples=len(found.steps),
        verdict=_verdict(found),
        reason="" if _verdict(found) is Verdict.PASS else end_of(found),
        measured=held,
        low=held,
        high=held,
    )


def _verdict(found: Capacity) -> Verdict:
    if not found.complete or found.limit not in ("", MISSED):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if found.held else Verdict.FAIL
