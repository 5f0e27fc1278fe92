"""One sweep a second finds every silent connection, and nothing but silent ones."""

from __future__ import annotations

import time
from typing import Any

import gevent
import pytest

from locust_eventsource.stream import EventStream
from locust_eventsource.transport import sweep as sweep_module
from locust_eventsource.transport.sweep import Sweep, current_sweep
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings


@pytest.fixture(autouse=True)
def quick_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "_INTERVAL_S", 0.02)
    monkeypatch.setattr(sweep_module, "_sweeps", {})


def silent(peer: Peer) -> None:
    peer.open_stream()
    peer.wait_for_close()


def test_a_half_open_connection_is_found_and_reconnected() -> None:
    heard = Heard()
    with ScriptedServer(silent) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(idle_timeout_s=0.05))
        stream.start()
        change = heard.wait_for("reconnecting")
        heard.wait_for("open", 2)
        stream.close()
    assert heard.errors[0] == "IdleTimeout"
    assert "0.05 s" in str(change.error)


def test_a_server_that_never_answers_is_found_by_the_same_limit() -> None:
    heard = Heard()
    with ScriptedServer(Peer.wait_for_close) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(idle_timeout_s=0.05, max_retries=0))
        stream.start()
        heard.wait_for("failed")
    assert heard.errors == ["IdleTimeout"]


def test_keep_alive_comments_count_as_life() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            peer.chunk(": keep-alive\n\n")
            time.sleep(0.005)
        peer.chunk("data: still here\n\n")
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(idle_timeout_s=0.25))
        stream.start()
        eventually(lambda: heard.arrivals)
        stream.close()
    assert heard.states == ["connecting", "open", "closed"]


def test_a_process_too_busy_to_read_does_not_take_its_own_silence_for_the_servers(reader: str) -> None:
    go, written = Gate(), Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        go.wait()
        peer.chunk("data: x\n\n")
        written.open()
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(idle_timeout_s=5))
        stream.start()
        heard.wait_for("open")
        began_ns = time.monotonic_ns()
        go.open()
        written.wait()
        (member,) = current_sweep()._members
        if reader == "python":
            member.went_idle()
        else:
            # The poller has heard although this thread has not let the loop run; its clock moves in steps of some ms.
            deadline_ns = time.monotonic_ns() + 10_000_000_000
            while member.heard_ns < began_ns - 20_000_000:
                assert time.monotonic_ns() < deadline_ns
        assert stream.state == "open"
        eventually(lambda: heard.arrivals)
        stream.close()


def is_running(sweep: Sweep) -> bool:
    timer: Any = sweep._timer
    return bool(timer.active)


def test_the_timer_runs_only_while_there_is_something_to_look_at() -> None:
    class Member:
        heard_ns = 0
        idle_limit_ns = 10**18

        def went_idle(self) -> None:
            raise AssertionError("not idle")

    sweep = Sweep(gevent.get_hub())
    first, second = Member(), Member()
    assert not is_running(sweep)
    sweep.add(first)
    sweep.add(second)
    sweep.discard(first)
    sweep.discard(first)
    assert (len(sweep), is_running(sweep)) == (1, True)
    sweep.discard(second)
    assert (len(sweep), is_running(sweep)) == (0, False)
