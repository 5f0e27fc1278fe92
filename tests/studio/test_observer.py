"""What an event of a Studio stream tells."""

from __future__ import annotations

import json
from typing import cast

import pytest

from locust_eventsource.measure.clock_offset import OffsetEstimator, Probe
from locust_eventsource.measure.pending import PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from locust_eventsource.protocol.event import Event
from locust_eventsource.stream import Arrival, EventStream
from studio.activity import ActivityWatch
from studio.check_log import CheckLog
from studio.contract import Envelope, EventKey
from studio.observer import StudioObserver, activity_timestamp
from studio.trigger_clock import TriggerClock
from studio.verify.absence import Absence
from studio.verify.big_events import BigEvents, OpenStream
from studio.verify.capture import Capture

SECOND = 1_000_000_000
MS = 1_000_000


class FakeStream:
    """As much of a stream as the observer looks at."""

    name = "/api/events"
    replay_requested = False


class Desk:
    """An observer and everything that it writes to; the service's clock is ours unless a skew is named."""

    def __init__(self, *, delivery_asked: bool = True, skew_ns: int | None = None) -> None:
        self.recorder, self.capture, self.checks = Recorder(), Capture(), CheckLog()
        self.triggers, self.estimator = TriggerClock(), OffsetEstimator(assume_same=skew_ns is None)
        self.pending = PendingDeliveries(self.estimator, self.recorder)
        self.first_sights: list[tuple[Envelope, int, int]] = []
        self.big_events = BigEvents()
        self.skew_ns = skew_ns
        self.observer = StudioObserver(
            self.recorder,
            self.capture,
            self.checks,
            self.triggers,
            self.big_events,
            self.pending,
            aliases={"session.done": "session.ended"},
            delivery_asked=delivery_asked,
            offset_at=lambda at_ns: self.estimator.over(at_ns, at_ns, one_sided=True),
            first_sight=lambda *sight: self.first_sights.append(sight),
        )

    def probe(self, *seconds: float) -> None:
        """Ask the service for its time at these moments; an answer takes 2 ms."""
        for second in seconds:
            at_ns = int(second * SECOND)
            self.estimator.add(Probe(at_ns, at_ns + 2 * MS, at_ns + MS + (self.skew_ns or 0), 1))

    def stream(self, opened_ns: int = 10 * SECOND) -> EventStream:
        stream = cast(EventStream, FakeStream())
        self.observer.follow_global(stream, None)
        self.observer.connect(stream=stream, at_ns=opened_ns)
        return stream

    def series(self) -> Series:
        """What was recorded by the end of the run."""
        self.estimator.finish()
        self.pending.settle(final=True)
        series = Series()
        series.add(self.recorder.take())
        return series


def created(second: float, task_id: str = "t", title: str = "haiku", event_type: str = "task.created") -> Event:
    stamp = f"1970-01-01T00:00:{second:012.9f}Z"
    fields = {"type": event_type, "task_id": task_id, "title": title}
    return Event(event_type, json.dumps({"id": f"e-{second}", "timestamp": stamp, "event": fields}), f"e-{second}")


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


def test_an_event_is_parsed_once_however_many_streams_bring_it() -> None:
    desk = Desk()
    streams = [desk.stream() for _ in range(3)]
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND) for stream in streams])
    assert [envelope.task_id for envelope, _, _ in desk.first_sights] == ["t"]
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


def test_a_trigger_counts_from_its_intended_and_from_its_actual_time_on_every_stream() -> None:
    desk = Desk()
    streams = [desk.stream() for _ in range(2)]
    desk.triggers.expect_creation("haiku", 11 * SECOND).sent_ns = 11 * SECOND + 400 * MS
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND) for stream in streams])
    series = desk.series()
    for metric, milliseconds in (("trigger", 1_000), ("trigger_sent", 600)):
        histogram = series.histogram(metric, "task.created")
        assert histogram is not None and histogram.count == 2
        assert (histogram.min_us, histogram.max_us) == pytest.approx((milliseconds * 1_000,) * 2, rel=1e-3)


def test_the_answer_of_the_post_changes_nothing_about_an_event_that_came_before_it() -> None:
    early, late = Desk(), Desk()
    for desk in (early, late):
        trigger = desk.triggers.expect_creation("haiku", 11 * SECOND)
        trigger.sent_ns = 11 * SECOND + MS
        stream = desk.stream()
        if desk is late:
            # The service's answer is known, and the next trigger is under way, before the event is looked at.
            desk.triggers.expect_creation("another", 12 * SECOND).sent_ns = 12 * SECOND
        desk.observer.deliveries(arrivals=[arrival(stream, created(11.5), 11 * SECOND + 502 * MS)])
    for metric in ("trigger", "trigger_sent"):
        one, other = early.series().histogram(metric), late.series().histogram(metric)
        assert (one is None) == (other is None)
        assert one is None or other is None or one.counts == other.counts


