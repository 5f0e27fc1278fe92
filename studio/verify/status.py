"""Statuses: what the stream told of a task, what REST showed of it, and for how long the two differed."""

from __future__ import annotations

from typing import Final, NamedTuple

from studio.verify.findings import Check, Finding, failed, passed, unknown

AGREES: Final = "status.agrees"
FRESH: Final = "status.fresh"
TOLD_IN_TIME: Final = "status.told_in_time"

CHECKS: Final = (
    Check(
        name=AGREES,
        holds="the stream's last word on a task's status agreed with REST",
        promise="after each change of a status that was looked at (transition, PATCH, complete, execute, the end or "
        "failure of a session), REST said what the stream had said last within `--status-grace`; after DELETE, 404",
        blind="disagreement that was over before REST was asked, and tasks of other people",
        unknown="a stream was not open all the time, so its last word is not known; or REST did not answer",
    ),
    Check(
        name=FRESH,
        holds="a GET sent on receipt of an event showed what the event told",
        promise="REST showed each change of a status to a reader who asked after the event came: it is written first "
        "and published after",
        blind="an event that is published early by less than it takes to come and be asked about",
        unknown="the GET was not answered",
    ),
    Check(
        name=TOLD_IN_TIME,
        holds="the stream told each change of a status soon after REST had it",
        promise="the event of each change that a call asked for came within `--told-within` of the call's answer",
        blind="changes that no call of the tester asked for, such as those at the end of a session; and an event that "
        "never comes, which is for `status.agrees` and `delivery.lost`",
        unknown="the event shared a read with others, so that it may have come in time or not",
    ),
)

_MS: Final = 1_000_000


class Look(NamedTuple):
    """A GET of a task."""

    sent_ns: int
    answered_ns: int
    status: str
    """The task's status; empty when there was no good answer."""
    problem: str = ""
    """What was wrong with the answer, if anything."""


class Change(NamedTuple):
    """A change of a task's status that the stream told."""

    task_id: str
    before: str
    after: str
    earliest_ns: int
    latest_ns: int
    """Between which moments the event came."""
    sent_ns: int | None
    answered_ns: int | None
    """When the call that asked for the change was sent, and answered as done; None where there was no such call."""
    looks: tuple[Look, ...]
    """GETs that were sent after the event came, in turn, up to the first that showed it."""
    later: frozenset[str]
    """Statuses that the task had, or may have had, after this one."""

    @property
    def name(self) -> str:
        """The change as one word, such as ``review>done``."""
        return f"{self.before}>{self.after}"

    def shown_by(self, look: Look) -> bool:
        """Whether a look shows the change, or something later."""
        return look.status == self.after or look.status in self.later


def fresh(change: Change) -> list[Finding]:
    """Did the first GET after the event show what the event had told, or something later?

    A status that neither side ever told before or after is for ``agrees`` to judge.
    """
    if not change.looks:
        return []
    first = change.looks[0]
    if first.problem:
        return [unknown(FRESH, f"a GET was not answered: {first.problem}", task_id=change.task_id)]
    if change.shown_by(first):
        return [passed(FRESH)]
    if first.status != change.before:
        return []
    shown = next((look for look in change.looks if change.shown_by(look)), None)
    asked_after_ns = first.sent_ns - change.latest_ns
    stale_ns = (shown or change.looks[-1]).sent_ns - change.latest_ns
    until = f"for up to {stale_ns / _MS:.1f} ms" if shown else f"for {stale_ns / _MS:.1f} ms, when it was asked last"
    return [
        failed(
            FRESH,
            f"a GET sent {asked_after_ns / _MS:.1f} ms after the stream told {change.name} was stale: it said "
            f"{first.status!r}, and so did REST {until}; the event was published before the status was written",
            task_id=change.task_id,
            change=change.name,
            told_ns=change.latest_ns,
            asked_ns=first.sent_ns,
            rest_status=first.status,
            stale_ms=round(stale_ns / _MS, 3),
        )
    ]


