"""Greenlets wait for events and conditions, with deadlines and a bounded backlog."""

from __future__ import annotations

import gevent
import pytest

from locust_eventsource.errors import EventSourceError, Misuse, RefusedResponse
from locust_eventsource.stream import EventStream
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import eventually, settings


class Numbers:
    """Sends as many numbered events as the test asks for."""

    def __init__(self, *counts: int, then: str = "hold") -> None:
        self.gates = [Gate() for _ in counts]
        self._counts = counts
        self._then = then

    def __call__(self, peer: Peer) -> None:
        if peer.number > 1:
            peer.answer(self._then)
            return
        peer.open_stream()
        number = 0
        for gate, count in zip(self.gates, self._counts, strict=True):
            gate.wait()
            peer.chunk("".join(f"data: {number + each}\n\n" for each in range(count)))
            number += count
        if self._then == "hold":
            peer.wait_for_close()


def test_a_reader_gets_every_event_in_order_whoever_listens_besides() -> None:
    script = Numbers(2, 3)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.listen()
        stream.start()
        for gate in script.gates:
            gate.open()
        got = [stream.wait(10) for _ in range(5)]
        stream.close()
    assert [arrival and arrival.event.data for arrival in got] == ["0", "1", "2", "3", "4"]


def test_waiting_ends_with_its_deadline() -> None:
    with ScriptedServer(Numbers()) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        stream.wait_open(10)
        assert stream.wait(0.01) is None
        assert stream.wait(0) is None
        with pytest.raises(TimeoutError, match=r"0\.01 s"):
            stream.wait_for(lambda arrival: True, 0.01)
        stream.close()


def test_a_condition_skips_what_does_not_fit() -> None:
    script = Numbers(4)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.listen()
        stream.start()
        script.gates[0].open()
        assert stream.wait_for(lambda arrival: arrival.event.data == "2", 10).event.data == "2"
        last = stream.wait(10)
        assert last is not None
        assert last.event.data == "3"
        stream.close()


def test_what_came_before_anybody_listened_is_not_kept() -> None:
    script = Numbers(2, 1)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        script.gates[0].open()
        eventually(lambda: stream.events == 2)
        stream.listen()
        script.gates[1].open()
        arrival = stream.wait(10)
        stream.close()
    assert arrival is not None
    assert arrival.event.data == "2"


def test_a_reader_that_falls_too_far_behind_is_told_and_can_go_on() -> None:
    script = Numbers(3, 2)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings(buffer_events=2))
        stream.listen()
        stream.start()
        script.gates[0].open()
        eventually(lambda: stream.events == 3)
        with pytest.raises(Misuse, match="buffer_events"):
            stream.wait(10)
        script.gates[1].open()
        arrival = stream.wait(10)
        stream.close()
    assert arrival is not None
    assert arrival.event.data == "3"


def test_iteration_ends_when_the_stream_closes() -> None:
    script = Numbers(2, then="204 No Content")
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.listen()
        stream.start()
        script.gates[0].open()
        assert [arrival.event.data for arrival in stream] == ["0", "1"]
    assert stream.state == "closed"
    assert stream.wait(10) is None


def test_iteration_raises_what_failed_the_stream_after_its_last_event() -> None:
    script = Numbers(2, then="500 Oops")
    got = []
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.listen()
        stream.start()
        script.gates[0].open()
        with pytest.raises(RefusedResponse):
            got += [arrival.event.data for arrival in stream]
    with pytest.raises(RefusedResponse):
        stream.wait_open(10)
    with pytest.raises(RefusedResponse):
        stream.wait_for(lambda arrival: True, 10)


def test_closing_wakes_everyone_who_waits() -> None:
    with ScriptedServer(Numbers()) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        stream.wait_open(10)
        waiter = gevent.spawn(stream.wait)
        seeker = gevent.spawn(stream.wait_for, lambda arrival: True, 60)
        gevent.sleep(0)
        stream.close()
        assert waiter.get(timeout=10) is None
        with pytest.raises(EventSourceError, match="closed before"):
            seeker.get(timeout=10)
    with pytest.raises(EventSourceError, match="closed before"):
        stream.wait_open(10)


def test_waiting_for_the_opening_ends_with_its_deadline() -> None:
    with ScriptedServer(Peer.wait_for_close) as server:
        stream = EventStream(server.url(), name="mine", settings=settings())
        stream.start()
        with pytest.raises(TimeoutError, match="mine did not open within"):
            stream.wait_open(0.01)
        stream.close()


def test_waiting_for_the_opening_outlasts_failed_attempts() -> None:
    def script(peer: Peer) -> None:
        if peer.number > 2:
            peer.open_stream()
            peer.wait_for_close()

    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        stream.wait_open(10)
        assert server.connections == 3
        stream.close()


def test_a_deadline_of_the_caller_around_the_wait_is_the_callers() -> None:
    with ScriptedServer(Numbers()) as server:
        stream = EventStream(server.url(), settings=settings())
        stream.start()
        with pytest.raises(gevent.Timeout) as caught, gevent.Timeout(0.01) as timeout:
            stream.wait(60)
        assert caught.value is timeout
        stream.close()


def test_several_readers_share_the_events() -> None:
    script = Numbers(4)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), settings=settings())
        readers = [gevent.spawn(stream.wait, 10) for _ in range(4)]
        stream.start()
        script.gates[0].open()
        got = [reader.get(timeout=10) for reader in readers]
        stream.close()
    assert sorted(arrival.event.data for arrival in got if arrival is not None) == ["0", "1", "2", "3"]
