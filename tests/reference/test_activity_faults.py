"""The activity of sessions: histories of any size, the switches that spoil them, and what is said of success."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from studio.contract import Phase, SessionStatus, Status
from studio.reference.agent import turn, turn_seconds
from studio.reference.model import Message, Session, Task
from studio.reference.store import Store
from tests.support.studio_process import RawStream, StudioProcess

TEN_MIB = 10 * 1024 * 1024


def activity(studio: StudioProcess, session_id: str) -> RawStream:
    return studio.stream(f"/api/sessions/{session_id}/activity")


def whole(stream: RawStream) -> list[dict[str, object]]:
    """What a stream brought up to ``finished``; its ids count what came."""
    stream.wait_for(lambda stream: b"event: finished\n" in stream.raw, "finished")
    events = stream.events
    assert [event.id for event in events] == [str(number) for number in range(len(events))]
    return [event.data for event in events]


def wait_over(studio: StudioProcess, session_id: str) -> list[dict[str, object]]:
    """What a reader that joins at once gets."""
    return whole(activity(studio, session_id))


def joined_between(studio: StudioProcess, session_id: str) -> tuple[RawStream, RawStream]:
    """A reader from the start, and one that joined when messages had come and more were to come."""
    first = activity(studio, session_id)
    first.wait_for_events(3)
    return first, activity(studio, session_id)


def test_a_history_beyond_10_mib_comes_whole_to_whoever_joins_when() -> None:
    with StudioProcess("--turn-ms", "300") as studio:
        session_id = studio.execute(studio.create(description="messages: 400, message-bytes: 30000"))
        first, second = (whole(stream) for stream in joined_between(studio, session_id))
        assert len(first) > 400
        late = activity(studio, session_id)
        assert whole(late) == first == second
        assert len(late.raw) > TEN_MIB


def test_a_slice_of_large_messages_is_short(tmp_path: Path) -> None:
    store = Store(tmp_path / "studio.db")
    store.add_task(Task("t", "", "", Status.TODO, None, None, 0, 0, 0))
    store.add_session(Session("s", "t", "", Phase.PLANNING, SessionStatus.RUNNING, None, 0))
    small, large = [Message("a", b"x")] * 300, [Message("a", b"x" * 100_000)] * 7
    store.add_messages("s", 0, [*small, *large])
    lengths, position = [], 0
    while messages := store.messages("s", position):
        lengths.append(len(messages))
        position += len(messages)
    store.close()
    assert position == 307
    assert lengths == [200, 103, 3, 1]


def test_the_description_asks_for_messages_and_their_size() -> None:
    with StudioProcess("--turn-ms", "20") as studio:
        plain = wait_over(studio, studio.execute(studio.create()))
        many = wait_over(studio, studio.execute(studio.create(description="messages: 3, message-bytes: 50")))
        one = wait_over(studio, studio.execute(studio.create(description="messages: 1")))
    assert len(many) == len(plain) + 3
    assert len(one) == len(plain) + 1
    said = [str(message["content"]) for message in many if "xxx" in str(message.get("content"))]
    assert [text.split()[0] for text in said] == ["0", "1", "2"]
    assert {len(text) for text in said} == {50}


def test_the_description_asks_for_the_length_of_a_turn() -> None:
    task = Task("t", "", "a turn-ms: 1500 please", Status.TODO, None, None, 0, 0, 0)
    assert turn_seconds(task, 0.3) == 1.5
    assert turn_seconds(task._replace(description="messages: 7"), 0.3) == 0.3


def test_the_messages_of_a_turn_come_in_the_order_of_their_moments() -> None:
    task = Task("t", "", "messages: 120", Status.TODO, None, None, 0, 0, 0)
    moments = [step.at for step in turn(task, Phase.PLANNING)]
    assert moments == sorted(moments)
    assert (moments[0], max(moments) < 1) == (0.0, True)


def test_a_gap_takes_exactly_the_next_message_from_who_joins_between() -> None:
    with StudioProcess("--turn-ms", "1500", "--fault", "activity-gap") as studio:
        session_id = studio.execute(studio.create())
        _, second = joined_between(studio, session_id)
        third = activity(studio, session_id)
        holed = [whole(second), whole(third)]
        late = wait_over(studio, session_id)
    for messages in holed:
        missing = [number for number, message in enumerate(late) if message not in messages]
        assert len(missing) == 1
        assert 3 <= missing[0] < len(late) - 1
        assert messages == [message for number, message in enumerate(late) if number not in missing]


def test_an_empty_activity_holds_nothing_but_finished() -> None:
    with StudioProcess("--turn-ms", "40", "--fault", "activity-empty") as studio:
        session_id = studio.execute(studio.create())
        live = wait_over(studio, session_id)
        assert [message["type"] for message in live] == ["finished"]
        assert live[0]["success"] is True
        assert wait_over(studio, session_id) == live


def test_a_reordered_activity_holds_the_same_messages_in_another_order_once_it_is_over() -> None:
    with StudioProcess("--turn-ms", "300", "--fault", "activity-reordered") as studio:
        session_id = studio.execute(studio.create())
        first, second = (whole(stream) for stream in joined_between(studio, session_id))
        late = wait_over(studio, session_id)
    assert first == second
    assert late != first
    assert sorted(map(json.dumps, late)) == sorted(map(json.dumps, first))
    assert (late[0], late[-1]) == (first[0], first[-1])
    assert 2 <= sum(a != b for a, b in zip(first, late, strict=True)) <= 13


def test_a_truncated_history_ends_after_its_first_messages() -> None:
    with StudioProcess("--turn-ms", "300", "--fault", "activity-truncated:5") as studio:
        session_id = studio.execute(studio.create())
        live = wait_over(studio, session_id)
        late = activity(studio, session_id)
        late.wait_for_events(5)
        head = studio.stream(f"/api/sessions/{session_id}/activity")
        head.wait_for_events(5)
        assert [event.data for event in late.events] == live[:5] == [event.data for event in head.events]


@pytest.mark.parametrize("faults", [[], ["--fault", "activity-of-nobody"]], ids=["none", "activity-of-nobody"])
def test_the_activity_of_an_unknown_session_is_refused_unless_it_is_a_defect(faults: list[str]) -> None:
    with StudioProcess(*faults) as studio:
        if faults:
            assert activity(studio, str(uuid.uuid4())).head.startswith(b"HTTP/1.1 200")
        else:
            answer = studio.call("GET", f"/api/sessions/{uuid.uuid4()}/activity")
            assert answer.status == 404
            assert answer.json["error"]
        assert studio.call("GET", "/api/sessions/no-uuid/activity").status == 400


def ending(*options: str) -> tuple[list[dict[str, object]], bool, str, str]:
    """An executed task whose model refuses: its activity, what session.ended says, and both statuses over REST."""
    with StudioProcess("--turn-ms", "40", *options) as studio:
        stream = studio.stream()
        task_id = studio.create(description="" if "backend-refuses" in options else "model: refuses")
        session_id = studio.execute(task_id)
        messages = wait_over(studio, session_id)
        stream.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")
        (success,) = [event.event["success"] for event in stream.events if event.type == "session.ended"]
        session = studio.call("GET", f"/api/sessions/{session_id}").json
        return messages, success, session["status"], studio.status(task_id)


@pytest.mark.parametrize("options", [(), ("--fault", "backend-refuses")], ids=["by description", "by condition"])
def test_a_model_that_refuses_fails_the_session_and_everything_says_so(options: tuple[str, ...]) -> None:
    messages, success, session_status, task_status = ending(*options)
    assert [message["type"] for message in messages] == ["agent_message", "finished"]
    assert messages[-1]["success"] is False
    assert "400" in str(messages[-1]["error"])
    assert (success, session_status, task_status) == (False, "failed", "todo")


def test_always_success_claims_it_for_a_session_without_work() -> None:
    messages, success, session_status, task_status = ending("--fault", "always-success")
    assert [message["type"] for message in messages] == ["agent_message", "finished"]
    assert (messages[-1]["success"], messages[-1]["error"]) == (True, None)
    assert (success, session_status, task_status) == (True, "completed", "planning_review")
