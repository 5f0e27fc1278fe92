"""The verdicts on what the global stream told: pass, fail, or unknown when there was nothing to judge by."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from studio.verify.catalogue import CHECKS
from studio.verify.evidence import Offender
from studio.verify.faults import AFTER_DONE, TRANSITIONS, UNEXPECTED
from studio.verify.findings import CheckVerdict
from studio.verify.offences import DUPLICATED, FILTERED, LOST, REORDERED, SAME, SESSIONS_END, STUCK, Offences
from studio.verify.tally import Tally


class CheckResult(NamedTuple):
    """What one check found."""

    name: str
    verdict: CheckVerdict
    summary: str
    """One sentence for people."""
    counts: dict[str, int]
    offenders: list[Offender]
    """The first offenders. Of an event: event_id, type, task_id, detail, streams (the first few, as worker/number),
    stream_count, sent_ns and answered_ns (of the call behind it, or None), first_arrival_ns, last_arrival_ns. Of all:
    what is wrong, and again: a command that looks again, with the service's address left as $HOST."""


class Account(NamedTuple):
    """What the verdicts are formed of."""

    tally: Tally
    offences: Offences
    calls: int
    """REST calls that the run reported."""
    own_events: int
    """Events of the run's own tasks that were judged."""
    sessions: Counter[str]
    """What became of the run's sessions, as ``sessions.count_fates`` has it."""
    filtered: bool
    """A stream asked for some tasks only."""
    broadcast: bool
    """Every stream tells the same at the same time, as the live service does and a recording does not."""


def results_of(account: Account) -> list[CheckResult]:
    """The checks on the global stream; those that this run had no matter for are left out."""
    tally = account.tally
    found = [_lost(account), _duplicated(account), _reordered(account), _unexpected(account)]
    if tally.foreign_expected or (tally.foreign and not account.broadcast):
        found.append(_same(account))
    if account.filtered:
        found.append(_filtered(account))
    found += [_of_life(account, TRANSITIONS, "contradict"), _of_life(account, AFTER_DONE, "came after the end of")]
    if account.sessions.total():
        found += [_sessions_end(account), _stuck(account)]
    return found


def _lost(account: Account) -> CheckResult:
    tally = account.tally
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
    return CheckResult(LOST, verdict, summary, counts, account.offences.of(LOST))


def _duplicated(account: Account) -> CheckResult:
    tally = account.tally
    wrong = f"{tally.duplicated} of {tally.arrivals} arrivals were repetitions on the same stream"
    right = f"none of {tally.arrivals} arrivals was a repetition"
    return _of_arrivals(account, DUPLICATED, "duplicated", wrong, right)


def _reordered(account: Account) -> CheckResult:
    tally = account.tally
    wrong = f"{tally.reordered} of {tally.arrivals} arrivals came out of turn"
    right = f"all {tally.arrivals} arrivals came in one order"
    return _of_arrivals(account, REORDERED, "reordered", wrong, right)


def _of_arrivals(account: Account, check: str, kind: str, wrong: str, right: str) -> CheckResult:
    counts = _counts(account.tally, kind, "arrivals", "replayed")
    verdict: CheckVerdict = "fail" if counts[kind] else "pass"
    summary = wrong if counts[kind] else right
    if not counts["arrivals"]:
        verdict, summary = "unknown", "no event arrived"
    return CheckResult(check, verdict, summary, counts, account.offences.of(check))


def _unexpected(account: Account) -> CheckResult:
    found, doubts = account.offences.faults[UNEXPECTED], account.offences.doubts[UNEXPECTED]
    verdict: CheckVerdict = "pass"
    summary = CHECKS[UNEXPECTED].holds + _doubted(account, UNEXPECTED)
    if found:
        verdict, summary = "fail", f"{found} events of the run's tasks were caused by nothing"
    elif not account.calls:
        verdict, summary = "unknown", "the run called upon no task, so no event was its own"
    counts = {"unexpected": found, "unknown": doubts, **_counts(account.tally, "foreign", "other")}
    return CheckResult(UNEXPECTED, verdict, summary, counts, account.offences.of(UNEXPECTED))


