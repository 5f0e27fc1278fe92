"""What an event of a Studio stream tells."""

from __future__ import annotations

from locust.stats import RequestStats

import json
from typing import cast

import pytest

from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from locust_eventsource.protocol.event import Event
from locust_eventsource.stream import Arrival, EventStream
from studio.check_log import CheckLog
from studio.contract import Envelope
from studio.observer import StudioObserver, activity_timestamp_ns
from studio.trigger_clock import TriggerClock
from studio.verify.capture import Capture

SECOND = 1_000_000_000
MS = 1_000_000


class FakeStream:
    """As much of a stream as the observer looks at."""

    name = "/api/events"
    replay_requested = False


class Desk:
    """An observer and everything that it writes to."""

    def __init__(self, *, delivery_asked: bool = True) -> None:
        self.recorder, self.capture, self.checks = Recorder(), Capture(), CheckLog()
        self.triggers, self.stats = TriggerClock(), RequestStats()
        self.first_sights: list[Envelope] = []
        self.observer = StudioObserver(
            self.recorder,
            self.capture,
            self.checks,
            self.triggers,
            self.stats,
            aliases={"session.done": "session.ended"},
            delivery_asked=delivery_asked,
            first_sight=self.first_sights.append,
        )

    def stream(self, opened_ns: int = 10 * SECOND) -> EventStream:
        stream = cast(EventStream, FakeStream())
        self.observer.follow_global(stream, None)
        self.observer.connect(stream=stream, at_ns=opened_ns)
        return stream

    def series(self) -> Series:
        series = Series()
        series.add(self.recorder.take())
        return series


def created(second: float, task_id: str = "t", title: str = "haiku", event_type: str = "task.created") -> Event:
    stamp = f"1970-01-01T00:00:{second:012.9f}Z"
    fields = {"type": event_type, "task_id": task_id, "title": title}
    return Event(event_type, json.dumps({"id": f"e-{second}", "timestamp": stamp, "event": fields}), "")


def arrival(stream: EventStream, event: Event, received_ns: int) -> Arrival:
    return Arrival(stream, event, received_ns, received_ns, "kernel", received_ns + MS, True, 1)


def test_delivery_is_the_servers_timestamp_to_the_stamp_of_arrival() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND + 4 * MS)])
    series = desk.series()
    delivery, lag = series.histogram("delivery", "task.created"), series.histogram("lag")
    assert delivery is not None and delivery.max_us == pytest.approx(4_000, rel=1e-3)
    assert lag is not None and lag.max_us == pytest.approx(1_000, rel=1e-3)
    assert desk.stats.get("delivery task.created", "SSE event").num_requests == 1


def test_an_event_is_parsed_once_however_many_streams_bring_it() -> None:
    desk = Desk()
    streams = [desk.stream() for _ in range(3)]
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND) for stream in streams])
    assert [envelope.task_id for envelope in desk.first_sights] == ["t"]
    assert desk.series().counter("deliveries") == 3


def test_replayed_events_never_enter_delivery() -> None:
    desk = Desk()
    stream = desk.stream()
    cast(FakeStream, stream).replay_requested = True
    desk.observer.connect(stream=stream, at_ns=20 * SECOND)
    desk.observer.deliveries(
        arrivals=[arrival(stream, created(12), 20 * SECOND + MS), arrival(stream, created(21), 21 * SECOND)]
    )
    series = desk.series()
    delivery = series.histogram("delivery")
    assert (series.counter("replayed"), series.counter("deliveries")) == (1, 1)
    assert delivery is not None and delivery.count == 1


def test_a_second_arrival_is_no_delivery() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND)] * 2)
    assert desk.series().counter("deliveries") == 1


def test_a_trigger_counts_from_its_intended_time_on_every_stream() -> None:
    desk = Desk()
    streams = [desk.stream() for _ in range(2)]
    desk.triggers.expect_creation("haiku", 11 * SECOND)
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND) for stream in streams])
    trigger = desk.series().histogram("trigger", "task.created")
    assert trigger is not None and trigger.count == 2
    assert trigger.min_us == pytest.approx(1_000_000, rel=1e-3)


def test_what_is_no_envelope_fails_a_check_and_nothing_else() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.deliveries(arrivals=[arrival(stream, Event("task.created", '{"id": 1}', "x"), 12 * SECOND)])
    (check,) = desk.checks.results()
    assert (check.name, check.verdict) == ("stream.envelope", "fail")
    assert desk.series().histogram("delivery") is None


def test_an_alias_stands_for_the_type_that_is_known() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.deliveries(arrivals=[arrival(stream, created(12, event_type="session.done"), 12 * SECOND)])
    assert desk.series().types("delivery") == ["session.ended"]


def test_a_refused_replay_is_counted_and_is_no_event_of_the_run() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.deliveries(arrivals=[arrival(stream, created(12, event_type="replay.unavailable"), 12 * SECOND)])
    series = desk.series()
    assert (series.counter("replay_unavailable"), series.counter("deliveries")) == (1, 0)


def test_without_delivery_asked_events_are_still_accounted_for() -> None:
    desk = Desk(delivery_asked=False)
    stream = desk.stream()
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND)])
    series = desk.series()
    assert series.histogram("delivery") is None
    assert series.counter("deliveries") == 1


def test_history_of_an_activity_stream_does_not_enter_its_delivery() -> None:
    desk = Desk()
    stream = cast(EventStream, FakeStream())
    watch = desk.observer.follow_activity(stream)
    desk.observer.connect(stream=stream, at_ns=20 * SECOND)

    def told(event_type: str, second: int) -> Arrival:
        data = json.dumps({"type": event_type, "success": True, "timestamp": f"1970-01-01T00:00:{second}Z"})
        return arrival(stream, Event(event_type, data, ""), 21 * SECOND)

    desk.observer.deliveries(arrivals=[told("agent_message", 15), told("finished", 20)])
    series = desk.series()
    activity = series.histogram("activity")
    assert series.counter("history") == 1
    assert activity is not None and activity.count == 1
    assert watch.wait_finished(0)
    assert (watch.success, watch.problem()) == (True, "")


def test_streams_that_nobody_follows_are_passed_over() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.forget(stream)
    desk.observer.connect(stream=stream, at_ns=1)
    desk.observer.disconnect(stream=stream, at_ns=2)
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND)])
    assert desk.series().metrics() == []


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"timestamp": 5}', '{"timestamp": "yesterday"}'])
def test_an_activity_event_without_a_timestamp_has_none(data: str) -> None:
    assert activity_timestamp_ns(data) is None
