"""Held deliveries are recorded exactly once, or counted as unplaced, in whatever order things happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.clock_offset import OffsetEstimator
from locust_eventsource.measure.interval import SAME_CLOCK, delivery_bounds
from locust_eventsource.measure.pending import UNPLACED, PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from tests.measure.simulated_clocks import MS_NS, SECOND_NS, START_NS, US_NS, Clocks
from tests.measure.simulated_deliveries import World, at

actions = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.sampled_from([0, 1, 5, 40, 5000]), st.sampled_from(["a", "b", None])),
        st.tuples(st.just("probe"), st.sampled_from([0.1, 1, 600]), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from([0.01, 0.6, 4, 17, 40, 400]), st.none()),
        st.tuples(st.just("settle"), st.sampled_from([False, False, False, True]), st.none()),
    ),
    max_size=60,
)


@settings(max_examples=250, deadline=None)
@given(actions, st.booleans(), st.integers(-5 * MS_NS, 5 * MS_NS))
def test_every_sample_is_settled_exactly_once(
    actions: list[tuple[str, float, object]], assume_same: bool, skew: int
) -> None:
    clocks = Clocks(skew)
    estimator, recorder = OffsetEstimator(assume_same=assume_same), Recorder()
    told: Counter[object] = Counter()
    added: Counter[object] = Counter()

    def on_settled(metric: str, type: str | None, bounds: Sequence[tuple[int, int, int]], at_ns: int) -> None:
        told[type] += len(bounds)

    pending, series, now = PendingDeliveries(estimator, recorder, on_settled), Series(), START_NS
    for what, number, choice in actions:
        now += 1_000
        if what == "event":
            emitted = now - int(number * MS_NS)
            stamp = clocks.stamp(emitted, US_NS)
            pending.add("delivery", choice if isinstance(choice, str) else None, now, now, stamp, US_NS)
            added[choice] += 1
        elif what == "probe":
            estimator.add(clocks.probe(now, int(number * MS_NS), 0 if choice else int(number * MS_NS), 1))
        elif what == "wait":
            now += int(number * SECOND_NS)
        else:
            pending.settle(final=bool(number))
            assert not (number and len(pending))
        series.add(recorder.take())
        histogram = series.histogram("delivery")
        recorded = histogram.count if histogram else 0
        assert recorded == told.total()
        assert recorded + series.counter(UNPLACED, "delivery") + len(pending) == added.total()
        assert series.counter(UNPLACED) == series.counter(UNPLACED, "delivery")
    pending.settle(final=True)
    assert len(pending) == 0
    assert all(told[key] <= added[key] for key in added)


def test_on_one_clock_everything_is_settled_at_once_and_exactly() -> None:
    world = World(Clocks(), assume_same=True)
    world.event("a", at(1), 3 * MS_NS)
    world.pending.settle()
    assert world.settled == {"a": (3 * MS_NS - US_NS, 3 * MS_NS, 3 * MS_NS)}
    assert world.seconds == {"a": at(1)}
    assert world.pending.widest_ns == 0


def test_a_backlog_can_be_worked_off_in_pieces() -> None:
    estimator, recorder = OffsetEstimator(assume_same=True), Recorder()
    pending = PendingDeliveries(estimator, recorder)
    for index in range(1000):
        ns = START_NS + index * 10 * MS_NS
        pending.add("delivery", "ab"[index % 2], ns + 500, ns + 500, ns, 0)
    settled = []
    while piece := pending.settle(at_most=95):
        settled.append(piece)
    # A slot of 100 ms holds ten.
    assert settled == [100] * 10
    assert len(pending) == 0
    series = Series()
    series.add(recorder.take())
    histogram = series.histogram("delivery")
    assert histogram is not None
    assert histogram.count == 1000
    assert [histogram.count for _, histogram in series.intervals("delivery")] == [100] * 10


def test_a_probe_that_excludes_one_clock_makes_what_is_held_wait_for_its_bracket() -> None:
    world = World(Clocks(3 * SECOND_NS), assume_same=True)
    world.probe(0)
    world.event("a", at(1), 3 * MS_NS)
    world.pending.settle()
    assert not world.settled
    world.probe(5)
    world.pending.settle()
    low, value, high = world.settled["a"]
    assert low <= 3 * MS_NS <= high
    assert abs(value - 3 * MS_NS) < MS_NS
    assert world.pending.widest_ns == high - low - US_NS or low == 0


def test_an_event_waits_until_its_arrival_is_bracketed() -> None:
    world = World(Clocks(MS_NS))
    world.probe(0)
    world.event("a", at(1), 2 * SECOND_NS)
    world.probe(2)
    world.pending.settle()
    assert not world.settled
    assert len(world.pending) == 1
    world.probe(4)
    world.pending.settle()
    assert world.settled["a"][0] <= 2 * SECOND_NS <= world.settled["a"][2]


def test_what_no_probe_brackets_is_unplaced_at_the_end_only() -> None:
    world = World(Clocks())
    world.event("a", at(1), MS_NS)
    world.pending.settle()
    assert len(world.pending) == 1
    world.pending.settle(final=True)
    assert not world.settled
    assert world.unplaced() == 1


def test_at_the_end_one_side_has_to_do() -> None:
    world = World(Clocks(7 * MS_NS))
    world.event("early", at(-2), 5 * MS_NS)
    world.probe(0)
    world.event("late", at(3), 5 * MS_NS)
    world.event("much later", at(20), 5 * MS_NS)
    world.pending.settle()
    assert not world.settled
    world.estimator.finish()
    world.pending.settle(final=True)
    assert world.settled.keys() == {"early", "late"}
    assert all(low <= 5 * MS_NS <= high for low, _, high in world.settled.values())
    assert world.unplaced() == 1


def test_in_a_gap_between_probes_one_side_has_to_do_as_far_as_it_reaches() -> None:
    world = World(Clocks(7 * MS_NS))
    world.probe(0)
    for second in (5, 20, 30):
        world.event(str(second), at(second), MS_NS)
    world.probe(40)
    world.pending.settle()
    assert world.settled.keys() == {"5"}
    world.probe(70)
    world.pending.settle()
    assert world.settled.keys() == {"5", "30"}
    assert all(low <= MS_NS <= high for low, _, high in world.settled.values())
    assert world.unplaced() == 1


def test_what_waits_for_two_windows_is_settled_as_at_the_end() -> None:
    world = World(Clocks(7 * MS_NS))
    world.probe(0)
    world.event("near", at(10), MS_NS)
    world.event("far", at(20), MS_NS)
    for second in range(21, 60):
        world.event(str(second), at(second), MS_NS)
        world.pending.settle()
        assert len(world.pending) <= 34
    assert world.settled.keys() == {"near"}
    assert world.unplaced() == 59 - 31 - 21 + 1


@pytest.mark.parametrize("stamp", [2**63, -(2**63), 10**20, 0, 2**63 - 1])
def test_a_senseless_stamp_is_counted_and_harms_nothing(stamp: int) -> None:
    world = World(Clocks())
    world.probe(0)
    world.pending.add("delivery", "x", at(1), at(1), stamp, US_NS)
    world.event("good", at(1), MS_NS)
    world.probe(2)
    world.pending.settle(final=True)
    assert "good" in world.settled
    assert world.unplaced() + ("x" in world.settled) == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 3 * SECOND_NS]))
def test_many_samples_are_recorded_as_one_by_one(seed: int, skew: int) -> None:
    random, clocks = Random(seed), Clocks(skew)
    world, alone = World(clocks, assume_same=True), Recorder()
    pending = PendingDeliveries(world.estimator, world.recorder)
    world.probe(-1)
    for _ in range(100):
        emitted, latency = at(random.random() * 3), int(random.expovariate(1) * 50 * MS_NS)
        stamp, arrived = clocks.stamp(emitted, US_NS), emitted + latency
        pending.add("delivery", random.choice("ab"), arrived - random.choice((0, 900)), arrived, stamp, US_NS)
        if not skew:
            bounds = delivery_bounds(arrived, arrived, stamp, US_NS, SAME_CLOCK)
            alone.record("delivery", bounds.value_ns, arrived)
    world.probe(6)
    pending.settle()
    assert len(pending) == 0
    histogram = world.series().histogram("delivery")
    assert histogram is not None
    assert histogram.count == 100
    if not skew:
        series = Series()
        series.add(alone.take())
        one_by_one = series.histogram("delivery")
        assert one_by_one is not None
        assert histogram.counts == one_by_one.counts


def test_a_metric_waits_while_a_sample_of_it_does_that_came_by_then() -> None:
    pending = PendingDeliveries(OffsetEstimator(assume_same=False), Recorder())
    assert not pending.waits("delivery", at(99))
    pending.add("delivery", None, at(3), at(3), at(3), US_NS)
    pending.add("delivery", None, at(2), at(2), at(2), US_NS)
    assert pending.waits("delivery", at(2))
    assert not pending.waits("delivery", at(2) - 1)
    assert not pending.waits("activity", at(9))
    pending.settle(final=True)
    assert not pending.waits("delivery", at(9))
