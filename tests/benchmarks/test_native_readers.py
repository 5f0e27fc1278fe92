"""The compiled readers account for every event, however the source's bytes are cut and whatever is missing."""

from __future__ import annotations

import math
import random
import socket
import subprocess
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.child import Child
from benchmarks.messages import ReaderReport, reader_report
from benchmarks.payload import as_chunk, event_block
from tests.support.native_programs import compiled

WITHIN_S = 30.0
EVENTS = 5
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
IDENTITY = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

Play = Callable[[socket.socket], None]


@pytest.fixture(params=["epoll_reader", "go_reader"])
def reader(request: pytest.FixtureRequest) -> list[str]:
    """The command of each compiled reader."""
    return compiled(request.param)


@contextmanager
def serving(play: Play) -> Iterator[str]:
    """The URL of a server that answers one connection's request by ``play`` and then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, play))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/events"
        thread.join(WITHIN_S)


def _serve(listener: socket.socket, play: Play) -> None:
    peer = listener.accept()[0]
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += peer.recv(4096)
        assert request.startswith(b"GET /events?c=0 HTTP/1.1\r\n")
        play(peer)


def read(reader: list[str], play: Play, **options: object) -> ReaderReport:
    """What a reader reports of one connection."""
    with serving(play) as url, Child(reader, {"url": url, "connections": 1, "events": EVENTS} | options) as child:
        assert child.hear("open", WITHIN_S) == 1
        return reader_report(child.hear("report", WITHIN_S))


def sends(*pieces: bytes) -> Play:
    """Send the pieces, each in a segment of its own."""

    def play(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)

    return play


def blocks(sequences: Iterable[int], sent_ns: int = 1_000) -> list[bytes]:
    """Events of connection 0."""
    return [event_block(0, sequence, sent_ns) for sequence in sequences]


def chunks(sequences: Iterable[int]) -> bytes:
    """The same, a chunk each."""
    return b"".join(map(as_chunk, blocks(sequences)))


def test_events_in_one_piece(reader: list[str]) -> None:
    report = read(reader, sends(CHUNKED + chunks(range(EVENTS))))
    assert (report.delivered, report.lost, report.duplicated, report.reordered) == (EVENTS, 0, 0, 0)


def test_events_byte_by_byte(reader: list[str]) -> None:
    answer = CHUNKED + chunks(range(EVENTS))
    pieces = [answer[at : at + 1] for at in range(len(answer))]
    report = read(reader, sends(*pieces))
    assert (report.delivered, report.lost) == (EVENTS, 0)


@pytest.mark.parametrize("seed", range(5))
def test_chunks_and_writes_that_end_anywhere(reader: list[str], seed: int) -> None:
    rng = random.Random(seed)
    body = b": a comment\n\n" + b"".join(blocks(range(EVENTS)))
    # A chunk may end between the two line feeds of a blank line, and have an extension behind its size.
    framed = b"".join(b"%X;x=y\r\n%b\r\n" % (len(piece), piece) for piece in cut(body, rng))
    report = read(reader, sends(*cut(CHUNKED + framed + b"0\r\n\r\n", rng)))
    assert (report.delivered, report.lost) == (EVENTS, 0)


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """The data in pieces of 1 to 40 bytes."""
    pieces = []
    while data:
        length = rng.randint(1, 40)
        pieces.append(data[:length])
        data = data[length:]
    return pieces


def test_a_body_that_ends_with_its_connection(reader: list[str]) -> None:
    report = read(reader, sends(IDENTITY, *blocks(range(EVENTS))))
    assert (report.delivered, report.lost) == (EVENTS, 0)


def test_lost_events_are_infinitely_late(reader: list[str]) -> None:
    report = read(reader, sends(CHUNKED + chunks([0, 1, 3])))
    assert (report.delivered, report.lost, report.duplicated, report.reordered, report.broken) == (3, 2, 0, 0, 1)
    assert report.p50_ms is not None
    assert report.p50_ms < math.inf
    assert report.p99_ms == math.inf


def test_duplicated_and_reordered_events_are_told_apart(reader: list[str]) -> None:
    report = read(reader, sends(CHUNKED + chunks([0, 0, 2, 1, 1, 3, 4])))
    assert (report.delivered, report.lost, report.duplicated, report.reordered) == (EVENTS, 0, 2, 1)


def test_an_event_of_which_a_part_is_missing_is_lost(reader: list[str]) -> None:
    report = read(reader, sends(CHUNKED + chunks(range(EVENTS - 1)) + as_chunk(blocks([4])[0][:-1])))
    assert (report.delivered, report.lost, report.broken) == (EVENTS - 1, 1, 1)


def test_the_stamps_of_all_events_are_kept(reader: list[str], tmp_path: Path) -> None:
    started_ns = time.time_ns()
    read(reader, sends(CHUNKED + chunks([0, 1, 4])), stamps=tmp_path / "stamps")
    stamps = array("q", (tmp_path / "stamps").read_bytes())
    assert len(stamps) == EVENTS
    assert stamps[2] == stamps[3] == 0
    assert started_ns < stamps[0] <= stamps[1] <= stamps[4] < time.time_ns()


def test_the_latency_is_stamp_minus_time_of_writing(reader: list[str]) -> None:
    sent_ns = time.time_ns() - 3_600_000_000_000
    body = b"".join(map(as_chunk, blocks(range(EVENTS), sent_ns)))
    report = read(reader, sends(CHUNKED + body))
    assert report.p50_ms is not None
    assert report.max_ms is not None
    assert 3_600_000 < report.p50_ms <= report.max_ms < 3_600_000 + WITHIN_S * 1e3


def test_events_of_a_broadcast_have_no_latency_of_their_own(reader: list[str]) -> None:
    body = b"".join(as_chunk(event_block(None, sequence, 1_000)) for sequence in range(EVENTS))
    report = read(reader, sends(CHUNKED + body))
    assert (report.delivered, report.p50_ms, report.p99_ms, report.max_ms) == (EVENTS, None, None, None)


def test_connections_without_events_are_held_until_standard_input_ends(reader: list[str]) -> None:
    ended = threading.Event()

    def play(peer: socket.socket) -> None:
        peer.sendall(CHUNKED)
        assert not peer.recv(1)
        ended.set()

    with serving(play) as url:
        with Child(reader, {"url": url, "connections": 1, "events": 0}) as child:
            assert child.hear("open", WITHIN_S) == 1
            assert reader_report(child.hear("report", WITHIN_S)).delivered == 0
            assert not ended.is_set()
        assert ended.wait(WITHIN_S)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        CHUNKED + as_chunk(event_block(1, 0, 1_000)),
        CHUNKED + as_chunk(event_block(0, EVENTS, 1_000)),
        CHUNKED + as_chunk(b"data: x\n\n"),
    ],
    ids=["not-200", "another-connection", "unknown-number", "not-ours"],
)
def test_what_a_source_never_sends_ends_the_reader(reader: list[str], answer: bytes) -> None:
    with serving(sends(answer)) as url:
        command: list[Any] = [*reader, "--url", url, "--connections", "1", "--events", str(EVENTS)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            assert child.stderr is not None
            said = child.stderr.read().decode()
    assert child.returncode == 1
    assert "reader: " in said
