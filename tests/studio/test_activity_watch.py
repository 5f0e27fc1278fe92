"""What is wrong with a session's activity."""

from __future__ import annotations

from typing import cast

import pytest

from locust_eventsource.protocol.event import Event
from locust_eventsource.stream import Arrival, EventStream
from studio.activity import ActivityWatch


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        (["agent_message", "finished"], ""),
        ([], "the activity did not end with `finished`"),
        (["agent_message"], "the activity did not end with `finished`"),
        (["finished"], "the activity held nothing but `finished`"),
        (["agent_message", "finished", "tool_call"], "1 events came after `finished`"),
    ],
)
def test_an_activity_is_complete_when_it_holds_something_and_ends(types: list[str], problem: str) -> None:
    watch = ActivityWatch()
    for event_type in types:
        event = Event(event_type, '{"success": false}', "")
        watch.saw(Arrival(cast(EventStream, None), event, 1, 1, "kernel", 1, True, 1))
    assert watch.problem() == problem
    assert watch.success is (False if "finished" in types else None)
