"""A stamp is called an event's own only when nothing came behind the event in the same read."""

from __future__ import annotations

import _socket
from pathlib import Path

import pytest

from locust_eventsource.stream import EventStream
from tests.support.scripted_server import CLOSE_DELIMITED_HEAD, Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, self_signed, settings


def last_flags(body: list[bytes], *, then_close: bool = False) -> list[bool]:
    """``last_in_read`` of each event of a body that the close ends, sent in these writes."""
    gates = [Gate() for _ in body]

    def script(peer: Peer) -> None:
        peer.send(CLOSE_DELIMITED_HEAD)
        for gate, piece in zip(gates, body, strict=True):
            gate.wait()
            if then_close and piece is body[-1]:
                # Held back until the end of the stream goes with it, in one segment.
                peer._socket.send(piece, _socket.MSG_MORE)
            else:
                peer.send(piece)
        if not then_close:
            peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(reconnect=False))
        stream.start()
        heard.wait_for("open")
        for number, gate in enumerate(gates, 1):
            gate.open()
            eventually(lambda number=number: len(heard.arrivals) == number)  # type: ignore[misc]
        stream.close()
    return [arrival.last_in_read for arrival in heard.arrivals]


def test_an_event_alone_in_its_read_has_its_own_stamp() -> None:
    assert last_flags([b"data: a\n\n", b"data: b\n\n"]) == [True, True]


@pytest.mark.parametrize("behind", [b"\n", b"\n\n", b"\n\n\n", b": keep-alive\n\n", b"id: 5\n\n", b"data: be"])
def test_whatever_follows_in_the_read_takes_the_stamp(behind: bytes) -> None:
    assert last_flags([b"data: a\n\n", b"data: b\n\n" + behind]) == [True, False]


def test_the_end_of_tls_takes_the_stamp(tmp_path: Path) -> None:
    ca, context = self_signed(tmp_path, "127.0.0.1")
    gates = [Gate(), Gate()]

    def script(peer: Peer) -> None:
        peer.send(CLOSE_DELIMITED_HEAD)
        gates[0].wait()
        peer.send(b"data: a\n\n")
        gates[1].wait()
        assert peer._tls is not None
        # The record and the closing alert leave in one write.
        peer._tls.write(b"data: b\n\n")
        peer.end_tls()

    heard = Heard()
    with ScriptedServer(script, context=context) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(reconnect=False, ca=str(ca)))
        stream.start()
        heard.wait_for("open")
        for number, gate in enumerate(gates, 1):
            gate.open()
            eventually(lambda number=number: len(heard.arrivals) == number)  # type: ignore[misc]
        stream.close()
    assert [arrival.last_in_read for arrival in heard.arrivals] == [True, False]


def test_a_read_that_fills_the_buffer_may_have_lost_its_stamp_to_what_is_left(reader: str) -> None:
    if reader == "compiled":
        pytest.skip("its thread reads what has come so far, so a test cannot fill its buffer")
    go, written = Gate(), Gate()
    events = [b"data: " + b"x" * 1016 + b"\n\n"] * 64

    def script(peer: Peer) -> None:
        peer.send(CLOSE_DELIMITED_HEAD + b"data: first\n\n")
        go.wait()
        peer.send(b"".join(events))
        written.open()
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(reconnect=False))
        stream.start()
        eventually(lambda: len(heard.arrivals) == 1)
        go.open()
        written.wait()
        eventually(lambda: len(heard.arrivals) == 65)
        stream.close()
    assert len(heard.batches[1]) == 64
    assert not heard.arrivals[-1].last_in_read


def test_the_end_of_the_stream_takes_the_stamp() -> None:
    assert last_flags([b"data: a\n\n", b"data: b\n\n"], then_close=True) == [True, False]
