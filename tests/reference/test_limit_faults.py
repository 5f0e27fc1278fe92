"""The defects of limits, back-pressure and restarts, each as it shows on the wire."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.support.studio_process import DEADLINE_S, StudioProcess, chunks_of, parse_block


class StalledReader:
    """A stream whose reader does not read until it is asked to."""

    def __init__(self, studio: StudioProcess) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(studio.address)
        self.socket.sendall(b"GET /api/events HTTP/1.1\r\nhost: studio\r\n\r\n")
        assert self.socket.recv(65536).endswith(b"\r\n\r\n")
        self.received = bytearray()

    def ids(self) -> list[str]:
        blocks = map(parse_block, filter(None, chunks_of(bytes(self.received))[0]))
        return [event.id for event in blocks if event is not None]

    def read_until(self, last_id: str) -> None:
        while last_id.encode() not in self.received or not self.received.endswith(b"\r\n"):
            data = self.socket.recv(1 << 20)
            assert data, "the stream ended"
            self.received += data


def wait_until_nobody_listens(studio: StudioProcess) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(studio.address, DEADLINE_S).close()
        except ConnectionError:
            return
    raise AssertionError("somebody still listens")


@pytest.mark.parametrize(("kept", "size", "count"), [(8, 300_000, 60), (1024, 2_300, 3_000)])
def test_a_skipped_reader_has_a_hole_in_a_stream_that_stays_open(kept: int, size: int, count: int) -> None:
    with StudioProcess("--fault", f"skip-slow-readers:{kept}") as studio:
        fast, slow = studio.stream(), StalledReader(studio)
        for number in range(count):
            studio.create(f"{number} {'x' * size}")
        fast.wait_for(lambda stream: stream.raw.count(b"event: task.created") == count, "all events")
        every = [event.id for event in fast.events]
        slow.read_until(every[-1])
        got = slow.ids()
        slow.socket.close()
    hole = [event_id for event_id in every if event_id not in set(got)]
    first = every.index(hole[0])
    assert hole == every[first : first + len(hole)], "one hole, and nothing else is missing"
    assert got == [*every[:first], *every[first + len(hole) :]]
    assert first > 0
    assert len(every) - first - len(hole) <= 2 * kept


def test_without_the_fault_the_same_reader_is_disconnected() -> None:
    with StudioProcess("--queue-limit", "8") as studio:
        slow = StalledReader(studio)
        for number in range(40):
            studio.create(f"{number} {'x' * 300_000}")
        with pytest.raises((AssertionError, ConnectionError), match=r"ended|reset"):
            slow.read_until("no such id")
        slow.socket.close()


def test_a_limit_that_is_not_enforced_refuses_nobody() -> None:
    with StudioProcess("--max-streams", "2", "--fault", "no-stream-limit") as studio:
        assert all(studio.stream().head.startswith(b"HTTP/1.1 200") for _ in range(5))


def test_a_connection_beyond_an_unclean_limit_is_reset_and_the_rest_goes_on() -> None:
    with StudioProcess("--fault", "connection-limit:2") as studio:
        streams = [studio.stream(), studio.stream()]
        with socket.create_connection(studio.address, DEADLINE_S) as refused:
            refused.sendall(b"GET /api/events HTTP/1.1\r\nhost: studio\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                refused.recv(1)
        studio.create()
        for stream in streams:
            stream.wait_for_events(1)
        assert studio.stop(signal.SIGTERM) == 0


def test_a_harmful_refusal_cuts_the_oldest_stream() -> None:
    with StudioProcess("--max-streams", "2", "--fault", "limit-harms") as studio:
        oldest, other = studio.stream(), studio.stream()
        assert studio.call("GET", "/api/events").status == 503
        oldest.wait_for(lambda stream: stream.closed, "the end")
        assert not oldest.ended_in_order
        studio.create()
        other.wait_for_events(1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_orphans_stay_as_they_are(number: signal.Signals, tmp_path: Path) -> None:
    db = str(tmp_path / "studio.db")
    with StudioProcess("--db", db, "--turn-ms", "60000") as studio:
        task_id = studio.create()
        session_id = studio.execute(task_id)
        activity = studio.stream(f"/api/sessions/{session_id}/activity")
        activity.wait_for_events(1)
        studio.stop(number)
    with StudioProcess("--db", db, "--fault", "restart-leaves-orphans") as studio:
        assert studio.status(task_id) == "planning"
        assert studio.call("GET", f"/api/sessions/{session_id}").json["status"] == "running"
        assert "finished" not in studio.stream(f"/api/sessions/{session_id}/activity").types


def test_sigterm_stops_listening_and_keeps_the_streams() -> None:
    with StudioProcess("--fault", "sigterm-keeps-streams", "--turn-ms", "300") as studio:
        events = studio.stream()
        studio.execute(studio.create())
        studio.process.send_signal(signal.SIGTERM)
        # The turn goes on to its end on a stream that stays open.
        events.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")
        wait_until_nobody_listens(studio)
        assert studio.process.poll() is None
        assert not events.closed
        events.close()
        assert studio.process.wait(DEADLINE_S) == 0


def test_it_still_ends_with_its_parent() -> None:
    with StudioProcess("--fault", "sigterm-keeps-streams") as studio:
        studio.stream()
        studio.process.send_signal(signal.SIGTERM)
        wait_until_nobody_listens(studio)
        assert studio.process.poll() is None
        assert studio.process.stdin is not None
        studio.process.stdin.close()
        assert studio.process.wait(DEADLINE_S) == 0
