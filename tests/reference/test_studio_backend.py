"""An agent backend that is slow, hung, down or without a model: the service stays correct, unless a defect is on."""

from __future__ import annotations

import pytest

from studio.contract import parse_timestamp
from tests.reference.test_studio_lifecycle import changes, of_task, wait_change
from tests.support.studio_process import RawStream, StudioProcess

CONDITIONS = {
    "backend-hung": "within 0.3 s",
    "backend-down": "connection refused",
    "backend-refuses": "400",
}


def start(*faults: str) -> StudioProcess:
    """A Studio with short turns and little patience with its backend."""
    asked = [word for name in faults for word in ("--fault", name)]
    return StudioProcess("--turn-ms", "40", "--backend-timeout-s", "0.3", *asked)


def wait_ended(stream: RawStream, task_id: str) -> dict[str, object]:
    """Wait for the end of the task's session; returns the event."""
    stream.wait_for(lambda stream: of_task(stream, task_id)[-1].type == "session.ended", "session.ended")
    return of_task(stream, task_id)[-1].event


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_session_fails_truthfully_when_the_backend_does(condition: str) -> None:
    with start(condition) as studio:
        stream = studio.stream()
        task_id = studio.create()
        session_id = studio.execute(task_id)
        activity = studio.stream(f"/api/sessions/{session_id}/activity")
        assert wait_ended(stream, task_id)["success"] is False
        assert changes(stream, task_id) == ["todo>planning", "planning>todo"]
        assert studio.status(task_id) == "todo"
        assert studio.call("GET", f"/api/sessions/{session_id}").json["status"] == "failed"
        activity.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
        assert activity.types == ["agent_message", "finished"]
        assert activity.events[-1].data["success"] is False
        assert CONDITIONS[condition] in activity.events[-1].data["error"]


def test_a_slow_backend_delays_the_session_and_not_the_answer() -> None:
    with start("backend-slow:200ms") as studio:
        stream = studio.stream()
        task_id = studio.create()
        activity = studio.stream(f"/api/sessions/{studio.execute(task_id)}/activity")
        wait_change(stream, task_id, "planning>planning_review")
        activity.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
        (prompt, _), (step, _) = (parse_timestamp(event.data["timestamp"]) for event in activity.events[:2])
        assert step - prompt >= 200_000_000


def test_an_execute_that_waits_shares_the_fate_of_its_backend() -> None:
    with start("execute-waits", "backend-down") as studio:
        task_id = studio.create()
        answer = studio.call("POST", f"/api/tasks/{task_id}/execute")
        assert (answer.status, answer.json["error"]) == (500, "internal_error")
        assert studio.status(task_id) == "todo"
        assert studio.call("GET", f"/api/tasks/{task_id}/sessions").json == []


def test_an_execute_that_waits_answers_when_its_backend_does_and_is_still_the_only_one() -> None:
    with start("execute-waits", "backend-slow:400ms") as studio:
        task_id = studio.create()
        answer = studio.call("POST", f"/api/tasks/{task_id}/execute")
        assert (answer.status, answer.duration_ms >= 400) == (202, True)


@pytest.mark.parametrize("waits", [(), ("execute-waits",)])
def test_a_failed_execute_that_sticks_leaves_the_stream_at_planning(waits: tuple[str, ...]) -> None:
    with start("failed-execute-sticks", "backend-down", *waits) as studio:
        stream = studio.stream()
        task_id = studio.create()
        studio.call("POST", f"/api/tasks/{task_id}/execute")
        last = studio.create("the next one")
        stream.wait_for(lambda stream: bool(of_task(stream, last)), "the next task")
        if not waits:
            wait_ended(stream, task_id)
        assert changes(stream, task_id) == ["todo>planning"]
        assert studio.status(task_id) == "todo"
