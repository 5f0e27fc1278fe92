"""The switches of the replay: they bring back what the public server does with a Last-Event-ID."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.support.studio_process import DEADLINE_S, RawStream, StudioProcess


def ids(stream: RawStream) -> list[str]:
    """The ids of the events so far."""
    return [event.id for event in stream.events]


def joined(studio: StudioProcess, path: str, last_event_id: str) -> RawStream:
    """A stream that comes back, once it has an event that was made after it."""
    stream = studio.stream(path, Last_Event_ID=last_event_id)
    filtered = path.partition("task_ids=")[2]
    if filtered:
        studio.call("PATCH", f"/api/tasks/{filtered}", {"status": "done"})
    else:
        studio.create("marker")
    end = filtered or "marker"
    stream.wait_for(lambda stream: any(is_marker(event.event, end) for event in stream.events), "the marker")
    return stream


def is_marker(event: dict[str, str], end: str) -> bool:
    """Whether this is the event after which no replayed one can come."""
    return event.get("title") == end or (event.get("task_id") == end and event.get("to_status") == "done")


@pytest.mark.parametrize(("clients", "replayed"), [(1, 2), (2, 5), (5, 14), (20, 59)])
def test_every_connected_client_pushes_each_event_into_the_buffer(clients: int, replayed: int) -> None:
    with StudioProcess("--fault", "replay-duplicates") as studio:
        streams = [studio.stream() for _ in range(clients)]
        for number in range(3):
            studio.create(f"e{number}")
        first, second, third = ids_of_all(streams, 3)
        came = ids(joined(studio, "/api/events", first))[:-1]
    assert came == [first] * (clients - 1) + [second] * clients + [third] * clients
    assert len(came) == replayed


def ids_of_all(streams: list[RawStream], count: int) -> list[str]:
    """The ids, once every stream has so many events."""
    for stream in streams:
        stream.wait_for_events(count)
    return ids(streams[0])


def test_twenty_clients_leave_room_for_fifty_events_of_a_buffer_of_a_thousand() -> None:
    with StudioProcess("--fault", "replay-duplicates") as studio:
        streams = [studio.stream() for _ in range(20)]
        for number in range(52):
            studio.create(f"e{number}")
        made = ids_of_all(streams, 52)
        assert len(set(ids(joined(studio, "/api/events", made[2])))) == 51
        assert ids(joined(studio, "/api/events", made[1]))[0] not in made


def test_a_half_evicted_event_is_known_as_long_as_one_copy_is_left() -> None:
    with StudioProcess("--fault", "replay-duplicates", "--buffer", "3") as studio:
        streams = [studio.stream() for _ in range(2)]
        for number in range(2):
            studio.create(f"e{number}")
        first, second = ids_of_all(streams, 2)
        assert ids(joined(studio, "/api/events", first))[:-1] == [second, second]


def test_nothing_is_kept_while_nobody_is_connected() -> None:
    with StudioProcess("--fault", "replay-duplicates", "--max-streams", "1") as studio:
        only = studio.stream()
        studio.create("heard")
        acknowledged = only.wait_for_events(1)[0].id
        session_id = studio.execute(studio.create("of an activity"))
        only.close()
        wait_for_room(studio, f"/api/sessions/{session_id}/activity").close()
        studio.create("unheard")
        wait_for_room(studio, f"/api/sessions/{session_id}/activity").close()
        again = wait_for_room(studio, "/api/events", Last_Event_ID=acknowledged)
        studio.create("marker")
        again.wait_for(lambda stream: any(event.event.get("title") == "marker" for event in stream.events), "marker")
        titles = [event.event["title"] for event in again.events if event.type == "task.created"]
    assert titles == ["of an activity", "marker"]


def wait_for_room(studio: StudioProcess, path: str, **headers: str) -> RawStream:
    """The stream that opens once the Studio has noticed that the one before it has gone."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        stream = studio.stream(path, **headers)
        if stream.head.startswith(b"HTTP/1.1 200"):
            return stream
        stream.close()
    raise AssertionError(f"no room for {path} within {DEADLINE_S} s")


def test_an_unfiltered_replay_holds_other_tasks_too() -> None:
    with StudioProcess("--fault", "replay-unfiltered") as studio:
        listener = studio.stream()
        made = [studio.create(f"f{number}") for number in range(4)]
        acknowledged = listener.wait_for_events(4)[0].id
        came = joined(studio, f"/api/events?task_ids={made[2]}", acknowledged).events
    assert [event.event["task_id"] for event in came] == [*made[1:], made[2]]


@pytest.mark.parametrize("last_event_id", ["", "not a uuid", str(uuid.UUID(int=7))])
def test_a_silent_service_says_nothing_of_an_id_that_it_does_not_know(last_event_id: str) -> None:
    with StudioProcess("--fault", "replay-silent") as studio:
        studio.create("before")
        came = joined(studio, "/api/events", last_event_id).events
    assert [event.event.get("title") for event in came] == ["marker"]
