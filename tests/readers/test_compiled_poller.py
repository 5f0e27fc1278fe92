"""What only the compiled reader can get wrong: its one wake-up for all streams, and its thread over a fork."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from locust_eventsource.stream import Arrival, EventStream
from tests.support.readers import use_reader
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the compiled reader."""
    with use_reader("compiled", monkeypatch):
        yield


class Stop(BaseException):
    """Not an Exception, so no handler for those sees it."""


class Breaking(Heard):
    """Raises at its first arrivals."""

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Remember, and raise once."""
        super().on_arrivals(arrivals)
        if len(self.batches) == 1:
            raise Stop


def test_a_listener_that_breaks_out_stops_no_stream(capfd: pytest.CaptureFixture[str]) -> None:
    gates = [Gate(), Gate()]

    def script(peer: Peer) -> None:
        peer.open_stream()
        for number, gate in enumerate(gates):
            gate.wait()
            peer.chunk(f"data: {number}\n\n")
        peer.wait_for_close()

    breaking, calm = Breaking(), Heard()
    with ScriptedServer(script) as server:
        streams = [EventStream(server.url(), listener=heard, settings=settings()) for heard in (breaking, calm)]
        for stream in streams:
            stream.start()
        breaking.wait_for("open")
        calm.wait_for("open")
        gates[0].open()
        eventually(lambda: breaking.data == calm.data == ["0"])
        gates[1].open()
        eventually(lambda: breaking.data == calm.data == ["0", "1"])
        for stream in streams:
            stream.close()
    assert "Stop" in capfd.readouterr().err


FORKING = """
import os, sys, warnings
from gevent import sleep
from locust_eventsource.stream import EventStream
from tests.support.scripted_server import Gate, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings

gate, heard = Gate(), Heard()

def script(peer):
    peer.open_stream()
    peer.chunk("data: before\\n\\n")
    gate.wait()
    peer.chunk("data: after\\n\\n")
    peer.wait_for_close()

with ScriptedServer(script) as server:
    streams = [EventStream(server.url(), listener=heard, settings=settings()) for _ in range(2)]
    for stream in streams:
        stream.start()
    eventually(lambda: heard.data == ["before", "before"])
    warnings.simplefilter("ignore")
    child = os.fork()
    if not child:
        for stream in streams:
            stream.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    gate.open()
    eventually(lambda: heard.data == ["before", "before", "after", "after"])
    for stream in streams:
        stream.close()
print("parent went on")
"""


def test_a_child_that_closes_its_copies_takes_nothing_from_its_parent() -> None:
    ran = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "parent went on\n", ran.stderr
