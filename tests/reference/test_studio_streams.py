"""The global stream: at once, filtered, replayed, kept alive, bounded."""

from __future__ import annotations

import signal
import socket
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.support.studio_process import DEADLINE_S, RawStream, StudioProcess, chunks_of


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioProcess]:
    """One Studio for what needs no options of its own."""
    with StudioProcess("--turn-ms", "40") as process:
        yield process


def tasks_of(stream: RawStream) -> list[str]:
    """The tasks of the events so far."""
    return [event.event.get("task_id", event.type) for event in stream.events]


def test_the_head_comes_at_once_and_nothing_else(studio: StudioProcess) -> None:
    assert studio.stream().body == b""


def test_head_answers_with_the_streams_headers_and_the_connection_goes_on(studio: StudioProcess) -> None:
    head = studio.call("HEAD", "/api/events")
    assert (head.status, head.raw) == (200, b"")
    assert [value for name, value in head.headers if name != "date"] == [
        line.split(b": ", 1)[1].decode()
        for line in studio.stream().head.split(b"\r\n")[1:]
        if not line.startswith(b"date")
    ]
    assert studio.call("GET", "/health").status == 200


def test_http_1_0_clients_get_no_chunks(studio: StudioProcess) -> None:
    old, new = studio.stream(version="1.0"), studio.stream()
    task_id = studio.create("for an old client")
    old.wait_for(lambda stream: task_id.encode() in stream.body, "the event")
    new.wait_for(lambda stream: task_id.encode() in stream.body, "the event")
    assert b"transfer-encoding" not in old.head
    assert old.body == b"".join(chunks_of(new.body)[0])
    assert (old.head[:17], new.head[:17]) == (b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\n")


def test_a_filter_passes_its_tasks_and_no_other(studio: StudioProcess) -> None:
    first, second, third = (studio.create() for _ in range(3))
    one = studio.stream(f"/api/events?task_ids={first}")
    two = studio.stream(f"/api/events?task_ids={first},%20{second.upper()}")
    none = studio.stream("/api/events?task_ids=garbage")
    every = studio.stream()
    for task_id in (first, second, third, first):
        studio.call("PATCH", f"/api/tasks/{task_id}", {"status": "done"})
        studio.call("PATCH", f"/api/tasks/{task_id}", {"status": "todo"})
    every.wait_for_events(8)
    for stream, count in ((one, 4), (two, 6)):
        stream.wait_for_events(count)
    assert tasks_of(one) == [first] * 4
    assert tasks_of(two) == [first, first, second, second, first, first]
    assert none.events == []


def test_a_replay_starts_after_the_acknowledged_event_and_goes_on_live(studio: StudioProcess) -> None:
    listeners = [studio.stream() for _ in range(5)]
    made = [studio.create(f"task {number}") for number in range(4)]
    seen = listeners[0].wait_for_events(4)
    again = studio.stream(Last_Event_ID=seen[1].id)
    made.append(studio.create("live"))
    again.wait_for_events(3)
    assert tasks_of(again) == made[2:]
    assert again.events[:2] == seen[2:]
    latest = studio.stream(Last_Event_ID=again.events[-1].id)
    made.append(studio.create("the next"))
    latest.wait_for_events(1)
    assert tasks_of(latest) == made[-1:]


def test_events_are_kept_for_replay_when_nobody_listens() -> None:
    with StudioProcess() as studio:
        first = studio.stream()
        studio.create("heard")
        acknowledged = first.wait_for_events(1)[0].id
        first.close()
        unheard = [studio.create("unheard") for _ in range(3)]
        again = studio.stream(Last_Event_ID=acknowledged)
        again.wait_for_events(3)
        assert tasks_of(again) == unheard


def test_a_replay_is_filtered_like_the_live_stream(studio: StudioProcess) -> None:
    listener = studio.stream()
    first, second, third = (studio.create() for _ in range(3))
    seen = listener.wait_for_events(3)
    again = studio.stream(f"/api/events?task_ids={third}", Last_Event_ID=seen[0].id)
    studio.call("PATCH", f"/api/tasks/{second}", {"status": "done"})
    studio.call("PATCH", f"/api/tasks/{third}", {"status": "done"})
    again.wait_for_events(2)
    assert tasks_of(again) == [third, third]
    assert first not in tasks_of(again)


@pytest.mark.parametrize(
    ("last_event_id", "reason"),
    [("", "empty"), ("not a uuid", "malformed"), (str(uuid.UUID(int=7)), "unknown"), ("é", "malformed")],
)
def test_an_id_that_cannot_be_replayed_from_is_answered_first(
    studio: StudioProcess, last_event_id: str, reason: str
) -> None:
    stream = studio.stream("/api/events?task_ids=garbage", Last_Event_ID=last_event_id)
    notice = stream.wait_for_events(1)[0]
    assert (notice.type, notice.event) == (
        "replay.unavailable",
        {"type": "replay.unavailable", "last_event_id": last_event_id, "reason": reason},
    )
    assert notice.id == notice.data["id"]


def test_the_notice_itself_can_be_replayed_from(studio: StudioProcess) -> None:
    notice = studio.stream(Last_Event_ID="lost").wait_for_events(1)[0]
    made = [studio.create() for _ in range(2)]
    again = studio.stream(Last_Event_ID=notice.id)
    again.wait_for_events(2)
    assert tasks_of(again) == made


def test_an_evicted_id_cannot_be_replayed_from_but_the_last_evicted_one_can() -> None:
    with StudioProcess("--buffer", "3") as studio:
        listener = studio.stream()
        notice = studio.stream(Last_Event_ID="lost").wait_for_events(1)[0].id
        made = [studio.create(f"task {number}") for number in range(5)]
        seen = listener.wait_for_events(5)
        whole = studio.stream(Last_Event_ID=seen[2].id)
        whole.wait_for_events(2)
        assert tasks_of(whole) == made[3:]
        for lost in (seen[0].id, notice):
            gone = studio.stream(Last_Event_ID=lost).wait_for_events(1)[0]
            assert (gone.type, gone.event["reason"]) == ("replay.unavailable", "unknown")


def test_silence_is_broken_by_keep_alives_which_events_put_off() -> None:
    with StudioProcess("--keep-alive-s", "0.4", "--turn-ms", "40") as studio:
        stream = studio.stream()
        activity = studio.stream(f"/api/sessions/{studio.execute(studio.create())}/activity")
        for each in (stream, activity):
            each.wait_for(lambda stream: stream.blocks[-2:] == [b": keep-alive\n\n"] * 2, "two keep-alives")
            assert each.raw.endswith(b"E\r\n: keep-alive\n\n\r\n")
        reads = [read for read in stream.reads if read.data != b"E\r\n: keep-alive\n\n\r\n"]
        first_keep_alive = next(read for read in stream.reads if b"keep-alive" in read.data)
        assert first_keep_alive.t_ns - reads[-1].t_ns > 300_000_000


def test_streams_beyond_the_limit_are_refused_and_open_ones_unharmed() -> None:
    with StudioProcess("--max-streams", "2", "--turn-ms", "40") as studio:
        first = studio.stream()
        session_id = studio.execute(studio.create())
        second = studio.stream(f"/api/sessions/{session_id}/activity")
        for path in ("/api/events", f"/api/sessions/{session_id}/activity"):
            refused = studio.call("GET", path)
            assert (refused.status, refused.json["error"]) == (503, "service_unavailable")
            assert refused.json["message"]
            assert dict(refused.headers)["retry-after"] == "1"
        assert studio.call("HEAD", "/api/events").status == 200
        first.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")
        second.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
        first.close()
        give_up = time.monotonic() + DEADLINE_S
        while not studio.stream().head.startswith(b"HTTP/1.1 200"):
            assert time.monotonic() < give_up, "a closed stream did not make room"


def test_a_reader_beyond_the_queue_limit_is_disconnected_and_never_skipped() -> None:
    with StudioProcess("--queue-limit", "3") as studio:
        fast = studio.stream()
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(DEADLINE_S)
        slow.connect(studio.address)
        slow.sendall(b"GET /api/events HTTP/1.1\r\nhost: studio\r\n\r\n")
        head = slow.recv(65536)
        assert head.endswith(b"\r\n\r\n")
        title = "x" * 300_000
        for number in range(40):
            studio.create(f"{number} {title}")
        fast.wait_for_events(40)
        received = b""
        while data := _receive(slow):
            received += data
        slow.close()
        chunks, rest = chunks_of(received)
        assert 0 < len(chunks) < 40
        assert chunks == fast.blocks[: len(chunks)]
        assert not rest.endswith(b"0\r\n\r\n")
        acknowledged = fast.events[len(chunks) - 1].id
        again = studio.stream(Last_Event_ID=acknowledged)
        again.wait_for_events(40 - len(chunks))
        assert [event.id for event in again.events] == [event.id for event in fast.events[len(chunks) :]]
        assert studio.stop(signal.SIGTERM) == 0


def _receive(reader: socket.socket) -> bytes:
    try:
        return reader.recv(1 << 20)
    except ConnectionResetError:
        return b""
