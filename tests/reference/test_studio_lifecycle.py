"""What happens to a task, over REST and on both streams: written first, published after."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator

import pytest

from tests.support.studio_process import RawStream, StreamEvent, StudioClient, StudioProcess


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioProcess]:
    """A Studio with short turns."""
    with StudioProcess("--turn-ms", "40") as process:
        yield process


def of_task(stream: RawStream, task_id: str) -> list[StreamEvent]:
    """The events of one task so far."""
    return [event for event in stream.events if event.event.get("task_id") == task_id]


def changes(stream: RawStream, task_id: str) -> list[str]:
    """The task's status changes."""
    return [
        f"{event.event['from_status']}>{event.event['to_status']}"
        for event in of_task(stream, task_id)
        if event.type == "task.status_changed"
    ]


def wait_types(stream: RawStream, task_id: str, expected: list[str]) -> list[StreamEvent]:
    """Wait until a task has as many events as expected, then compare their types."""
    stream.wait_for(lambda stream: len(of_task(stream, task_id)) >= len(expected), f"{len(expected)} events")
    events = of_task(stream, task_id)
    assert [event.type for event in events] == expected
    return events


def wait_change(stream: RawStream, task_id: str, change: str) -> None:
    """Wait for one status change of a task."""
    stream.wait_for(lambda stream: change in changes(stream, task_id), change)


def wait_count(stream: RawStream, task_id: str, count: int) -> list[str]:
    """Wait for a number of status changes of a task."""
    stream.wait_for(lambda stream: len(changes(stream, task_id)) >= count, f"change {count}")
    return changes(stream, task_id)


