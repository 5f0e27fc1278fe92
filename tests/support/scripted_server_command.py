"""Running the command line in a process of its own and reading what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.interruptible import interruptible
from tests.support.scripted_server import LAST_CHUNK, Peer, ScriptedServer

COMMAND = [sys.executable, "-m", "locust_eventsource"]
DEADLINE_S = 60


def three_events(peer: Peer) -> None:
    """Script: three events in one chunk."""
    peer.open_stream()
    peer.chunk("data: 1\n\ndata: 2\n\ndata: 3\n\n")
    peer.wait_for_close()


def end_at_once(peer: Peer) -> None:
    """Script: one event with a short reconnection time, then a clean end."""
    peer.open_stream()
    peer.chunk("retry: 1\ndata: x\n\n")
    peer.send(LAST_CHUNK)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The running command, which does not ignore SIGINT even if the tests do; killed on leaving."""
    pipe = subprocess.PIPE
    with interruptible():
        process = subprocess.Popen([*COMMAND, *arguments], stdout=pipe, stderr=pipe, text=True, bufsize=1)
    try:
        with process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        process.wait(DEADLINE_S)


def objects(output: str) -> list[dict[str, Any]]:
    """The JSON objects, one a line."""
    return [json.loads(line) for line in output.split("\n")[:-1]]


def states(output: str) -> list[str]:
    """The states printed."""
    return [line["state"] for line in objects(output) if "state" in line]


def data(output: str) -> list[str]:
    """The data of the events printed."""
    return [line["data"] for line in objects(output) if "data" in line]


def unused_url() -> str:
    """A URL at which nobody listens."""
    with ScriptedServer(lambda peer: None) as server:
        return server.url()
