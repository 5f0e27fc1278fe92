"""What was read ahead of the loop is handed out before a connection is let go."""

from __future__ import annotations

import time

import gevent
import pytest

from locust_eventsource import stream as stream_module
from locust_eventsource.stream import EventStream
from locust_eventsource.transport.polled import _pollings
from locust_eventsource.transport.reader import catch_up
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings

DEADLINE_S = 10.0


def test_what_the_reader_has_is_handed_out_without_the_loop(reader: str) -> None:
    if reader != "compiled":
        pytest.skip("Python's reader is never ahead of the loop")
    go, heard = Gate(), Heard()

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: first\n\n")
        go.wait()
        peer.chunk("data: second\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        eventually(lambda: heard.arrivals)
        go.open()
        deadline = time.monotonic() + DEADLINE_S
        while len(heard.arrivals) < 2 and time.monotonic() < deadline:
            catch_up()
        assert [arrival.event.data for arrival in heard.arrivals] == ["first", "second"]
        stream.close()


def test_the_loop_is_still_woken_after_a_stream_has_caught_up(reader: str) -> None:
    if reader != "compiled":
        pytest.skip("Python's reader is never ahead of the loop")
    go, heard = Gate(), Heard()

    def script(peer: Peer) -> None:
        peer.open_stream()
        for _ in range(3):
            peer.chunk("data: x\n\n")
        go.wait()
        peer.chunk("data: last\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        eventually(lambda: len(heard.arrivals) == 3)
        polling = _pollings[gevent.get_hub()]
        eventually(lambda: not polling._timer.active)
        catch_up()
        eventually(lambda: not polling._timer.active)
        go.open()
        eventually(lambda: len(heard.arrivals) == 4)
        stream.close()


@pytest.mark.parametrize("let_go", [EventStream.close, EventStream.drop])
def test_a_stream_catches_up_before_it_lets_go(monkeypatch: pytest.MonkeyPatch, let_go: object, reader: str) -> None:
    heard = Heard()
    states: list[str] = []

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: x\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        eventually(lambda: heard.arrivals)
        monkeypatch.setattr(stream_module, "catch_up", lambda: states.append(stream.state))
        assert callable(let_go)
        let_go(stream)
        assert states == ["open"]
        stream.close()
