"""Executes: answered in time whatever the agent backend does, one session each, and refused where none may start."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from studio.verify.findings import Check, Finding, failed, passed, unknown

ACCEPTED: Final = "execute.accepted"
IN_TIME: Final = "execute.in_time"
SINGLE: Final = "execute.single"
DOUBLE_REFUSED: Final = "execute.double_refused"
DONE_REFUSED: Final = "execute.done_refused"

CHECKS: Final = (
    Check(
        name=ACCEPTED,
        holds="every execute was answered 202",
        promise="each execute of a task that could be executed was answered 202; of several at once, one",
        blind="what the service did behind its answer",
        unknown="never: an execute without an answer fails",
    ),
    Check(
        name=IN_TIME,
        holds="every execute was answered within the limit",
        promise="the head of the answer, whatever it says, came within `--execute-limit` of the request",
        blind="whether what was answered is so; the time is taken where the tester's code meets the socket",
        unknown="the answer came late by less than the tester's own event loop stood still",
    ),
    Check(
        name=SINGLE,
        holds="each execute that was acknowledged had one session, and no other execute had any",
        promise="GET /api/tasks/{id}/sessions listed exactly the sessions that 202 answers named, those of further "
        "phases of a plan, and none of an execute that was refused. The tester sends each execute once, never again",
        blind="a session that is started after the list was read, and one that is kept from the list",
        unknown="the list could not be read, or holds more than is known while an execute was never answered",
    ),
    Check(
        name=DOUBLE_REFUSED,
        holds="an execute of a task whose session ran was refused with 409",
        promise="of two executes of a task at once, and of one sent while a session ran, no second one was accepted",
        blind="executes that meet a session only after longer than the scenario waits",
        unknown="the session may have ended before the second execute was answered, or that was never answered",
    ),
    Check(
        name=DONE_REFUSED,
        holds="an execute of a task that is done was refused",
        promise="no execute of a task that REST had acknowledged as done was accepted",
        blind="tasks that became done in another way than by a call",
        unknown="the execute was not answered",
    ),
)

CONFLICT: Final = 409


class Execute(NamedTuple):
    """One execute and its answer."""

    task_id: str
    status: int
    """0 when there was no answer."""
    session_id: str
    """The session that an answer of 202 names, else empty."""
    problem: str
    """What was wrong with the answer; empty for an answer of 202."""
    sent_ns: int
    answered_ns: int
    """When the head of the answer came, or when the tester gave up waiting for it."""
    own_delay_s: float = 0.0
    """For how much of the time between the two the tester's own event loop stood still."""

    @property
    def seconds(self) -> float:
        """From sending to the head of the answer, or until the tester gave up."""
        return (self.answered_ns - self.sent_ns) / 1e9

    @property
    def accepted(self) -> bool:
        """The service acknowledged it."""
        return not self.problem


def accepted(execute: Execute) -> list[Finding]:
    """Was the execute answered 202?"""
    if execute.accepted:
        return [passed(ACCEPTED)]
    return [
        failed(
            ACCEPTED,
            f"an execute was not accepted: {execute.problem}",
            task_id=execute.task_id,
            status=execute.status,
            seconds=round(execute.seconds, 3),
        )
    ]


def in_time(execute: Execute, limit_s: float) -> list[Finding]:
    """Was the execute answered within the limit?"""
    if execute.status and execute.seconds <= limit_s:
        return [passed(IN_TIME)]
    if execute.seconds - execute.own_delay_s <= limit_s:
        why = f"the tester's own event loop stood still for {execute.own_delay_s:.3f} s of an execute's time"
        return [unknown(IN_TIME, why, task_id=execute.task_id)]
    what = f"{execute.status} came after" if execute.status else "no answer came in"
    return [
        failed(
            IN_TIME,
            f"an execute was not answered in time: {what} {execute.seconds:.3f} s, the limit is {limit_s:g} s",
            task_id=execute.task_id,
            session_id=execute.session_id,
            status=execute.status,
            sent_ns=execute.sent_ns,
            seconds=round(execute.seconds, 3),
        )
    ]


def one_accepted(executes: Sequence[Execute]) -> list[Finding]:
    """Of several executes of a task at once, and at least one: was one accepted? The others may be refused."""
    for_it = [execute for execute in executes if execute.accepted]
    others = [execute for execute in executes if execute.status != CONFLICT]
    return accepted([*for_it, *others, *executes][0])


def double_refused(first: Execute, second: Execute, *, ran: bool) -> list[Finding]:
    """Was the second execute refused, while the session of the first ran?

    ``ran`` says that this session is known to have been running still when the second was answered.
    """
    if second.status == CONFLICT:
        return [passed(DOUBLE_REFUSED)]
    if not second.status:
        return [unknown(DOUBLE_REFUSED, "the second execute was not answered", task_id=second.task_id)]
    if not ran:
        return [unknown(DOUBLE_REFUSED, "the session may have ended before the second execute was answered")]
    answer = f"accepted as session {second.session_id}" if second.accepted else f"answered {second.status}, not 409"
    return [
        failed(
            DOUBLE_REFUSED,
            f"a second execute was {answer} while session {first.session_id} of the task ran",
            task_id=second.task_id,
            session_id=first.session_id,
            second_session_id=second.session_id,
            status=second.status,
            sent_ns=second.sent_ns,
            answered_ns=second.answered_ns,
        )
    ]


def done_refused(execute: Execute) -> list[Finding]:
    """Was the execute of a task that is done refused?"""
    if not execute.status:
        return [unknown(DONE_REFUSED, "the execute of a task that is done was not answered", task_id=execute.task_id)]
    if not execute.accepted:
        return [passed(DONE_REFUSED)]
    return [
        failed(
            DONE_REFUSED,
            f"an execute of a task that is done was accepted as session {execute.session_id}",
            task_id=execute.task_id,
            session_id=execute.session_id,
            sent_ns=execute.sent_ns,
        )
    ]


def single(
    executes: Sequence[Execute], listed: Collection[str] | None, *, continuing: int = 0, problem: str = ""
) -> list[Finding]:
    """Has each acknowledged execute of one task the session that it named, and are there no others?

    ``listed`` are the ids of GET /api/tasks/{id}/sessions, read after all executes were answered; None with the
    ``problem`` that kept it from being read. ``continuing`` sessions of further phases are no execute's.
    """
    if not executes:
        return []
    task_id = executes[0].task_id
    if listed is None:
        return [unknown(SINGLE, f"the sessions of a task could not be read: {problem}", task_id=task_id)]
    named = {execute.session_id for execute in executes if execute.accepted}
    unanswered = sum(not execute.status for execute in executes)
    missing, others = named - set(listed), [session for session in listed if session not in named]
    if not missing and len(others) <= continuing:
        return [passed(SINGLE)]
    if not missing and len(others) <= continuing + unanswered:
        return [unknown(SINGLE, "a session may be that of an execute which was never answered", task_id=task_id)]
    what = f"a task has {len(listed)} sessions, and the executes that were acknowledged for it named {len(named)}"
    if missing:
        what += f"; named and not there: {', '.join(sorted(missing))}"
    if others:
        what += f"; there and not named: {', '.join(others)}"
    return [failed(SINGLE, what, task_id=task_id, sessions=list(listed), named=sorted(named))]