def _same(account: Account) -> CheckResult:
    counts = _counts(account.tally, "foreign_expected", "foreign_missed", "foreign", "other")
    expected, missed = counts["foreign_expected"], counts["foreign_missed"]
    verdict: CheckVerdict = "pass"
    summary = CHECKS[SAME].holds
    if not account.broadcast:
        verdict, summary = "unknown", "each stream plays a recording from its own start, so they need not be alike"
    elif missed:
        verdict = "fail"
        summary = f"{missed} of {expected} deliveries of events that are not the run's did not come, others of them did"
    return CheckResult(SAME, verdict, summary, counts, account.offences.of(SAME))


def _filtered(account: Account) -> CheckResult:
    counts = _counts(account.tally, "misdirected", "arrivals")
    verdict: CheckVerdict = "pass"
    summary = CHECKS[FILTERED].holds
    if counts["misdirected"]:
        verdict = "fail"
        summary = f"{counts['misdirected']} live arrivals on filtered streams were of tasks that the filter keeps out"
    elif not counts["arrivals"]:
        verdict, summary = "unknown", "no event arrived"
    return CheckResult(FILTERED, verdict, summary, counts, account.offences.of(FILTERED))


def _of_life(account: Account, check: str, wrong: str) -> CheckResult:
    found, doubts, events = account.offences.faults[check], account.offences.doubts[check], account.own_events
    verdict: CheckVerdict = "pass"
    summary = CHECKS[check].holds + _doubted(account, check)
    if found:
        verdict, summary = "fail", f"{found} of {events} events {wrong} the life of their task"
    elif doubts >= events:
        verdict = "unknown"
        summary = summary if doubts else "no event of the run's own tasks came"
    counts = {"events": events, "failed": found, "unknown": doubts}
    return CheckResult(check, verdict, summary, counts, account.offences.of(check))


def _doubted(account: Account, check: str) -> str:
    doubts = account.offences.doubts[check]
    return f"; {doubts} events cannot be judged: {account.offences.doubt[check]}" if doubts else ""


def _sessions_end(account: Account) -> CheckResult:
    states = ("ended", "deleted", "running", "unknown", "failed")
    counts = {"sessions": sum(account.sessions[state] for state in states)}
    counts |= {state: account.sessions[state] for state in states}
    verdict: CheckVerdict = "pass"
    summary, unsure = CHECKS[SESSIONS_END].holds, counts["running"] + counts["unknown"]
    if counts["failed"]:
        verdict, summary = "fail", f"{counts['failed']} of {counts['sessions']} sessions never ended"
    elif unsure:
        why = f"{counts['running']} were still under way at the end, of {counts['unknown']} no stream could tell"
        summary = f"{summary}; {unsure} of {counts['sessions']} cannot be judged: {why}"
        verdict = "unknown" if unsure == counts["sessions"] else "pass"
    return CheckResult(SESSIONS_END, verdict, summary, counts, account.offences.of(SESSIONS_END))


def _stuck(account: Account) -> CheckResult:
    sessions = account.sessions
    counts = {"sessions": account.sessions.total() - sessions["stuck"] - sessions["unsure"]}
    counts |= {"stuck": sessions["stuck"], "unknown": sessions["unsure"]}
    verdict: CheckVerdict = "pass"
    summary = CHECKS[STUCK].holds
    if counts["stuck"]:
        verdict = "fail"
        summary = (
            f"{counts['stuck']} of {counts['sessions']} sessions kept their task in a phase beyond `--stuck-after`"
        )
    elif counts["unknown"]:
        summary = f"{summary}; {counts['unknown']} of {counts['sessions']} were not watched for so long"
        verdict = "unknown" if counts["unknown"] == counts["sessions"] else "pass"
    return CheckResult(STUCK, verdict, summary, counts, account.offences.of(STUCK))


def _counts(tally: Tally, *names: str) -> dict[str, int]:
    every = tally.as_dict()
    return {name: every[name] for name in names}
