"""``python -m locust_eventsource``: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_command import (
    COMMAND,
    DEADLINE_S,
    data,
    end_at_once,
    objects,
    run,
    running,
    states,
    three_events,
    unused_url,
)


def hold(peer: Peer) -> None:
    peer.open_stream()
    peer.chunk("retry: 1\nid: 1\nevent: greeting\ndata: a \u2028 \u00e9\ndata: b\n\n")
    peer.wait_for_close()


def test_every_event_and_every_state_is_one_json_object_a_line() -> None:
    with ScriptedServer(hold) as server:
        done = run(server.url(), "--events", "1")
    assert (done.returncode, done.stderr) == (0, "")
    connecting, opened, event, closed = objects(done.stdout)
    assert connecting == {"state": "connecting", "status": None, "error": None, "retry_ms": None}
    assert opened == {"state": "open", "status": 200, "error": None, "retry_ms": None}
    assert closed == {"state": "closed", "status": None, "error": None, "retry_ms": None}
    received_ns = event.pop("received_ns")
    assert isinstance(received_ns, int)
    source = "kernel" if sys.platform == "linux" else "user"
    assert event == {"type": "greeting", "data": "a \u2028 \u00e9\nb", "last_event_id": "1", "source": source}
    assert done.stdout.isascii()


def test_each_line_is_there_at_once() -> None:
    gate = Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        gate.wait()
        peer.chunk("data: x\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server, running(server.url()) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["state"] == "connecting"
        assert json.loads(process.stdout.readline())["state"] == "open"
        gate.open()
        assert json.loads(process.stdout.readline())["data"] == "x"


def test_no_more_events_are_printed_than_asked_for() -> None:
    with ScriptedServer(three_events) as server:
        done = run(server.url(), "--events", "2")
    assert done.returncode == 0
    assert data(done.stdout) == ["1", "2"]
    assert states(done.stdout)[-1] == "closed"


def test_events_are_counted_over_reconnects() -> None:
    with ScriptedServer(end_at_once) as server:
        done = run(server.url(), "--events", "3")
    assert done.returncode == 0
    assert data(done.stdout) == ["x"] * 3
    again = [line for line in objects(done.stdout) if line.get("state") == "reconnecting"]
    assert [(line["error"], line["retry_ms"]) for line in again] == [(None, 1)] * 2


def test_a_duration_ends_as_asked() -> None:
    with ScriptedServer(hold) as server:
        done = run(server.url(), "--duration", "0.1")
    assert done.returncode == 0
    assert states(done.stdout)[-1] == "closed"


def test_204_ends_well() -> None:
    with ScriptedServer(lambda peer: peer.send("HTTP/1.1 204 No Content\r\n\r\n")) as server:
        done = run(server.url())
    assert done.returncode == 0
    assert objects(done.stdout)[-1] == {"state": "closed", "status": 204, "error": None, "retry_ms": None}


def test_a_failed_stream_ends_with_1_and_says_why() -> None:
    with ScriptedServer(lambda peer: peer.answer("404 Not Found", "nothing here")) as server:
        done = run(server.url(), "--events", "1")
    assert done.returncode == 1
    last = objects(done.stdout)[-1]
    assert (last["state"], last["status"]) == ("failed", 404)
    assert last["error"].startswith("RefusedResponse: ")
    assert "nothing here" in last["error"]


def test_the_first_connect_is_retried_too() -> None:
    with running(unused_url()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert json.loads(process.stdout.readline())["state"] == "reconnecting"
        assert process.poll() is None


@pytest.mark.parametrize("option", [["--no-reconnect"], ["--max-retries", "0"]])
def test_the_first_connect_is_not_retried_when_asked(option: list[str]) -> None:
    done = run(unused_url(), *option)
    assert done.returncode == 1
    assert states(done.stdout) == ["connecting", "failed"]
    assert "Connection refused" in objects(done.stdout)[-1]["error"]


def test_without_reconnect_a_clean_end_is_an_end_as_asked() -> None:
    with ScriptedServer(end_at_once) as server:
        done = run(server.url(), "--no-reconnect")
    assert done.returncode == 0
    assert states(done.stdout) == ["connecting", "open", "closed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("connected", [True, False])
def test_signals_end_well_and_silently(number: signal.Signals, connected: bool) -> None:
    with ScriptedServer(hold) as server, running(server.url() if connected else unused_url()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(number)
        rest, errors = process.communicate(timeout=DEADLINE_S)
        assert (process.returncode, errors) == (0, "")
        assert states(rest)[-1] == "closed"


def test_the_tests_can_interrupt_the_command_though_they_run_as_a_background_job() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with running(unused_url()) as process:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_also_ends_a_write_that_its_reader_has_stalled() -> None:
    flooding = Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        for _ in range(100):
            peer.chunk("data: " + "x" * 100_000 + "\n\n")
            flooding.open()
        peer.wait_for_close()

    with ScriptedServer(script) as server, running(server.url()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        flooding.wait()
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        assert process.wait(DEADLINE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_closed_pipe_ends_well_even_while_nothing_comes() -> None:
    with ScriptedServer(hold) as server, running(server.url()) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.stdout.close()
        assert process.wait(DEADLINE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_said_and_fails() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, unused_url()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "python -m locust_eventsource: cannot write: No space left on device\n"