def test_an_event_keeps_its_trigger_when_the_same_call_is_made_again() -> None:
    desk = Desk()
    streams = [desk.stream() for _ in range(2)]
    started = created(12, event_type="session.started")
    desk.triggers.expect_session("t", 11 * SECOND).sent_ns = 11 * SECOND
    desk.observer.deliveries(arrivals=[arrival(streams[0], started, 12 * SECOND)])
    desk.triggers.expect_session("t", 13 * SECOND).sent_ns = 13 * SECOND
    desk.observer.deliveries(arrivals=[arrival(streams[1], started, 14 * SECOND)])
    trigger = desk.series().histogram("trigger", "session.started")
    assert trigger is not None
    assert (trigger.min_us, trigger.max_us) == pytest.approx((1_000_000, 3_000_000), rel=1e-3)


def test_an_event_that_shared_a_read_has_bounds() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.triggers.expect_creation("haiku", 11 * SECOND).sent_ns = 12 * SECOND - MS
    shared = arrival(stream, created(12), 12 * SECOND + 30 * MS)
    shared = shared._replace(earliest_ns=12 * SECOND + 10 * MS, last_in_read=False)
    desk.observer.deliveries(arrivals=[shared])
    series = desk.series()
    for metric, low_ms, high_ms in (("delivery", 10, 30), ("trigger", 1_010, 1_030), ("trigger_sent", 11, 31)):
        low, value, high = (bound(metric) for bound in (series.low, series.histogram, series.high))
        assert low is not None and value is not None and high is not None
        assert low.max_us == pytest.approx(low_ms * 1_000, rel=1e-3)
        assert value.max_us == high.max_us == pytest.approx(high_ms * 1_000, rel=1e-3)
    assert series.histogram("lag") is None
    assert series.counter("coalesced") == 1
    assert desk.observer.spread.inexact == 1


def test_a_skewed_clock_is_taken_out_of_the_delivery() -> None:
    desk = Desk(skew_ns=3 * SECOND)
    stream = desk.stream()
    desk.probe(11, 14)
    desk.observer.deliveries(arrivals=[arrival(stream, created(12 + 3), 12 * SECOND + 4 * MS)])
    series = desk.series()
    low, high = series.low("delivery"), series.high("delivery")
    assert low is not None and high is not None
    assert low.min_us <= 4_000 <= high.max_us
    assert high.max_us - low.min_us < 10_000


def test_a_clock_that_nobody_probed_leaves_deliveries_without_a_latency() -> None:
    desk = Desk(skew_ns=3 * SECOND)
    desk.observer.deliveries(arrivals=[arrival(desk.stream(), created(15), 12 * SECOND)])
    series = desk.series()
    assert series.histogram("delivery") is None
    assert (series.counter("unplaced", "delivery"), series.counter("deliveries")) == (1, 1)


@pytest.mark.parametrize("skew_s", [3, -3])
def test_what_is_replayed_is_told_by_the_servers_clock(skew_s: int) -> None:
    desk = Desk(skew_ns=skew_s * SECOND)
    stream = desk.stream()
    cast(FakeStream, stream).replay_requested = True
    desk.probe(19, 20)
    desk.observer.connect(stream=stream, at_ns=20 * SECOND + 10 * MS)
    old, new = created(19.5 + skew_s), created(20.5 + skew_s)
    desk.observer.deliveries(
        arrivals=[arrival(stream, old, 20 * SECOND + 11 * MS), arrival(stream, new, 20 * SECOND + 501 * MS)]
    )
    series = desk.series()
    assert (series.counter("replayed"), series.counter("deliveries")) == (1, 1)


def test_what_may_have_been_replayed_does_not_enter_delivery() -> None:
    desk = Desk(skew_ns=0)
    stream = desk.stream()
    cast(FakeStream, stream).replay_requested = True
    desk.probe(19, 20)
    desk.observer.connect(stream=stream, at_ns=20 * SECOND + 10 * MS)
    # By the server's clock the connection is open since 20.01 s, give or take 1 ms.
    desk.observer.deliveries(arrivals=[arrival(stream, created(20.0105), 20 * SECOND + 12 * MS)])
    assert desk.series().counter("replayed") == 1


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


