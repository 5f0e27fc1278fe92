"""A connection that the caller lets go: lost as a network loses one, and followed by the next."""

from __future__ import annotations

import pytest

from locust_eventsource.errors import Dropped
from locust_eventsource.protocol.reconnect import ReconnectPolicy
from locust_eventsource.stream import Arrival, EventStream
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings


@pytest.mark.parametrize(("reset", "farewell"), [(True, "RST"), (False, "FIN")])
def test_the_server_sees_a_loss_and_then_a_return_with_the_last_event_id(reset: bool, farewell: str) -> None:
    farewells: list[str] = []

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(f"id: {peer.number}\ndata: x\n\n")
        farewells.append(peer.farewell())

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        for number in (1, 2, 3):
            eventually(lambda number=number: len(heard.data) == number)  # type: ignore[misc]
            stream.drop(reset=reset)
            assert stream.state == "reconnecting"
            eventually(lambda number=number: len(farewells) == number)  # type: ignore[misc]
        heard.wait_for("open", 4)
        stream.close()
    assert farewells[:3] == [farewell] * 3
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, "1", "2", "3"]
    assert heard.errors == ["Dropped"] * 3
    assert stream.error is None
    assert stream.connections == 4


def test_what_was_not_handed_out_is_asked_for_again() -> None:
    class DropsAt3(Heard):
        def on_arrivals(self, arrivals: list[Arrival]) -> None:
            super().on_arrivals(arrivals)
            if stream.connections == 1 and len(self.data) >= 3:
                stream.drop()

    def script(peer: Peer) -> None:
        peer.open_stream()
        if peer.number == 1:
            for number in range(500):
                peer.chunk(f"id: {number}\ndata: {number}\n\n")
        peer.wait_for_close()

    heard = DropsAt3()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open", 2)
        stream.close()
    assert server.requests[1].headers["last-event-id"] == heard.data[-1]
    assert heard.data == [str(number) for number in range(len(heard.data))]


def test_only_an_open_connection_can_be_let_go() -> None:
    gate = Gate()

    def script(peer: Peer) -> None:
        gate.wait()
        peer.open_stream()
        peer.wait_for_close()

    heard = Heard()
    policy = ReconnectPolicy(default_retry_ms=600_000)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy))
        stream.drop()
        stream.start()
        stream.drop()
        gate.open()
        heard.wait_for("open")
        stream.drop()
        stream.drop()
        assert heard.states == ["connecting", "open", "reconnecting"]
        stream.close()
        stream.drop()
    assert heard.states == ["connecting", "open", "reconnecting", "closed"]


def test_a_loss_on_purpose_is_no_reason_to_back_off() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.wait_for_close()

    heard = Heard()
    policy = ReconnectPolicy(default_retry_ms=1, jitter=0, factor=2, min_backoff_ms=500)
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(policy=policy, max_retries=0))
        stream.start()
        for number in (1, 2, 3):
            heard.wait_for("open", number)
            stream.drop()
        stream.close()
    assert [change.retry_ms for change in heard.changes if change.state == "reconnecting"] == [1, 1, 1]


def test_a_stream_that_does_not_reconnect_is_closed_by_it() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(reconnect=False))
        stream.start()
        heard.wait_for("open")
        stream.drop()
    assert heard.states == ["connecting", "open", "closed"]
    assert not any(isinstance(change.error, Dropped) for change in heard.changes)
