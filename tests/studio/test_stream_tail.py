"""A stream followed by hand: its events as the checker of replays knows them, and how it is let go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import gevent

from studio.contract import EventKey, EventType
from studio.stream_tail import StreamTail
from studio.verify.replay import Notice
from studio.wire_reader import WireReader
from tests.support.scripted_server import LAST_CHUNK, Gate, Peer, ScriptedServer

DEADLINE_S = 10.0
CREATED = EventKey("t1", EventType.TASK_CREATED, "")


def block(event_id: str, event_type: str = "task.created", task_id: str = "t1", **fields: str) -> str:
    """An event as the service writes it."""
    event = {"type": event_type, "task_id": task_id, **fields}
    data = json.dumps({"id": event_id, "timestamp": "2026-01-02T03:04:05.000000006Z", "event": event})
    return f"id: {event_id}\nevent: {event_type}\ndata: {data}\n\n"


def until(holds: Callable[[], bool]) -> None:
    """Let the tail read until it holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        gevent.sleep(0.005)


def test_events_are_known_by_id_and_by_the_fact_that_they_announce() -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(block("a", "task.status_changed", from_status="todo", to_status="planning"))
        peer.chunk(block("b") + block("b"))
        peer.chunk("id: c\nevent: odd\ndata: no envelope\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        tail = StreamTail(WireReader(server.url()))
        assert tail.open(DEADLINE_S) == ""
        assert not tail.has(EventKey("t1", EventType.TASK_CREATED, "other"))
        until(lambda: len(tail.seen) == 4)
        assert [(seen.id, seen.type, seen.task_id) for seen in tail.seen] == [
            ("a", "task.status_changed", "t1"),
            ("b", "task.created", "t1"),
            ("b", "task.created", "t1"),
            ("c", "odd", ""),
        ]
        assert tail.has(CREATED)
        assert [seen.id for seen in tail.until(CREATED)] == ["a", "b"]
        assert len(tail.until(EventKey("t2", EventType.TASK_CREATED, ""))) == 4
        assert tail.notice is None
        assert tail.port
        assert tail.ended == ""
        tail.close()
        assert (tail.ended, bool(tail.port)) == ("left", True)


def test_a_first_event_that_says_that_nothing_can_be_replayed_is_kept_and_a_later_one_is_not() -> None:
    def told(*blocks: str) -> Notice | None:
        def script(peer: Peer) -> None:
            peer.open_stream()
            for text in blocks:
                peer.chunk(text)
            peer.send(LAST_CHUNK)

        with ScriptedServer(script) as server:
            tail = StreamTail(WireReader(server.url()))
            tail.open(DEADLINE_S)
            until(lambda: bool(tail.ended))
            assert len(tail.seen) == len(blocks)
            tail.close()
            return tail.notice

    notice = block("n", "replay.unavailable", last_event_id="x", reason="unknown")
    assert told(notice, block("a")) == Notice("x", "unknown")
    assert told(block("n", "replay.unavailable")) == Notice("", "")
    assert told(block("a"), notice) is None


def test_a_stream_that_does_not_open_says_why() -> None:
    def refuse(peer: Peer) -> None:
        peer.answer("503 Service Unavailable", "full")

    with ScriptedServer(refuse) as server:
        tail = StreamTail(WireReader(server.url()))
        assert tail.open(DEADLINE_S) == "the stream was refused with status 503"
        tail.close()
    nobody = StreamTail(WireReader(server.url()))
    assert nobody.open(DEADLINE_S).startswith("no connection came about: ")
    with ScriptedServer(lambda peer: peer.wait_for_close()) as server:
        mute = StreamTail(WireReader(server.url()))
        assert mute.open(0.1) == "no answer came within 0.1 s"
        mute.close()


def test_a_held_stream_reads_no_more_and_goes_on_where_it_was() -> None:
    gate = Gate()

    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk(block("a"))
        gate.wait()
        peer.chunk(block("b"))
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        tail = StreamTail(WireReader(server.url()))
        tail.open(DEADLINE_S)
        until(lambda: len(tail.seen) == 1)
        tail.hold()
        tail.hold()
        gate.open()
        assert tail.stop_inside_event(DEADLINE_S)
        assert len(tail.seen) == 1
        tail.read_on()
        until(lambda: len(tail.seen) == 2)
        tail.reset()
        assert tail.ended == "left"
