"""The defects of statuses and executes, one switch at a time."""

from __future__ import annotations

import concurrent.futures

from tests.reference.test_studio_lifecycle import changes, of_task, wait_change
from tests.support.studio_process import StudioClient, StudioProcess


def start(*faults: str, turn_ms: int = 40) -> StudioProcess:
    """A Studio with these faults."""
    asked = [word for name in faults for word in ("--fault", name)]
    return StudioProcess("--turn-ms", str(turn_ms), *asked)


def test_a_silent_status_changes_without_an_event_where_no_transition_is_asked_for() -> None:
    with start("status-silent") as studio:
        stream = studio.stream()
        task_id = studio.create()
        path = f"/api/tasks/{task_id}"
        studio.call("POST", f"{path}/transition", {"status": "planning"})
        studio.call("PATCH", path, {"status": "review"})
        studio.call("POST", f"{path}/complete", {"action": "complete_only"})
        last = studio.create("the next one")
        stream.wait_for(lambda stream: bool(of_task(stream, last)), "the next task")
        assert changes(stream, task_id) == ["todo>planning"]
        assert studio.status(task_id) == "done"


def test_publishing_first_shows_the_event_while_rest_still_has_the_old_status() -> None:
    with start("publish-first:2s") as studio:
        stream = studio.stream()
        task_id = studio.create()
        with StudioClient(studio.url) as other, concurrent.futures.ThreadPoolExecutor(1) as pool:
            moving = pool.submit(other.call, "POST", f"/api/tasks/{task_id}/transition", {"status": "planning"})
            wait_change(stream, task_id, "todo>planning")
            assert studio.status(task_id) == "todo"
            assert moving.result().status == 200
        assert studio.status(task_id) == "planning"


def test_a_late_status_is_told_after_rest_has_it() -> None:
    with start("late-status:2s") as studio:
        stream = studio.stream()
        task_id = studio.create()
        answer = studio.call("POST", f"/api/tasks/{task_id}/transition", {"status": "planning"})
        assert (answer.status, studio.status(task_id), changes(stream, task_id)) == (200, "planning", [])
        wait_change(stream, task_id, "todo>planning")


def test_a_double_execute_gives_two_sessions_and_a_deleted_task_ends_both() -> None:
    with start("double-execute", turn_ms=60_000) as studio:
        task_id = studio.create()
        sessions = {studio.execute(task_id), studio.execute(task_id)}
        listed = studio.call("GET", f"/api/tasks/{task_id}/sessions").json
        assert {session["id"] for session in listed} == sessions
        activities = [studio.stream(f"/api/sessions/{session}/activity") for session in sessions]
        assert studio.call("DELETE", f"/api/tasks/{task_id}").status == 204
        for activity in activities:
            activity.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")


def test_one_execute_can_start_two_sessions() -> None:
    with start("two-sessions") as studio:
        task_id = studio.create()
        studio.execute(task_id)
        assert len(studio.call("GET", f"/api/tasks/{task_id}/sessions").json) == 2


def test_a_task_that_is_done_is_executed_only_with_the_defect() -> None:
    for faults, expected in ((), 500), (("execute-when-done",), 202):
        with start(*faults) as studio:
            task_id = studio.create()
            studio.call("PATCH", f"/api/tasks/{task_id}", {"status": "done"})
            assert studio.call("POST", f"/api/tasks/{task_id}/execute").status == expected


def test_a_stuck_turn_says_all_and_never_ends() -> None:
    with start("stuck-turns") as studio:
        stream = studio.stream()
        task_id = studio.create()
        session_id = studio.execute(task_id)
        activity = studio.stream(f"/api/sessions/{session_id}/activity")
        activity.wait_for(lambda stream: "tests." in str(stream.events[-1:]), "the plan")
        other = studio.create("another one")
        stream.wait_for(lambda stream: bool(of_task(stream, other)), "another task")
        assert [event.type for event in of_task(stream, task_id)][-1] == "session.started"
        assert studio.call("GET", f"/api/sessions/{session_id}").json["status"] == "running"
        assert studio.status(task_id) == "planning"
