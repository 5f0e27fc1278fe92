"""No stream gets more of the loop than one buffer at a time."""

from __future__ import annotations

from collections import Counter

from locust_eventsource.stream import EventStream
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, settings

_EVENT = "data: " + "x" * 992 + "\n\n"
_BUFFER_BYTES = 65536


def test_an_unending_flood_on_one_stream_lets_the_other_through() -> None:
    flooded = Gate()
    enough: list[bool] = []

    def script(peer: Peer) -> None:
        peer.open_stream()
        if peer.number == 1:
            while not enough:
                peer.chunk(_EVENT)
                flooded.open()
        else:
            flooded.wait()
            peer.chunk("data: small\n\n")
        peer.wait_for_close()

    busy, calm = Heard(), Heard()
    with ScriptedServer(script) as server:
        streams = [EventStream(server.url(), listener=heard, settings=settings()) for heard in (busy, calm)]
        streams[0].start()
        busy.wait_for("open")
        streams[1].start()
        eventually(lambda: calm.data == ["small"], "the event of the calm stream")
        enough.append(True)
        for stream in streams:
            stream.close()


def test_one_read_takes_at_most_one_buffer() -> None:
    written = Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        for _ in range(200):
            peer.chunk(_EVENT)
        written.open()
        peer.wait_for_close()

    heard = Heard()
    with ScriptedServer(script) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings())
        stream.start()
        heard.wait_for("open")
        written.wait()
        eventually(lambda: stream.events == 200)
        stream.close()
    read: Counter[int] = Counter()
    for arrival in heard.arrivals:
        read[arrival.read_ns] += len(arrival.event.data)
    assert max(read.values()) <= _BUFFER_BYTES
    assert len(read) >= 3
