"""What a run found against what its row states."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from locust_eventsource.measure.exit_codes import FAILED, PASS
from matrix.load import Outcome
from matrix.rows.row import Row
from reports.model import CheckRecord, Result, RowRecord
from reports.wording import offenders, plain, reasons

TOLD_BY: Final = {
    "lost": ("delivery.lost",),
    "duplicated": ("delivery.duplicated",),
    "reordered": ("delivery.reordered",),
    "unexpected": ("delivery.unexpected", "lifecycle.transitions", "lifecycle.after_done", "fanout.filtered"),
}
"""Targets on what the judge counts: the same facts as these checks tell."""


class Failure(NamedTuple):
    """A check or a target that failed."""

    name: str
    message: str
    """What the first offender is, in words; of a target, what was measured."""
    evidence: tuple[tuple[str, str], ...]
    """What else the first offender carries: label and text."""
    noticed_s: float | None
    """When the running test first said so, in seconds since its start; None when it was judged at the end."""

    @property
    def text(self) -> str:
        """Everything that it says, on one line."""
        return "; ".join([self.message, *(f"{label}: {value}" for label, value in self.evidence)])


def failures(result: Result) -> dict[str, Failure]:
    """The checks and targets that failed, by name; a target that a check tells as well stands under the check's."""
    failed = [check for check in result.checks if check.verdict == "fail"]
    told = {check.name for check in failed}
    missed = [row for row in result.rows if row.verdict == "fail" and told.isdisjoint(_told_by(row))]
    checks = [_of_check(check, result.run.started_ns) for check in failed]
    return {failure.name: failure for failure in [*map(_of_target, missed), *checks]}


def differences(row: Row, outcome: Outcome) -> list[str]:
    """How the run differs from what the row states, one sentence each; none when it is as stated."""
    found = failures(outcome.result)
    stated = {row.check, *row.also}
    said = [] if outcome.exit_code == FAILED else [f"exit code {outcome.exit_code} instead of {FAILED}"]
    said += [f"{name} did not fail" for name in sorted(stated - found.keys())]
    said += [f"{name} failed, which is not stated: {found[name].text}" for name in sorted(found.keys() - stated)]
    if row.check in found:
        text = found[row.check].text
        said += [f"{row.check} does not say {words!r}: {text}" for words in row.says if words not in text]
    return said


def complaints(outcome: Outcome, *, without: str = "") -> list[str]:
    """What a run without any defect has against the service or leaves open; none when everything passed.

    Rows of the metric ``without`` are passed over.
    """
    passed_over = {row.expression for row in outcome.result.rows if row.metric == without}
    found = reasons(outcome.result)
    said = [f"{each.subject} {each.verdict}: {each.text}" for each in found if each.subject not in passed_over]
    if outcome.exit_code != PASS and not found:
        said.append(f"exit code {outcome.exit_code}: {plain(outcome.result.verdict.summary)}")
    return said


def _told_by(row: RowRecord) -> tuple[str, ...]:
    """The checks that tell the fact behind a missed target.

    A percentile that is infinite says that events were lost; whether they suffice for a verdict depends on how many
    samples there are.
    """
    if row.measured is not None and math.isinf(row.measured):
        return TOLD_BY["lost"]
    return TOLD_BY.get(row.metric, ())


def _of_check(check: CheckRecord, started_ns: int) -> Failure:
    offender = next(iter(offenders(check, started_ns)), None)
    if offender is None:
        return Failure(check.name, plain(check.summary), (), check.noticed_s)
    evidence = (*offender.event, *offender.streams, *offender.times)
    return Failure(check.name, offender.what, evidence, check.noticed_s)


def _of_target(row: RowRecord) -> Failure:
    name = TOLD_BY.get(row.metric, (row.expression,))[0]
    message = ", ".join(filter(None, (row.measured_text, row.margin_text, row.reason)))
    return Failure(name, plain(message), (), None)
