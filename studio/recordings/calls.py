"""Recorded REST calls by themselves, and held against what the global streams told."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from studio.contract import EventType, Status
from studio.recordings.global_streams import envelopes
from studio.recordings.rest_file import TASKS, Call, status_told
from studio.recordings.stream_file import Recording
from studio.verify import execution, status
from studio.verify.execution import Execute
from studio.verify.findings import Finding
from studio.verify.status import Agreement, Change, Look

_GRACE_NS: Final = 2_000_000_000
_LEAST_WAIT_NS: Final = 200_000_000
"""Stream and REST differ for good only where nothing happened to the task for this long."""


class _Told(NamedTuple):
    """Something that the streams told of a task, at its first arrival."""

    at_ns: int
    type: str
    detail: str

    @property
    def status(self) -> str:
        """The task's status from then on; empty if it says none."""
        if self.type == EventType.TASK_CREATED:
            return Status.TODO.value
        return self.detail.partition(">")[2] if self.type == EventType.STATUS_CHANGED else ""


class _Task(NamedTuple):
    """A task's calls and what the streams told of it, each in the order of time."""

    id: str
    calls: Sequence[Call]
    told: Sequence[_Told]
    ended_ns: int
    """When the streams ended."""

    @property
    def statuses(self) -> list[tuple[int, str]]:
        """When the streams told which status."""
        return [(told.at_ns, told.status) for told in self.told if told.status]

    def streamed(self, at_ns: int) -> str:
        """The streams' last word on the status at a time; empty if there was none."""
        before = [word for told_ns, word in self.statuses if told_ns <= at_ns]
        return before[-1] if before else ""


def judged(calls: Sequence[Call], streams: Sequence[Recording], execute_limit_s: float) -> list[Finding]:
    """Judge the executes, and the statuses of the tasks whose creation the streams told."""
    findings: list[Finding] = []
    for task in _tasks(calls, streams):
        findings += _executes(task, execute_limit_s)
        if task.told and task.told[0].type == EventType.TASK_CREATED:
            findings += _statuses(task)
    return findings


def _tasks(calls: Sequence[Call], streams: Sequence[Recording]) -> list[_Task]:
    asked: Mapping[str, list[Call]] = defaultdict(list)
    for call in calls:
        task_id = call.task_id or (call.told("id") if call.parts == TASKS else "")
        if task_id:
            asked[task_id].append(call)
    first: dict[tuple[str, str], tuple[str, _Told]] = {}
    for stream in streams:
        for at_ns, envelope in envelopes(stream):
            told = _Told(at_ns, envelope.type, envelope.key.detail)
            known = first.setdefault((envelope.task_id, envelope.id), (envelope.task_id, told))
            if told.at_ns < known[1].at_ns:
                first[envelope.task_id, envelope.id] = envelope.task_id, told
    events: Mapping[str, list[_Told]] = defaultdict(list)
    for task_id, told in sorted(first.values(), key=lambda of_task: of_task[1].at_ns):
        events[task_id].append(told)
    ended_ns = max((stream.ended_ns for stream in streams), default=0)
    return [_Task(task_id, of_task, events[task_id], ended_ns) for task_id, of_task in asked.items()]


def _executes(task: _Task, limit_s: float) -> Iterator[Finding]:
    before: list[Execute] = []
    known = ""
    for call in task.calls:
        if call.of_task == "POST execute":
            execute = _execute(task.id, call)
            yield from execution.in_time(execute, limit_s)
            yield from _answer(task, execute, before, done=Status.DONE in (known, task.streamed(call.sent_ns)))
            before.append(execute)
        elif call.of_task == "GET sessions" and isinstance(call.body, list):
            continuing = sum(told.type == EventType.PHASE_CONTINUING for told in task.told)
            listed = [str(session.get("id")) for session in call.body]
            yield from execution.single(before, listed, continuing=continuing)
        known = status_told(call) or known


def _answer(task: _Task, execute: Execute, before: Sequence[Execute], *, done: bool) -> list[Finding]:
    if done:
        return execution.done_refused(execute)
    running = next((first for first in before if _ran(task, first, execute)), None)
    if running is not None:
        return execution.double_refused(running, execute, ran=True)
    return execution.accepted(execute)


def _ran(task: _Task, first: Execute, second: Execute) -> bool:
    """The streams told the end of the first execute's session only after the second had been answered."""
    ends = [told.at_ns for told in task.told if (told.type, told.detail) == (EventType.SESSION_ENDED, first.session_id)]
    return bool(first.session_id) and any(second.answered_ns < end_ns for end_ns in ends)


def _execute(task_id: str, call: Call) -> Execute:
    return Execute(
        task_id=task_id,
        status=call.status,
        session_id=call.told("session_id") if call.ok else "",
        problem="" if call.status == 202 else f"expected 202, got {call.problem or call.status}",
        sent_ns=call.sent_ns,
        answered_ns=call.answered_ns,
    )


def _statuses(task: _Task) -> Iterator[Finding]:
    yield from _agreements(task)
    changes = [told for told in task.told if told.type == EventType.STATUS_CHANGED]
    looks = [Look(call.sent_ns, call.answered_ns, status_told(call)) for call in task.calls if call.of_task == "GET"]
    asked = [look.sent_ns for look in looks]
    for number, told in enumerate(changes):
        later = changes[number + 1 :]
        until = later[0].at_ns if later else task.ended_ns
        of_change = looks[bisect_right(asked, told.at_ns) : bisect_left(asked, until)]
        statuses = frozenset(change.status for change in later)
        before = told.detail.partition(">")[0]
        at = (told.at_ns, told.at_ns, None, None)
        yield from status.fresh(Change(task.id, before, told.status, *at, tuple(of_change), statuses))


def _agreements(task: _Task) -> Iterator[Finding]:
    """Hold each answer that tells the status against the streams, where both had time to agree."""
    deleted = False
    for number, call in enumerate(task.calls):
        if deleted and call.of_task == "GET":
            yield from status.gone(task.id, call.status, status_told(call))
        deleted = deleted or (call.of_task == "DELETE" and call.ok)
        rest = status_told(call)
        following = task.calls[number + 1 :]
        until = min(call.answered_ns + _GRACE_NS, task.ended_ns, *(later.sent_ns for later in following[:1]))
        words = {word for told_ns, word in task.statuses if call.answered_ns < told_ns <= until}
        streamed = task.streamed(until)
        if not rest or (rest != streamed and until - call.answered_ns < _LEAST_WAIT_NS):
            continue
        agreed = rest if rest in words | {task.streamed(call.answered_ns)} else streamed
        waited_s = (until - call.answered_ns) / 1e9
        when = f"after {call.of_task or 'the create'}"
        yield from status.agrees(Agreement(task.id, when, agreed, rest, "", waited_s, watched=True))
