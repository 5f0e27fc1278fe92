"""The stream that is read by hand: what it keeps, and how it tells each end from the others."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from studio.wire_reader import WireReader
from tests.support.scripted_server import CHUNKED_HEAD, LAST_CHUNK, Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import self_signed

DEADLINE_S = 10.0


def test_it_keeps_every_byte_and_decodes_the_events() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(": keep-alive\n\n")
        peer.chunk("id: 1\nevent: a\ndata: x\n\n")
        peer.send(LAST_CHUNK)

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        assert reader.open(DEADLINE_S)
        assert not reader.read_until(lambda: False, DEADLINE_S)
        assert reader.end == "complete"
        assert [(event.type, event.data) for event, _ in reader.events] == [("a", "x")]
        assert reader.comments == 1
        joined = b"".join(read.data for read in reader.reads)
        assert joined.startswith(CHUNKED_HEAD)
        assert joined.endswith(LAST_CHUNK)
        assert 0 < reader.opened_ns <= reader.reads[-1].at_ns <= reader.ended_ns


def test_an_empty_last_event_id_goes_out_as_it_is() -> None:
    with ScriptedServer(lambda peer: peer.open_stream()) as server:
        with WireReader(server.url(), headers=[("Last-Event-ID", "")]) as reader:
            reader.open(DEADLINE_S)
        (request,) = server.requests
        assert request.headers["last-event-id"] == ""


@pytest.mark.parametrize(("body", "end"), [(b"5\r\ndata:", "cut"), (b"zz\r\n", "malformed"), (LAST_CHUNK, "complete")])
def test_the_ends_are_told_apart(body: bytes, end: str) -> None:
    def script(peer: Peer) -> None:
        peer.send(CHUNKED_HEAD + body)

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        reader.open(DEADLINE_S)
        reader.read_for(DEADLINE_S)
        assert reader.end == end
        assert bool(reader.problem) is (end != "complete")


def test_a_reset_is_told_from_a_close_on_both_sides() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.reset()

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        reader.open(DEADLINE_S)
        reader.read_for(DEADLINE_S)
        assert reader.end == "reset"


def test_what_it_lets_go_is_left() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        for let_go in (WireReader.close, WireReader.reset):
            reader = WireReader(server.url(), receive_buffer=4096)
            assert reader.open(DEADLINE_S)
            assert reader.port
            let_go(reader)
            assert (reader.end, reader.port) == ("left", 0)


def test_a_head_that_does_not_come_is_no_open_stream() -> None:
    def script(peer: Peer) -> None:
        peer.wait_for_close()

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        assert not reader.open(0.2)
        assert reader.head is None


def test_the_words_of_a_refusal_are_kept() -> None:
    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\nfull")

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        assert reader.open(DEADLINE_S)
        reader.read_for(DEADLINE_S)
        assert reader.head is not None
        assert (reader.head.status, reader.head.get("Retry-After")) == (503, "1")
        assert (reader.refusal, reader.events, reader.end) == ("full", [], "complete")


def test_a_reader_that_stalled_behind_a_small_window_reads_on_through_a_wide_one() -> None:
    event = f"data: {'x' * 60_000}\n\n"

    def script(peer: Peer) -> None:
        peer.open_stream()
        for _ in range(50):
            peer.chunk(event)
        peer.send(LAST_CHUNK)

    with ScriptedServer(script) as server, WireReader(server.url(), receive_buffer=4096) as reader:
        reader.widen(1 << 20)
        assert reader.open(DEADLINE_S)
        reader.widen(1 << 20)
        reader.read_for(DEADLINE_S)
        assert (len(reader.events), reader.end, reader.refusal) == (50, "complete", "")


def test_nobody_listening_is_an_error_of_the_system() -> None:
    with ScriptedServer(lambda peer: None) as server:
        url = server.url()
    with pytest.raises(OSError), WireReader(url) as reader:
        reader.open(DEADLINE_S)


def test_tls_is_read_too(tmp_path: Path) -> None:
    ca, context = self_signed(tmp_path, "127.0.0.1", "localhost")

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: x\n\n")
        peer.wait_for_close()

    with ScriptedServer(script, context=context) as server:
        with WireReader(server.url(), ca=str(ca)) as reader:
            assert reader.open(DEADLINE_S)
            assert reader.read_until(lambda: bool(reader.events), DEADLINE_S)
        with pytest.raises(ssl.SSLError), WireReader(server.url()) as reader:
            reader.open(DEADLINE_S)


def test_it_stops_inside_an_event_and_reads_no_further() -> None:
    block = "id: 7\nevent: a\ndata: x\n\n"
    opened = Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        opened.wait()
        peer.chunk(block)
        peer.chunk(block * 3)
        peer.wait_for_close()

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        assert reader.open(DEADLINE_S)
        opened.open()
        assert reader.stop_inside_event(DEADLINE_S)
        came = sum(len(read.data) for read in reader.reads)
        assert reader.stop_inside_event(DEADLINE_S)
        assert sum(len(read.data) for read in reader.reads) == came


@pytest.mark.parametrize("end", [True, False])
def test_where_no_event_begins_there_is_no_inside(end: bool) -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        if end:
            peer.send(LAST_CHUNK)
        peer.wait_for_close()

    with ScriptedServer(script) as server, WireReader(server.url()) as reader:
        assert reader.open(DEADLINE_S)
        assert not reader.stop_inside_event(DEADLINE_S if end else 0.1)
        assert reader.end == ("complete" if end else "open")
