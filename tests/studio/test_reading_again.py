"""Reading the activity of a session that is over: to `finished`, to the silence, or not at all."""

from __future__ import annotations

import pytest

from studio.activity import read_again
from studio.verify.readings import Excerpts, Reading
from studio.wire_reader import WireReader
from tests.support.scripted_server import CHUNKED_HEAD, LAST_CHUNK, Peer, Script, ScriptedServer

PATIENCE_S = 10.0
SAID = 'id: 0\nevent: agent_message\ndata: {"content":"x"}\n\n'
FINISHED = 'id: 1\nevent: finished\ndata: {"success":true,"error":null}\n\n'


def read(script: Script, *, patience_s: float = PATIENCE_S) -> Reading | None:
    with ScriptedServer(script) as server:
        wire = WireReader(server.url())
        reading = read_again(wire, "again", Excerpts(), connect_timeout_s=PATIENCE_S, patience_s=patience_s)
        assert wire.end != "open"
        assert reading is None or not wire.reads
        return reading


def test_a_history_is_read_up_to_finished_and_no_further() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(SAID)
        peer.chunk(FINISHED)
        peer.wait_for_close()

    reading = read(script)
    assert reading is not None
    assert (reading.reader, reading.finished, len(reading.digests), reading.success) == ("again", 1, 2, True)
    assert reading.joined_ns > 0


def test_a_history_that_stops_short_is_told_as_far_as_it_came() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(SAID)
        peer.wait_for_close()

    reading = read(script, patience_s=0.05)
    assert reading is not None
    assert (reading.finished, len(reading.digests)) == (0, 1)


def test_a_stream_that_the_service_ends_too_early_is_told_as_far_as_it_came() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(SAID)
        peer.send(LAST_CHUNK)

    reading = read(script)
    assert reading is not None
    assert (reading.finished, len(reading.digests)) == (0, 1)


@pytest.mark.parametrize(
    "answer",
    [CHUNKED_HEAD + b"5\r\ndata:", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", b""],
    ids=["cut", "refused", "no answer"],
)
def test_a_lost_connection_and_a_refusal_are_no_reading(answer: bytes) -> None:
    assert read(lambda peer: peer.send(answer)) is None


def test_no_connection_is_no_reading() -> None:
    with ScriptedServer(lambda peer: peer.open_stream()) as server:
        url = server.url()
    wire = WireReader(url)
    assert read_again(wire, "again", Excerpts(), connect_timeout_s=PATIENCE_S, patience_s=PATIENCE_S) is None
