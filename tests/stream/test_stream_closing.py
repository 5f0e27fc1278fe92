"""Closing is immediate: no socket, no timer and no reference stays behind, whatever the stream was doing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent
import pytest

from locust_eventsource.protocol.reconnect import ReconnectPolicy
from locust_eventsource.stream import Arrival, EventStream, StateChange
from locust_eventsource.transport.sweep import current_sweep
from tests.support.scripted_server import LAST_CHUNK, Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, open_sockets, settings, sockets_to


def hold(peer: Peer) -> None:
    peer.open_stream()
    peer.wait_for_close()


def answer_later(peer: Peer) -> None:
    peer.wait_for_close()


def end(peer: Peer) -> None:
    peer.open_stream()
    peer.send(LAST_CHUNK)


def refuse_slowly(peer: Peer) -> None:
    peer.send("HTTP/1.1 500 Oops\r\n\r\n")
    peer.wait_for_close()


def in_state(state: str) -> Callable[[EventStream], bool]:
    return lambda stream: stream.state == state


MOMENTS = [
    pytest.param(hold, lambda stream: True, id="while dialling"),
    pytest.param(answer_later, lambda stream: len(current_sweep()) == 1, id="while waiting for the head"),
    pytest.param(hold, in_state("open"), id="while open"),
    pytest.param(end, in_state("reconnecting"), id="while waiting to reconnect"),
    pytest.param(refuse_slowly, lambda stream: stream.bytes > 0, id="while reading a refused answer"),
]


@pytest.mark.parametrize(("script", "moment"), MOMENTS)
def test_closing_leaves_nothing_at_any_moment(
    script: Callable[[Peer], None], moment: Callable[[EventStream], bool]
) -> None:
    heard = Heard()
    before = open_sockets()
    with ScriptedServer(script) as server:
        later = settings(policy=ReconnectPolicy(default_retry_ms=600_000))
        stream = EventStream(server.url(), listener=heard, settings=later)
        stream.start()
        eventually(lambda: moment(stream))
        stream.close()
        assert stream.state == "closed"
        assert len(current_sweep()) == 0
        seen = len(heard.changes)
        eventually(lambda: not server.open_peers, "the server seeing the close")
        stream.close()
        gevent.sleep(0.01)
        assert len(heard.changes) == seen
    assert heard.states[-1] == "closed"
    eventually(lambda: open_sockets() <= before, "all sockets closed")


def test_the_socket_is_gone_when_close_returns() -> None:
    with ScriptedServer(hold) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        stream.wait_open(10)
        assert sockets_to(server.port) == 1
        stream.close()
        assert sockets_to(server.port) == 0


def test_two_hundred_streams_leave_no_socket() -> None:
    before = open_sockets()
    with ScriptedServer(hold) as server:
        streams = [EventStream(server.url(), settings=settings()) for _ in range(200)]
        for stream in streams:
            stream.start()
        for stream in streams:
            stream.wait_open(20)
        for stream in streams:
            stream.close()
        assert sockets_to(server.port) == 0
    eventually(lambda: open_sockets() <= before, "all sockets closed")


def test_a_stream_that_was_never_started_closes_too() -> None:
    heard = Heard()
    stream = EventStream("http://127.0.0.1:1/", listener=heard, settings=settings())
    stream.close()
    assert heard.states == ["closed"]


@pytest.mark.parametrize("state", ["connecting", "open", "reconnecting"])
def test_a_listener_may_close_its_stream_in_any_state(state: str) -> None:
    class Closing(Heard):
        def on_state(self, stream: EventStream, change: StateChange) -> None:
            super().on_state(stream, change)
            if change.state == state:
                stream.close()

    heard = Closing()
    with ScriptedServer(end if state == "reconnecting" else hold) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("closed")
        gevent.sleep(0.02)
    assert heard.states[-2:] == [state, "closed"]
    assert len(current_sweep()) == 0


def test_a_listener_may_close_its_stream_on_an_event_and_hears_no_more() -> None:
    gate = Gate()

    class Closing(Heard):
        def on_arrivals(self, arrivals: list[Arrival]) -> None:
            super().on_arrivals(arrivals)
            arrivals[0].stream.close()

    def script(peer: Peer) -> None:
        peer.open_stream()
        gate.wait()
        peer.chunk("data: one\n\n")
        peer.send(LAST_CHUNK)

    heard = Closing()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open")
        gate.open()
        heard.wait_for("closed")
        gevent.sleep(0.02)
    assert heard.states == ["connecting", "open", "closed"]
    assert heard.data == ["one"]


@contextmanager
def only_reference_counts() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("script", "last"), [(hold, "open"), (end, "reconnecting"), (refuse_slowly, "failed"), (answer_later, "connecting")]
)
def test_a_stream_that_is_over_is_freed_without_the_garbage_collector(
    script: Callable[[Peer], None], last: str
) -> None:
    with ScriptedServer(script) as server, only_reference_counts():
        stream = EventStream(server.url(), settings=settings())
        gone = weakref.ref(stream)
        stream.start()
        while stream.state != last:
            gevent.sleep(0.002)
        stream.close()
        del stream
        eventually(lambda: gone() is None, "the stream being freed")