def told_in_time(change: Change, limit_s: float) -> list[Finding]:
    """Did the event come soon after the answer to the call that asked for the change?"""
    if change.answered_ns is None:
        return []
    least_ns, most_ns = change.earliest_ns - change.answered_ns, change.latest_ns - change.answered_ns
    limit_ns = int(limit_s * 1e9)
    if most_ns <= limit_ns:
        return [passed(TOLD_IN_TIME)]
    if least_ns <= limit_ns:
        return [unknown(TOLD_IN_TIME, "an event shared a read with others, so that its time is not known well enough")]
    return [
        failed(
            TOLD_IN_TIME,
            f"the stream told {change.name} {least_ns / _MS:.0f} ms after REST had answered that it was so; the limit "
            f"is {limit_s * 1000:g} ms",
            task_id=change.task_id,
            change=change.name,
            answered_ns=change.answered_ns,
            told_ns=change.latest_ns,
            late_ms=round(least_ns / _MS, 3),
        )
    ]


def disagreement(change: Change) -> tuple[int, int] | None:
    """How long the stream and REST told different statuses, at least and at most, in nanoseconds.

    REST had the change between the sending of the call, or of the last stale GET, and the first answer that shows it.
    None where no answer shows it.
    """
    stale_ns, shown_ns = _rest_changed(change)
    if shown_ns is None:
        return None
    earliest_ns = change.earliest_ns if stale_ns is None else stale_ns
    least_ns = max(0, earliest_ns - change.latest_ns, change.earliest_ns - shown_ns)
    return least_ns, max(least_ns, shown_ns - change.earliest_ns, change.latest_ns - earliest_ns)


def _rest_changed(change: Change) -> tuple[int | None, int | None]:
    """After which moment, and by which, REST had the change."""
    before = [change.sent_ns] if change.sent_ns is not None else []
    by = [change.answered_ns] if change.answered_ns is not None else []
    for look in change.looks:
        if change.shown_by(look):
            by.append(look.answered_ns)
            break
        if look.status == change.before:
            before.append(look.sent_ns)
    return max(before, default=None), min(by, default=None)


class Agreement(NamedTuple):
    """The last look at a task's status on both sides."""

    task_id: str
    when: str
    """Such as ``after complete``."""
    streamed: str
    """The stream's last word."""
    rest: str
    """What REST said; empty without a good answer."""
    problem: str
    """What was wrong with REST's answer, if anything."""
    waited_s: float
    """How long both were given to agree."""
    watched: bool
    """The stream was open all the time."""


def agrees(seen: Agreement) -> list[Finding]:
    """Is the stream's last word what REST says?"""
    if seen.rest and seen.rest == seen.streamed:
        return [passed(AGREES)]
    if not seen.rest:
        return [unknown(AGREES, f"{seen.when}: REST did not tell the status: {seen.problem}", task_id=seen.task_id)]
    if not seen.watched:
        return [unknown(AGREES, "the stream was not open all the time, so its last word is not known")]
    return [
        failed(
            AGREES,
            f"{seen.when}: the stream's last word is {seen.streamed!r}, REST says {seen.rest!r}, also "
            f"{seen.waited_s:.1f} s later",
            task_id=seen.task_id,
            stream_status=seen.streamed,
            rest_status=seen.rest,
        )
    ]


def gone(task_id: str, status: int, body_status: str = "") -> list[Finding]:
    """Does a GET say 404 after the DELETE of a task was acknowledged? ``status`` is the answer's, 0 for none."""
    if status == 404:
        return [passed(AGREES)]
    if not status:
        return [unknown(AGREES, "after DELETE: REST did not answer", task_id=task_id)]
    shown = f"{status} with the status {body_status!r}" if body_status else str(status)
    return [
        failed(AGREES, f"after DELETE: a GET of the task was answered {shown}, not 404", task_id=task_id, status=status)
    ]
