"""The compiled event source: what it writes, when it says it wrote it, and what it refuses."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.certificate import write_certificate
from benchmarks.child import Child
from benchmarks.messages import START, SourceReport, source_report
from benchmarks.native import has_tls
from benchmarks.payload import as_chunk, event_block
from tests.support.native_programs import compiled

WITHIN_S = 30.0
CONNECTIONS = 3
EVENTS = 4
OPTIONS: dict[str, object] = {
    "connections": CONNECTIONS,
    "events": EVENTS,
    "rate": 10_000,
    "body": "chunked",
    "pattern": "even",
    "mode": "distinct",
}
REQUEST = b"GET /events?c=%d HTTP/1.1\r\nHost: source\r\n\r\n"
DATA = re.compile(rb"\ndata: (\d+) (\d+|-) (\d+) x")


class Outcome(NamedTuple):
    """What came on each connection behind the head, the truth of it, and the source's report."""

    heads: list[bytes]
    bodies: list[bytes]
    truth: list[list[tuple[int, int]]]
    report: SourceReport


def arguments(options: dict[str, object]) -> list[str]:
    """The options as a command line has them."""
    return [f"--{name}={value}" for name, value in options.items()]


@contextmanager
def started(
    options: dict[str, object], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[Child, list[socket.socket]]]:
    """A source with all its connections open and their heads unread."""
    connections = int(str(options["connections"]))
    with Child(compiled("source"), options) as source, ExitStack() as sockets:
        port = source.hear("port", WITHIN_S)
        peers: list[socket.socket] = []
        for index in range(connections):
            peer = socket.create_connection(("127.0.0.1", port), WITHIN_S)
            peers.append(tls.wrap_socket(peer, server_hostname="127.0.0.1") if tls else peer)
            sockets.callback(peers[-1].close)
            peers[-1].sendall(REQUEST % index)
        assert source.hear("open", WITHIN_S) == connections
        yield source, peers


def run(folder: Path, context: ssl.SSLContext | None = None, **changes: object) -> Outcome:
    """One run to its end, read by plain sockets."""
    truth = folder / "truth"
    options = OPTIONS | {"truth": truth} | changes
    with started(options, context) as (source, peers):
        source.tell(START)
        report = source_report(source.hear("report", WITHIN_S))
        answers = [read_events(peer, int(str(options["events"]))) for peer in peers]
    heads, bodies = zip(*(answer.split(b"\r\n\r\n", 1) for answer in answers), strict=True)
    return Outcome(list(heads), list(bodies), read_truth(truth, len(answers)), report)


def read_events(peer: socket.socket, events: int) -> bytes:
    """All that comes up to the last event, with what closes its chunk."""
    answer = b""
    while answer.count(b"\n\n") < events or not answer.endswith((b"\n\n", b"\n\n\r\n")):
        data = peer.recv(65536)
        assert data, "the source closed the connection"
        answer += data
    return answer


def read_truth(path: Path, connections: int) -> list[list[tuple[int, int]]]:
    """The pairs of each connection."""
    numbers = array("q", path.read_bytes())
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    each = len(pairs) // connections
    return [pairs[at : at + each] for at in range(0, len(pairs), each)]


def sent_times(body: bytes) -> list[int]:
    """The times in the events' data."""
    return [int(found[1]) for found in DATA.finditer(body)]


@pytest.mark.parametrize("pattern", ["even", "fan-out"])
@pytest.mark.parametrize("body", ["chunked", "identity"])
def test_distinct_events_are_those_of_the_payload(tmp_path: Path, body: str, pattern: str) -> None:
    outcome = run(tmp_path, body=body, pattern=pattern)
    for index, received in enumerate(outcome.bodies):
        times = sent_times(received)
        blocks = [event_block(index, sequence, sent_ns) for sequence, sent_ns in enumerate(times)]
        assert received == b"".join(as_chunk(block) if body == "chunked" else block for block in blocks)
        assert len(times) == EVENTS
    assert all((b"Transfer-Encoding: chunked" in head) == (body == "chunked") for head in outcome.heads)


def test_a_broadcast_is_the_same_for_all(tmp_path: Path) -> None:
    outcome = run(tmp_path, mode="broadcast")
    times = sent_times(outcome.bodies[0])
    blocks = [as_chunk(event_block(None, sequence, sent_ns)) for sequence, sent_ns in enumerate(times)]
    assert outcome.bodies == [b"".join(blocks)] * CONNECTIONS


def test_every_write_lies_between_its_two_stamps(tmp_path: Path) -> None:
    started_ns = time.time_ns()
    outcome = run(tmp_path)
    ended_ns = time.time_ns()
    for body, pairs in zip(outcome.bodies, outcome.truth, strict=True):
        stamps = [started_ns]
        for sent_ns, (before_ns, after_ns) in zip(sent_times(body), pairs, strict=True):
            stamps += [sent_ns, before_ns, after_ns]
        stamps.append(ended_ns)
        assert stamps == sorted(stamps)


