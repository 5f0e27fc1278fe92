"""What one reader of a session's activity has seen, and waiting for more."""

from __future__ import annotations

from typing import cast

import gevent

from locust_eventsource.protocol.event import Event
from locust_eventsource.stream import Arrival, EventStream
from studio.activity import ActivityWatch


def arrival(event_type: str, number: int) -> Arrival:
    event = Event(event_type, f'{{"number": {number}, "success": false}}', str(number))
    return Arrival(cast(EventStream, None), event, 1, 1, "kernel", 1, True, 1)


def saw(watch: ActivityWatch, *types: str) -> None:
    for number, event_type in enumerate(types):
        watch.saw(arrival(event_type, number))


def test_finished_ends_the_wait() -> None:
    watch = ActivityWatch()
    saw(watch, "agent_message")
    assert not watch.wait_finished(0)
    saw(watch, "finished")
    assert watch.wait_finished(0)
    assert watch.reading.success is False


def test_a_stream_that_opens_again_is_read_from_its_first_message() -> None:
    watch = ActivityWatch("reader 3")
    watch.joined(7)
    saw(watch, "agent_message", "finished")
    watch.joined(9)
    assert not watch.wait_finished(0)
    saw(watch, "agent_message")
    assert (watch.reading.reader, watch.reading.joined_ns, len(watch.reading.digests)) == ("reader 3", 9, 1)
    assert watch.reading.gapless_ids
    assert watch.connected
    watch.left()
    assert not watch.connected


def test_messages_can_be_waited_for() -> None:
    watch = ActivityWatch()
    assert not watch.wait_messages(1, 0)
    saw(watch, "agent_message")
    assert watch.wait_messages(1, 0)
    waiting = gevent.spawn(watch.wait_messages, 3, 10)
    gevent.sleep(0)
    saw(watch, "agent_message")
    gevent.sleep(0)
    assert not waiting.ready()
    saw(watch, "tool_call")
    assert waiting.get(timeout=10)


def test_the_end_of_an_activity_ends_the_wait_for_more() -> None:
    watch = ActivityWatch()
    waiting = gevent.spawn(watch.wait_messages, 3, 10)
    gevent.sleep(0)
    saw(watch, "finished")
    assert not waiting.get(timeout=10)
    assert not watch.wait_messages(3, 10)