def test_a_plan_of_several_phases_is_known_from_the_stream_alone(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create("a task", "in phases: 3")
    studio.execute(task_id)
    wait_change(stream, task_id, "planning>planning_review")
    first = studio.execute(task_id)
    wait_change(stream, task_id, "planning_review>ai_review")
    phase = ["session.started", "session.ended", "phase.completed"]
    events = wait_types(
        stream,
        task_id,
        [
            *["task.created", "task.status_changed", "session.started", "task.status_changed", "session.ended"],
            *["workspace.created", *phase, "phase.continuing", *phase, "phase.continuing", *phase],
            "task.status_changed",
        ],
    )
    sessions = [event.event["session_id"] for event in events if event.type == "session.started"][1:]
    assert sessions[0] == first
    assert len(set(sessions)) == 3
    completed = [event.event for event in events if event.type == "phase.completed"]
    assert [(event["phase_number"], event["total_phases"], event["session_id"]) for event in completed] == [
        (number, 3, session) for number, session in enumerate(sessions, 1)
    ]
    assert [event.event["next_phase_number"] for event in events if event.type == "phase.continuing"] == [2, 3]
    phases = studio.call("GET", f"/api/tasks/{task_id}/phases").json
    assert (phases["is_multi_phase"], phases["total_phases"], phases["current_phase"]) == (True, 3, None)
    assert [entry["title"] for entry in phases["phases"]] == [event["phase_title"] for event in completed]
    assert {entry["status"] for entry in phases["phases"]} == {"completed"}
    for session in sessions:
        assert studio.call("GET", f"/api/sessions/{session}").json["status"] == "completed"


def test_a_finding_goes_through_fix_back_to_review(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create()
    studio.call("PATCH", f"/api/tasks/{task_id}", {"status": "ai_review"})
    moved = studio.call("POST", f"/api/tasks/{task_id}/transition", {"status": "fix"})
    assert moved.json["previous_status"] == "ai_review"
    studio.execute(task_id)
    wait_change(stream, task_id, "fix>ai_review")
    assert of_task(stream, task_id)[3].event["phase"] == "fix"


def test_a_second_execute_is_refused_while_the_first_one_runs(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create()
    studio.execute(task_id)
    second = studio.call("POST", f"/api/tasks/{task_id}/execute")
    assert (second.status, second.json["error"]) == (409, "conflict")
    wait_change(stream, task_id, "planning>planning_review")
    assert len(studio.call("GET", f"/api/tasks/{task_id}/sessions").json) == 1


def test_the_database_is_written_before_the_event_is_published(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create()
    for number, status in enumerate(["planning", "planning_review", "in_progress", "ai_review", "review", "done"]):
        studio.call("POST", f"/api/tasks/{task_id}/transition", {"status": status})
        seen = wait_count(stream, task_id, number + 1)
        assert seen[-1].endswith(f">{status}")
        assert studio.status(task_id) == status


def test_patch_and_complete_publish_a_changed_status_and_delete_publishes_nothing(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create()
    path = f"/api/tasks/{task_id}"
    studio.call("PATCH", path, {"title": "another", "description": "too"})
    studio.call("PATCH", path, {"status": "todo"})
    studio.call("PATCH", path, {"status": "review"})
    studio.call("POST", path + "/complete", {"action": "complete_only"})
    assert studio.call("DELETE", path).status == 204
    last = studio.create("the next one")
    stream.wait_for(lambda stream: bool(of_task(stream, last)), "the next task")
    assert changes(stream, task_id) == ["todo>review", "review>done"]
    assert len(of_task(stream, task_id)) == 3


def test_a_task_that_was_moved_while_its_session_ran_stays_where_it_was_put(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create()
    studio.execute(task_id)
    studio.call("PATCH", f"/api/tasks/{task_id}", {"status": "done"})
    stream.wait_for(lambda stream: of_task(stream, task_id)[-1].type == "session.ended", "session.ended")
    assert changes(stream, task_id) == ["todo>planning", "planning>done"]
    assert studio.status(task_id) == "done"


def test_deleting_a_task_ends_its_session_and_its_activity(studio: StudioProcess) -> None:
    stream = studio.stream()
    task_id = studio.create()
    session_id = studio.execute(task_id)
    activity = studio.stream(f"/api/sessions/{session_id}/activity")
    activity.wait_for_events(3)
    assert studio.call("DELETE", f"/api/tasks/{task_id}").status == 204
    activity.wait_for(lambda stream: stream.events[-1].type == "finished", "finished")
    assert [event.id for event in activity.events] == [str(number) for number in range(len(activity.events))]
    assert (activity.events[-1].data["success"], activity.events[-1].data["error"]) == (False, "the task was deleted")
    assert studio.call("GET", f"/api/sessions/{session_id}").status == 404
    last = studio.create("the next one")
    stream.wait_for(lambda stream: bool(of_task(stream, last)), "the next task")
    assert "session.ended" not in [event.type for event in of_task(stream, task_id)]


def test_many_executes_at_once_all_end(studio: StudioProcess) -> None:
    stream = studio.stream()
    tasks = [studio.create(f"task {number}") for number in range(40)]
    for task_id in tasks:
        studio.execute(task_id)
    for task_id in tasks:
        wait_change(stream, task_id, "planning>planning_review")
        assert studio.status(task_id) == "planning_review"


def test_history_and_live_messages_join_without_a_hole_or_a_double() -> None:
    with StudioProcess("--turn-ms", "1200") as studio:
        session_id = studio.execute(studio.create())
        path = f"/api/sessions/{session_id}/activity"
        first = studio.stream(path)
        joiners = []
        for count in range(1, 24):
            first.wait_for_events(count)
            joiners.append(studio.stream(path))
        for stream in [first, *joiners]:
            stream.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
        late = studio.stream(path)
        late.wait_for_events(len(first.events))
        assert {stream.body for stream in joiners} == {first.body} == {late.body}
        assert not late.closed


def test_parallel_creators_each_get_their_event_exactly_once(studio: StudioProcess) -> None:
    streams = [studio.stream() for _ in range(5)]

    def create(number: int) -> list[str]:
        with StudioClient(studio.url) as client:
            return [client.create(f"{number}.{i}") for i in range(20)]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = [task_id for batch in pool.map(create, range(4)) for task_id in batch]
    bodies = set()
    for stream in streams:
        stream.wait_for_events(len(made))
        bodies.add(stream.body)
        assert sorted(event.event["task_id"] for event in stream.events) == sorted(made)
    assert len(bodies) == 1