def test_the_report_counts_what_was_written(tmp_path: Path) -> None:
    report = run(tmp_path).report
    assert (report.written, report.written_min, report.written_max) == (CONNECTIONS * EVENTS, EVENTS, EVENTS)
    assert report.blocked == 0
    assert report.seconds > 0


def test_a_burst_is_one_write(tmp_path: Path) -> None:
    outcome = run(tmp_path, burst=2)
    for body, pairs in zip(outcome.bodies, outcome.truth, strict=True):
        first, second, third, fourth = sent_times(body)
        assert first == second < third == fourth
        assert pairs[0] == pairs[1] != pairs[2] == pairs[3]


def test_what_does_not_fit_the_socket_is_written_later_and_stamped_then(tmp_path: Path) -> None:
    # More than the send and receive buffers of a connection hold.
    events = 50_000
    truth = tmp_path / "truth"
    with started(OPTIONS | {"connections": 1, "events": events, "rate": 1e6, "truth": truth}) as (source, peers):
        source.tell(START)
        wait_until_some_are_written(truth)
        unread_ns = time.time_ns()
        answer = read_events(peers[0], events)
        report = source_report(source.hear("report", WITHIN_S))
    assert report.blocked > 0
    assert report.written == events
    pairs = read_truth(truth, 1)[0]
    assert all(0 < before_ns <= after_ns for before_ns, after_ns in pairs)
    assert pairs == sorted(pairs)
    assert pairs[-1][1] > unread_ns
    assert [int(found[3]) for found in DATA.finditer(answer)] == list(range(events))


def wait_until_some_are_written(truth: Path) -> None:
    """Return when the source has begun to write."""
    deadline = time.monotonic() + WITHIN_S
    while not any(truth.read_bytes()[:16]):
        assert time.monotonic() < deadline, "the source writes nothing"
        time.sleep(0.01)


def test_rate_zero_writes_all_that_fits(tmp_path: Path) -> None:
    assert run(tmp_path, rate=0, pattern="fan-out").report.written == CONNECTIONS * EVENTS


def test_without_events_connections_are_answered_and_kept(tmp_path: Path) -> None:
    with started(OPTIONS | {"events": 0}) as (source, peers):
        source.tell(START)
        assert source_report(source.hear("report", WITHIN_S)).written == 0
        for peer in peers:
            assert peer.recv(65536).endswith(b"\r\n\r\n")
            peer.setblocking(False)
            with pytest.raises(BlockingIOError):
                peer.recv(1)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_says_the_same_and_stamps_around_the_ciphertext(tmp_path: Path, version: ssl.TLSVersion) -> None:
    if not has_tls():
        pytest.skip("no OpenSSL headers")
    certificate, key = write_certificate(tmp_path)
    context = ssl.create_default_context(cafile=certificate)
    context.minimum_version = context.maximum_version = version
    outcome = run(tmp_path, context, tls=(certificate, key), burst=2)
    for index, (body, pairs) in enumerate(zip(outcome.bodies, outcome.truth, strict=True)):
        times = sent_times(body)
        assert body == b"".join(as_chunk(event_block(index, number, sent)) for number, sent in enumerate(times))
        assert all(sent <= before <= after for sent, (before, after) in zip(times, pairs, strict=True))
        assert pairs[0] == pairs[1] != pairs[2] == pairs[3]


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        (b"GET /events HTTP/1.1\r\n\r\n", "no GET with ?c=<connection>"),
        (b"POST /events?c=0 HTTP/1.1\r\n\r\n", "no GET with ?c=<connection>"),
        (b"GET /events?c=x HTTP/1.1\r\n\r\n", "no number from 0"),
        (b"GET /events?c=1 HTTP/1.1\r\n\r\n", "connection 1 of 1"),
    ],
)
def test_a_request_that_tells_no_connection_ends_the_source(request_text: bytes, reason: str) -> None:
    command = [*compiled("source"), *arguments(OPTIONS | {"connections": 1})]
    # A connection that is refused is known to nobody but the kernel's epoll, and so seems lost.
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as source:
        assert source.stdout is not None
        assert source.stderr is not None
        port = int(re.findall(rb"\d+", source.stdout.readline())[0])
        with socket.create_connection(("127.0.0.1", port), WITHIN_S) as peer:
            peer.sendall(request_text)
            said = source.stderr.read()
    assert source.returncode == 1
    assert reason in said.decode()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"body": "sized"}, "--body takes chunked or identity"),
        ({"rate": "fast"}, "--rate takes events a second"),
        ({"events": 3, "burst": 2}, "multiple of --burst"),
        ({"connections": 0}, "--connections takes a whole number"),
        ({"tls": "one-file-only"}, "--tls takes two files"),
    ],
)
def test_wrong_options_are_refused(change: dict[str, object], reason: str) -> None:
    command = [*compiled("source"), *arguments(OPTIONS | change)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 1
    assert reason in done.stderr
