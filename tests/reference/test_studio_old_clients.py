"""HTTP/1.0 clients: what they are answered, in the version that they know."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.studio_process import DEADLINE_S, StudioProcess

RECORDING = Path(__file__).parent.parent / "recordings" / "phases-terminated-events.jsonl"
CREATE = b'{"title":"HTTP/1.1 ","description":""}'


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioProcess]:
    """One Studio for all tests of this file."""
    with StudioProcess() as process:
        yield process


def exchange(studio: StudioProcess, request: bytes) -> bytes:
    """All that comes until the Studio closes the connection."""
    with socket.create_connection(studio.address, DEADLINE_S) as connection, connection.makefile("rb") as reader:
        connection.sendall(request)
        return reader.read()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /health", b"200 OK"),
        (b"HEAD /api/events", b"200 OK"),
        (b"OPTIONS /api/tasks", b"200 OK"),
        (b"GET /api/tasks/garbage", b"400 Bad Request"),
        (b"GET /nothing", b"404 Not Found"),
        (b"DELETE /health", b"405 Method Not Allowed"),
    ],
)
def test_every_answer_names_the_clients_version(studio: StudioProcess, line: bytes, status: bytes) -> None:
    head, _, body = exchange(studio, line + b" HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 " + status + b"\r\n")
    assert b"transfer-encoding" not in head
    lengths = [int(row[16:]) for row in head.split(b"\r\n") if row.startswith(b"content-length: ")]
    assert line.startswith(b"HEAD") or lengths == [len(body)]


def test_an_old_client_is_not_told_to_continue(studio: StudioProcess) -> None:
    head = b"POST /api/tasks HTTP/1.0\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: %d"
    raw = exchange(studio, head % len(CREATE) + b"\r\n\r\n" + CREATE)
    assert raw.startswith(b"HTTP/1.0 201 Created\r\n")
    assert json.loads(raw.partition(b"\r\n\r\n")[2])["title"] == "HTTP/1.1 "


def test_requests_of_both_versions_on_one_connection_are_answered_each_in_its_own(studio: StudioProcess) -> None:
    raw = exchange(studio, b"GET /health HTTP/1.1\r\n\r\nGET /health HTTP/1.0\r\n\r\n")
    assert [raw[at : at + 15] for at in (0, raw.rindex(b"HTTP/"))] == [b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK"]
    assert raw.count(b"HTTP/") == 2


def test_a_recording_is_played_to_an_old_client_as_it_was_recorded() -> None:
    recorded = b"".join(json.loads(line)["b"].encode("latin-1") for line in RECORDING.read_text("utf-8").splitlines())
    with StudioProcess("--replay", str(RECORDING), "--speed", "50") as studio:
        raw = exchange(studio, b"GET /api/events HTTP/1.0\r\n\r\n")
    # The one line that uvicorn adds for every client whose connection it will close.
    assert raw.replace(b"connection: close\r\n", b"", 1) == recorded
