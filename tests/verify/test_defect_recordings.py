"""Recordings of the public server, statuses and executes: the checkers say what is known of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseReader
from studio.contract import Envelope, parse_envelope
from studio.verify.execution import Execute, accepted, double_refused, in_time
from studio.verify.findings import Finding
from studio.verify.status import Agreement, agrees

_CAPTURES: Final = os.environ.get("STUDIO_CAPTURES")

pytestmark = pytest.mark.skipif(not _CAPTURES, reason="the recordings are elsewhere: set STUDIO_CAPTURES")


class Told(NamedTuple):
    """An event and when it was read."""

    t_ns: int
    envelope: Envelope


class Recording:
    """A global stream and the REST calls of the same time."""

    def __init__(self, events: str, calls: str) -> None:
        folder = Path(str(_CAPTURES))
        self.told = _told((folder / events).read_text("utf-8"))
        self.calls: list[dict[str, Any]] = json.loads((folder / calls).read_text("utf-8"))

    def tasks(self, title: str) -> list[str]:
        """The tasks that were created with this title, in turn."""
        made = [c for c in self.calls if c["path"] == "/api/tasks" and c["request"]["title"] == title]
        return [str(call["body"]["id"]) for call in made]

    def of(self, task_id: str, method: str, end: str = "") -> list[dict[str, Any]]:
        """Calls on a task in turn, by method and the last part of the path."""
        path = f"/api/tasks/{task_id}{end}"
        return sorted((c for c in self.calls if (c["method"], c["path"]) == (method, path)), key=lambda c: c["t_ns"])

    def executes(self, task_id: str) -> list[Execute]:
        """What became of the task's executes."""
        return [_execute(task_id, call) for call in self.of(task_id, "POST", "/execute")]

    def agreement(self, task_id: str, at_ns: int, rest: str) -> Finding:
        """What the check says when REST said this at that time."""
        words = [t for t in self.told if t.envelope.task_id == task_id and t.t_ns <= at_ns]
        changes = [t.envelope.fields["to_status"] for t in words if t.envelope.type == "task.status_changed"]
        seen = Agreement(task_id, "in the recording", [*("todo",), *changes][-1], rest, "", 0.3, watched=True)
        return agrees(seen)[0]

    def after_get(self, task_id: str) -> Finding:
        """The same for the last GET of the task."""
        call = self.of(task_id, "GET")[-1]
        return self.agreement(task_id, call["t_ns"], call["body"]["status"])

    def ended_ns(self, session_id: str) -> int:
        """When the stream told the end of a session."""
        ends = [t.t_ns for t in self.told if t.envelope.type == "session.ended"]
        ids = [t.envelope.fields["session_id"] for t in self.told if t.envelope.type == "session.ended"]
        return ends[ids.index(session_id)]


def _told(text: str) -> list[Told]:
    reader, decoder, told = ResponseReader(), EventStreamDecoder(), list[Told]()
    for line in text.splitlines():
        read = json.loads(line)
        for event in decoder.feed(reader.feed(read["b"].encode("latin-1"))):
            told.append(Told(read["t_ns"], parse_envelope(event.data)))
    return told


def _execute(task_id: str, call: dict[str, Any]) -> Execute:
    status = call.get("status") or 0
    session_id = call["body"]["session_id"] if status == 202 else ""
    problem = "" if status == 202 else f"expected 202, got {status}" if status else str(call["error"])
    answered_ns = call["t_ns"] + int(call["duration_ms"] * 1e6)
    return Execute(task_id, status, session_id, problem, call["t_ns"], answered_ns)


@pytest.fixture(scope="module")
def statuses() -> Recording:
    """Status over SSE against status over REST."""
    return Recording("defect-vi-events.jsonl", "defects-vi-rest.json")


@pytest.fixture(scope="module")
def executes() -> Recording:
    """Executes with the agent backend slow, hung and down."""
    return Recording("defect-viii-events.jsonl", "defects-viii-rest.json")


def test_patch_and_complete_leave_the_stream_behind(statuses: Recording) -> None:
    [patched] = [task for task in statuses.tasks("e0") if statuses.of(task, "PATCH")]
    call = statuses.of(patched, "PATCH")[-1]
    silent = statuses.agreement(patched, call["t_ns"] + 300_000_000, call["body"]["status"])
    assert (silent.verdict, silent.evidence["stream_status"], silent.evidence["rest_status"]) == (
        "fail",
        "todo",
        "done",
    )
    [completed] = statuses.tasks("cmp")
    silent = statuses.after_get(completed)
    assert (silent.verdict, silent.evidence["stream_status"]) == ("fail", "review")


def test_planning_sessions_that_end_or_stick_leave_both_sides_alike(statuses: Recording) -> None:
    racing = [task for number in range(60) for task in statuses.tasks(f"race{number}")]
    assert len(racing) == 60
    assert {statuses.after_get(task).verdict for task in racing} == {"pass"}


def test_a_double_execute_is_accepted_twice(statuses: Recording) -> None:
    [doubled] = [task for task in statuses.tasks("e0") if len(statuses.executes(task)) == 2]
    first, second = statuses.executes(doubled)
    assert statuses.ended_ns(first.session_id) > second.answered_ns
    [finding] = double_refused(first, second, ran=True)
    assert (finding.verdict, finding.evidence["second_session_id"]) == ("fail", second.session_id)


def test_a_slow_backend_makes_a_late_202_and_a_hung_one_none(executes: Recording) -> None:
    findings = [in_time(e, 1.0)[0] for task in executes.tasks("e0") for e in executes.executes(task)]
    late = "an execute was not answered in time: "
    assert [finding.what for finding in findings if finding.verdict != "pass"] == [
        late + "202 came after 2.007 s, the limit is 1 s",
        late + "202 came after 12.014 s, the limit is 1 s",
        late + "no answer came in 100.098 s, the limit is 1 s",
    ]
    assert len(findings) == 6


def test_a_backend_that_is_down_fails_the_execute_at_once(executes: Recording) -> None:
    [down] = [task for task in executes.tasks("e0") if executes.executes(task)[0].status == 500]
    for execute in executes.executes(down):
        assert in_time(execute, 1.0)[0].verdict == "pass"
        assert accepted(execute)[0].what == "an execute was not accepted: expected 202, got 500"


def test_a_failed_execute_leaves_the_stream_at_planning(executes: Recording) -> None:
    failed = [t for t in executes.tasks("e0") if all(e.status != 202 for e in executes.executes(t))]
    findings = [executes.after_get(task) for task in failed]
    assert [(f.verdict, f.evidence["stream_status"], f.evidence["rest_status"]) for f in findings] == [
        ("fail", "planning", "todo"),
        ("fail", "planning", "todo"),
    ]
