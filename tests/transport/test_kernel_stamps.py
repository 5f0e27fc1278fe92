"""Arrivals are stamped where they arrive: in the kernel."""

from __future__ import annotations

import sys
import time
from functools import partial

import pytest

from locust_eventsource.stream import EventStream
from locust_eventsource.transport import stamps
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings

linux = pytest.mark.skipif(sys.platform != "linux", reason="SO_TIMESTAMPNS is Linux's")


def has_events(stream: EventStream, number: int) -> bool:
    return stream.events == number


@linux
def test_every_read_carries_the_kernels_stamp() -> None:
    gates = [Gate() for _ in range(5)]

    def script(peer: Peer) -> None:
        peer.open_stream()
        for number, gate in enumerate(gates):
            gate.wait()
            peer.chunk(f"data: {number}\n\n")
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        opened = heard.wait_for("open")
        for number, gate in enumerate(gates, 1):
            gate.open()
            eventually(partial(has_events, stream, number))
        stream.close()
    assert opened.timing is not None
    assert opened.timing.source == "kernel"
    assert [arrival.source for arrival in heard.arrivals] == ["kernel"] * 5
    for arrival in heard.arrivals:
        assert opened.at_ns <= arrival.received_ns <= arrival.read_ns
        assert arrival.last_in_read


@linux
def test_a_busy_process_reads_late_or_on_another_thread_but_does_not_stamp_late(reader: str) -> None:
    go, written = Gate(), Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        go.wait()
        peer.chunk("data: x\n\n")
        written.open()
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open")
        go.open()
        written.wait()
        freed_ns = time.time_ns() + 50_000_000
        while time.time_ns() < freed_ns:
            sum(range(1000))
        eventually(lambda: heard.arrivals)
        stream.close()
    (arrival,) = heard.arrivals
    assert arrival.received_ns < freed_ns
    assert (arrival.read_ns < freed_ns) == (reader == "compiled")


def test_without_the_kernels_stamp_the_process_stamps_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "enable", lambda sock: False)

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: x\n\n")
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        eventually(lambda: heard.arrivals)
        stream.close()
    (arrival,) = heard.arrivals
    assert arrival.source == "user"
    assert arrival.received_ns == arrival.read_ns
    timing = heard.changes[1].timing
    assert timing is not None
    assert timing.source == "user"


def test_a_system_that_refuses_the_option_is_no_error() -> None:
    class Refusing:
        def setsockopt(self, *arguments: object) -> None:
            raise OSError(92, "Protocol not available")

    assert stamps.enable(Refusing()) is False  # type: ignore[arg-type]


def test_another_control_message_is_not_taken_for_a_stamp() -> None:
    assert stamps.kernel_stamp([(1, 2, bytes(16)), (1, 35, bytes(4))]) is None
    assert stamps.kernel_stamp([]) is None