def test_lag_is_told_by_events_that_end_their_read() -> None:
    desk = Desk()
    stream = desk.stream()
    last = arrival(stream, created(12), 12 * SECOND)
    stamped_late = arrival(stream, created(13), 13 * SECOND)._replace(source="user")
    desk.observer.deliveries(arrivals=[last, last._replace(last_in_read=False), stamped_late])
    series = desk.series()
    lag = series.histogram("lag")
    assert lag is not None and lag.count == 1
    assert (series.counter("stamps_kernel"), series.counter("stamps_user")) == (2, 1)


def test_history_of_an_activity_stream_does_not_enter_its_delivery() -> None:
    desk = Desk()
    stream = cast(EventStream, FakeStream())
    watch = ActivityWatch()
    desk.observer.follow_activity(stream, watch)
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
    assert (watch.reading.success, watch.reading.joined_ns, len(watch.reading.digests)) == (True, 20 * SECOND, 2)


@pytest.mark.parametrize(("deliberate", "until_s"), [(True, 60), (False, 15)])
def test_a_stream_that_others_ended_was_open_until_its_last_bytes(deliberate: bool, until_s: int) -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.disconnect(stream=stream, at_ns=60 * SECOND, heard_ns=15 * SECOND, deliberate=deliberate)
    *_, (_, _, at_ns, opened, _) = desk.capture.take(61 * SECOND)["streams"]
    assert (at_ns, opened) == (until_s * SECOND, False)


def test_streams_that_nobody_follows_are_passed_over() -> None:
    desk = Desk()
    stream = desk.stream()
    desk.observer.forget(stream)
    desk.observer.connect(stream=stream, at_ns=1)
    desk.observer.disconnect(stream=stream, at_ns=2, heard_ns=2, deliberate=False)
    desk.observer.deliveries(arrivals=[arrival(stream, created(12), 12 * SECOND)])
    assert desk.series().metrics() == []


@pytest.mark.parametrize(
    "data",
    [
        '{"content":"said","timestamp":"1970-01-01T00:00:07Z"}',
        '{"timestamp":"1970-01-01T00:00:07Z","content":"said"}',
        '{"timestamp": "1970-01-01T00:00:07Z"}',
        '{"timestamp":"1970-01-01T00:00:07Z","args":{"timestamp":"1970-01-01T00:00:09Z"}}',
        '{"content":"\\"timestamp\\":\\"1970-01-01T00:00:09Z\\"","timestamp":"1970-01-01T00:00:07Z"}',
    ],
)
def test_the_timestamp_of_an_activity_event_is_the_objects_own(data: str) -> None:
    assert activity_timestamp(data) == (7 * SECOND, SECOND)


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"timestamp": 5}', '{"timestamp": "yesterday"}', '"timestamp":"x"}'])
def test_an_activity_event_without_a_timestamp_has_none(data: str) -> None:
    assert activity_timestamp(data) is None


def test_it_tells_which_streams_lack_an_event_and_which_were_told_that_nothing_can_be_replayed() -> None:
    desk = Desk()
    has, lacks, told = (desk.stream() for _ in range(3))
    notice = created(11, event_type="replay.unavailable")
    desk.observer.deliveries(arrivals=[arrival(has, created(12), 12 * SECOND), arrival(told, notice, 12 * SECOND)])
    key = EventKey("t", "task.created", "")
    streams = (has, lacks, told)
    assert desk.observer.absence(key, streams) == Absence(key, "e-12", [1], 1)
    desk.observer.connect(stream=told, at_ns=13 * SECOND)
    assert desk.observer.absence(key, streams) == Absence(key, "e-12", [1, 2], 0)
    assert desk.observer.absence(key, (has,)) == Absence(key, "e-12", [], 0)


def test_a_large_event_is_measured_apart_and_kept_with_a_short_title() -> None:
    desk = Desk()
    streams = [desk.stream() for _ in range(2)]
    desk.big_events.begin()
    assert desk.observer.open_streams() == {OpenStream(number, 10 * SECOND) for number in range(2)}
    for second in range(12, 40):
        event = created(second, title="x" * 1_000_000)
        desk.observer.deliveries(arrivals=[arrival(stream, event, second * SECOND + MS) for stream in streams])
    assert len(desk.first_sights) == 28
    assert {len(str(envelope.fields["title"])) < 1_000 for envelope, _, _ in desk.first_sights} == {True}
    assert len(desk.observer._parsed_large) <= 16
    assert desk.observer._parsed == {}
    assert desk.big_events.has_all("t", desk.observer.open_streams())
    series = desk.series()
    assert series.histogram("delivery") is None
    large = series.histogram("delivery_large", "task.created")
    assert large is not None and large.count == 56
    desk.observer.disconnect(stream=streams[0], at_ns=99 * SECOND, heard_ns=99 * SECOND, deliberate=True)
    assert desk.observer.open_streams() == {OpenStream(1, 10 * SECOND)}
