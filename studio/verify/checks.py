"""The verdicts on deliveries: pass, fail, or unknown when there was nothing to judge by."""

from __future__ import annotations

from typing import NamedTuple

from studio.verify.evidence import Offender, Offenders
from studio.verify.findings import CheckVerdict
from studio.verify.tally import Tally


class CheckResult(NamedTuple):
    """What one check found."""

    name: str
    verdict: CheckVerdict
    summary: str
    """One sentence for people."""
    counts: dict[str, int]
    offenders: list[Offender]
    """The first offenders: event_id, type, task_id, detail, streams (the first few, as worker/number), stream_count,
    sent_ns and answered_ns (of the call behind it, or None), first_arrival_ns, last_arrival_ns, what."""


def delivery_checks(tally: Tally, offenders: Offenders, calls: int) -> list[CheckResult]:
    """The four checks on deliveries; ``calls`` is the number of REST calls that the run reported."""
    return [
        _lost(tally, offenders),
        _duplicated(tally, offenders),
        _reordered(tally, offenders),
        _unexpected(tally, offenders, calls),
    ]


def _lost(tally: Tally, offenders: Offenders) -> CheckResult:
    counts = _counts(tally, "expected", "delivered", "lost", "late", "optional", "unknown")
    verdict: CheckVerdict = "pass"
    summary = f"all {tally.expected} deliveries came"
    if tally.lost:
        verdict, summary = "fail", f"{tally.lost} of {tally.expected} deliveries did not come"
    elif tally.unknown:
        verdict = "unknown"
        summary = f"a worker stopped reporting: {tally.unknown} deliveries cannot be judged"
    elif not tally.expected:
        verdict = "unknown"
        summary = "no delivery was owed: no event of the run came about while a stream was open for it"
    return CheckResult("delivery.lost", verdict, summary, counts, offenders.of("lost"))


def _duplicated(tally: Tally, offenders: Offenders) -> CheckResult:
    wrong = f"{tally.duplicated} of {tally.arrivals} arrivals were repetitions on the same stream"
    right = f"none of {tally.arrivals} arrivals was a repetition"
    return _of_arrivals("duplicated", tally.duplicated, tally, offenders, wrong, right)


def _reordered(tally: Tally, offenders: Offenders) -> CheckResult:
    wrong = f"{tally.reordered} of {tally.arrivals} arrivals came out of turn"
    right = f"all {tally.arrivals} arrivals came in one order"
    return _of_arrivals("reordered", tally.reordered, tally, offenders, wrong, right)


def _of_arrivals(kind: str, found: int, tally: Tally, offenders: Offenders, wrong: str, right: str) -> CheckResult:
    verdict: CheckVerdict = "fail" if found else "pass"
    summary = wrong if found else right
    if not tally.arrivals:
        verdict, summary = "unknown", "no event arrived"
    return CheckResult(
        f"delivery.{kind}", verdict, summary, _counts(tally, kind, "arrivals", "replayed"), offenders.of(kind)
    )


def _unexpected(tally: Tally, offenders: Offenders, calls: int) -> CheckResult:
    verdict: CheckVerdict = "pass"
    summary = "every event of the run's tasks follows from a call of the run"
    if tally.unexpected:
        verdict, summary = "fail", f"{tally.unexpected} events of the run's tasks should not have been"
    elif not calls:
        verdict, summary = "unknown", "the run called upon no task, so no event was its own"
    counts = _counts(tally, "unexpected", "foreign", "other")
    return CheckResult("delivery.unexpected", verdict, summary, counts, offenders.of("unexpected"))


def _counts(tally: Tally, *names: str) -> dict[str, int]:
    every = tally.as_dict()
    return {name: every[name] for name in names}
