"""The process: its ready line, its refusals, its end, and what it finds when it starts again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studio.reference.options import parse
from tests.support.studio_process import DEADLINE_S, ROOT, StudioProcess, chunks_of


def refused(*options: str) -> str:
    """Start with options that cannot work; returns the one line on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "studio.reference", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_the_ready_line_names_url_and_process() -> None:
    with StudioProcess() as studio:
        assert studio.ready == {"url": f"http://127.0.0.1:{studio.address[1]}", "pid": studio.process.pid}
        studio.process.send_signal(signal.SIGTERM)
        out, error = studio.process.communicate(timeout=DEADLINE_S)
        assert (out, error) == (b"", b"")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0 is not a loopback address"),
        (["--host", "example.org"], "example.org is not a loopback address"),
        (["--port", "70000"], "70000 is no port"),
        (["--turn-ms", "0"], "0 must be above 0"),
        (["--max-streams", "0"], "0 must be at least 1"),
        (["--fault", "nonsense"], "unknown fault 'nonsense'; the faults are "),
        (["--fault", "drop:often"], "--fault drop takes a rate such as 1%, not 'often'"),
        (["--fault", "drop:101%"], "--fault drop takes a rate from 0 to 100%, not '101%'"),
        (["--fault", "slow-delivery:80"], "--fault slow-delivery takes a duration such as 80ms, not '80'"),
        (["--rebase"], "--rebase and --speed need --replay FILE.jsonl"),
        (["--replay", "missing.jsonl"], "the recording missing.jsonl cannot be read"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(options)
    assert ended.value.code == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("python -m studio.reference: ")
    assert expected in error


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--fault", "nonsense"], "unknown fault 'nonsense'"),
        (["--db", "/nonexistent/studio.db"], "the database /nonexistent/studio.db cannot be opened"),
    ],
)
def test_the_process_says_why_it_does_not_start(options: list[str], expected: str) -> None:
    assert expected in refused(*options)


def test_a_taken_port_is_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1 port {port}" in refused("--port", port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_stream_with_the_last_chunk(number: signal.Signals) -> None:
    with StudioProcess("--turn-ms", "60000") as studio:
        session_id = studio.execute(studio.create())
        streams = [studio.stream(), studio.stream(f"/api/sessions/{session_id}/activity")]
        old = studio.stream(version="1.0")
        started = time.monotonic()
        assert studio.stop(number) == 0
        assert time.monotonic() - started < DEADLINE_S / 3
        for stream in streams:
            stream.wait_for(lambda stream: stream.closed, "the end")
            assert stream.ended_in_order
        old.wait_for(lambda stream: stream.closed, "the end")
        assert b"0\r\n\r\n" not in old.body


def test_the_end_of_standard_input_ends_the_process_in_order() -> None:
    with StudioProcess() as studio:
        stream = studio.stream()
        assert studio.process.stdin is not None
        studio.process.stdin.close()
        assert studio.process.wait(DEADLINE_S) == 0
        stream.wait_for(lambda stream: stream.closed, "the end")
        assert stream.ended_in_order


def test_it_dies_with_its_parent_even_when_that_one_is_killed() -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'studio.reference', '--exit-with-stdin'],"
        " stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b'{"url"')
        parent.kill()
        # The child holds the other end of this pipe: it ends when the child does.
        assert parent.stdout.read() == b""
    finally:
        parent.kill()
        parent.communicate(timeout=DEADLINE_S)


def test_a_kill_leaves_streams_without_the_last_chunk() -> None:
    with StudioProcess() as studio:
        stream = studio.stream()
        studio.create()
        stream.wait_for_events(1)
        studio.stop(signal.SIGKILL)
        stream.wait_for(lambda stream: stream.closed, "the end")
        assert len(stream.events) == 1
        assert not stream.ended_in_order


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restart_fails_orphaned_sessions_and_takes_their_tasks_back(number: signal.Signals, tmp_path: Path) -> None:
    db = str(tmp_path / "studio.db")
    with StudioProcess("--db", db, "--turn-ms", "60000") as studio:
        planned, reviewed, untouched = (studio.create(f"task {number}") for number in range(3))
        studio.call("PATCH", f"/api/tasks/{reviewed}", {"status": "ai_review"})
        sessions = [studio.execute(planned), studio.execute(reviewed)]
        activities = [studio.stream(f"/api/sessions/{session}/activity") for session in sessions]
        before = [activity.wait_for_events(1) for activity in activities]
        studio.stop(number)
    with StudioProcess("--db", db, "--turn-ms", "40") as studio:
        assert [studio.status(task) for task in (planned, reviewed, untouched)] == ["todo", "ai_review", "todo"]
        for session_id, history in zip(sessions, before, strict=True):
            assert studio.call("GET", f"/api/sessions/{session_id}").json["status"] == "failed"
            activity = studio.stream(f"/api/sessions/{session_id}/activity")
            activity.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
            assert activity.events[: len(history)] == history
            assert activity.events[-1].data["success"] is False
            assert "restarted" in activity.events[-1].data["error"]
        events = studio.stream()
        studio.execute(planned)
        events.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")
        assert studio.status(planned) == "planning_review"


def test_a_reader_that_returns_after_a_restart_is_told_that_it_missed_something(tmp_path: Path) -> None:
    db = str(tmp_path / "studio.db")
    with StudioProcess("--db", db) as studio:
        stream = studio.stream()
        studio.create()
        last = stream.wait_for_events(1)[0].id
        port = studio.address[1]
        studio.stop(signal.SIGKILL)
    with StudioProcess("--db", db, "--port", str(port)) as studio:
        notice = studio.stream(Last_Event_ID=last).wait_for_events(1)[0]
        assert (notice.type, notice.event["reason"]) == ("replay.unavailable", "unknown")


def test_a_database_that_it_made_itself_is_gone_afterwards() -> None:
    with StudioProcess() as studio:
        studio.create()
        assert list(studio.folder.rglob("*.db"))
        assert studio.stop(signal.SIGTERM) == 0
        assert list(studio.folder.iterdir()) == []


def test_a_stalled_reader_does_not_keep_it_from_ending() -> None:
    with StudioProcess("--turn-ms", "40") as studio, socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(studio.address)
        stalled.sendall(b"GET /api/events HTTP/1.1\r\nhost: studio\r\n\r\n")
        assert stalled.recv(65536).endswith(b"\r\n\r\n")
        fast = studio.stream()
        for _ in range(20):
            studio.create("x" * 500_000)
        fast.wait_for_events(20)
        assert studio.stop(signal.SIGTERM) == 0
        fast.wait_for(lambda stream: stream.closed, "the end")
        assert chunks_of(fast.body)[1] == b""
        assert fast.ended_in_order
