"""``python -m locust_eventsource``: what its options do and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scripted_server import Peer, ScriptedServer
from tests.support.scripted_server_command import COMMAND, DEADLINE_S, data, end_at_once, objects, run, three_events
from tests.support.scripted_server_streams import self_signed


def test_headers_method_body_and_id_go_out() -> None:
    with ScriptedServer(three_events) as server:
        arguments = ["--header", "X-One: 1", "--header", "Accept:text/plain", "--header", "X-Empty:"]
        run(server.url("/a b"), *arguments, "--data", "{}", "--last-event-id", "\u00e9", "--events", "1")
        run(server.url(), "--data", "x", "--method", "put", "--events", "1")
        run(server.url().replace("//", "//u%40:p@"), "--events", "1")
    first, second, third = server.requests
    assert (first.method, first.target, first.body) == ("POST", "/a%20b", b"{}")
    assert [first.headers[name] for name in ("x-one", "accept", "x-empty")] == ["1", "text/plain", ""]
    assert first.headers["last-event-id"] == "\u00e9"
    assert (second.method, second.body) == ("PUT", b"x")
    assert (third.method, third.headers["authorization"]) == ("GET", "Basic dUA6cA==")


def test_bytes_that_are_not_utf_8_go_out_as_they_are() -> None:
    with ScriptedServer(three_events) as server:
        command: list[str | bytes] = [*COMMAND, server.url(), "--events", "1", "--data", b"\xff"]
        command += ["--header", b"X: \xe9", "--last-event-id", b"\xfe"]
        subprocess.run(command, capture_output=True, timeout=DEADLINE_S, check=True)
    (request,) = server.requests
    assert request.body == b"\xff"
    assert b"X: \xe9\r\n" in request.head
    assert b"Last-Event-ID: \xfe\r\n" in request.head


def test_limits_and_idle_time_are_passed_on() -> None:
    with ScriptedServer(three_events) as server:
        event = run(server.url(), "--max-event-bytes", "5")
        line = run(server.url(), "--max-line-bytes", "5")
        idle = run(server.url(), "--idle-timeout", "0.1", "--no-reconnect")
    assert "max_event_bytes (5 bytes)" in objects(event.stdout)[-1]["error"]
    assert "max_line_bytes (5 bytes)" in objects(line.stdout)[-1]["error"]
    assert objects(idle.stdout)[-1]["error"].startswith("IdleTimeout: ")
    assert (event.returncode, line.returncode, idle.returncode) == (1, 1, 1)


def test_certificates_are_checked_unless_told_otherwise(tmp_path: Path) -> None:
    ca, context = self_signed(tmp_path, "127.0.0.1")
    with ScriptedServer(three_events, context=context) as server:
        checked = run(server.url(), "--events", "1")
        trusted = run(server.url(), "--events", "1", "--ca", str(ca))
        unchecked = run(server.url(), "--events", "1", "--insecure")
    assert (checked.returncode, trusted.returncode, unchecked.returncode) == (1, 0, 0)
    assert "certificate verify failed" in objects(checked.stdout)[-1]["error"]


def test_the_pretty_form_is_for_people_and_cannot_steer_the_terminal() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("id: 7\nevent: greeting\ndata: hello\ndata: \x1b[2Jworld\n\n")
        peer.send(b"bad chunk\r\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        done = run(server.url(), "--pretty")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].endswith("-- connecting")
    assert f"-- open, status 200, 127.0.0.1:{server.port} in " in lines[1]
    assert lines[2].endswith("  greeting  id 7")
    assert lines[3:5] == ["    hello", "    \ufffd[2Jworld"]
    assert "-- failed, the line b'bad chunk" in lines[5]


def test_the_pretty_form_says_when_it_comes_again() -> None:
    with ScriptedServer(end_at_once) as server:
        done = run(server.url(), "--pretty", "--events", "2")
    assert "-- reconnecting, again in 1 ms" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "URL"),
        (["host.test/events"], "not an http or https URL"),
        (["ftp://host.test/"], "not an http or https URL"),
        (["http://[::1"], "not a URL"),
        (["http://" + "a" * 70 + "\u00e9.test/"], "not a URL"),
        (["http://h/", "--header", "no colon"], "'no colon' is no header: write it as 'Name: value'"),
        (["http://h/", "--header", ": value"], "is no header"),
        (["http://h/", "--header", "a b: c"], "'a b' is no header name"),
        (["http://h/", "--header", "a: b\nc: d"], "cannot hold NUL, CR or LF"),
        (["http://h/", "--method", "G ET"], "'G ET' is no method"),
        (["http://h/", "--last-event-id", "a\nb"], "an id cannot hold"),
        (["http://h/", "--events", "0"], "'0' is not a whole number of 1 or more"),
        (["http://h/", "--max-retries", "-1"], "'-1' is not a whole number of 0 or more"),
        (["http://h/", "--duration", "0"], "'0' is not a number of seconds above 0"),
        (["http://h/", "--idle-timeout", "inf"], "'inf' is not a number of seconds above 0"),
        (["http://h/", "--idle-timeout", "soon"], "'soon' is not a number of seconds above 0"),
        (["http://h/", "--event", "1"], "unrecognized arguments: --event"),
        (["https://h/", "--ca", "/nowhere.pem"], "cannot read certificates from '/nowhere.pem'"),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.startswith("python -m locust_eventsource: ")
    assert done.stderr.count("\n") == 1


def test_help_names_every_option_and_the_exit_codes() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--header", "--no-reconnect", "--max-retries", "--ca", "--insecure", "--pretty", "Exit code: 0"):
        assert option in done.stdout


def test_the_command_line_imports_neither_locust_nor_requests() -> None:
    with ScriptedServer(three_events) as server:
        code = (
            "import runpy, sys\n"
            f"sys.argv = ['locust_eventsource', {server.url()!r}, '--events', '1']\n"
            "try:\n    runpy.run_module('locust_eventsource', run_name='__main__', alter_sys=True)\n"
            "except SystemExit as end:\n"
            "    print(end.code, *sorted({'locust', 'requests', 'gevent'} & set(sys.modules)), file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    assert data(done.stdout) == ["1"]
    assert done.stderr == "0 gevent\n"
