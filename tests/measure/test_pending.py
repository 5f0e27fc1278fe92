"""Held deliveries are recorded exactly once, with bounds that never exclude the latency, or counted as unplaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.clock_offset import OffsetEstimator, Probe
from locust_eventsource.measure.clock_stamps import StampClock
from locust_eventsource.measure.interval import SAME_CLOCK, delivery_bounds
from locust_eventsource.measure.pending import UNPLACED, PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from tests.measure.simulated_clocks import MS_NS, SECOND_NS, START_NS, Clocks, Network, clocks_with_steps, networks

US_NS = 1_000


class World:
    """A run: samples and probes of known clocks, and what was settled, by the type that names the sample."""

    def __init__(self, clocks: Clocks, *, assume_same: bool = False, drift_ppm: float = 500) -> None:
        self.clocks = clocks
        self.estimator = OffsetEstimator(assume_same=assume_same, drift_ppm=drift_ppm)
        self.recorder = Recorder()
        self.pending = PendingDeliveries(self.estimator, self.recorder, self._on_settled)
        self.settled: dict[str | None, tuple[int, int, int]] = {}
        self.seconds: dict[str | None, int] = {}

    def _on_settled(self, metric: str, type: str | None, bounds: Sequence[tuple[int, int, int]], at_ns: int) -> None:
        assert metric == "delivery"
        (self.settled[type],) = bounds
        self.seconds[type] = at_ns

    def event(self, name: str, emitted_ns: int, latency_ns: int, batch_ns: int = 0, resolution_ns: int = US_NS) -> None:
        arrived = emitted_ns + latency_ns
        stamp = self.clocks.stamp(emitted_ns, resolution_ns)
        self.pending.add("delivery", name, arrived - batch_ns, arrived, stamp, resolution_ns)

    def probe(self, at_s: float, half_width_ns: int = 100 * US_NS) -> None:
        self.estimator.add(self.clocks.probe(at(at_s), half_width_ns, half_width_ns, 1))

    def series(self) -> Series:
        series = Series()
        series.add(self.recorder.take())
        return series

    def unplaced(self) -> int:
        return self.series().counter(UNPLACED, "delivery")


def at(seconds: float) -> int:
    return START_NS + int(seconds * SECOND_NS)


samples = st.lists(
    st.tuples(
        st.floats(0, 75),
        st.sampled_from([0.0, 0.0001, 0.003, 0.04, 0.7, 3.0, 12.0]),
        st.sampled_from([0, 0, US_NS, 5 * MS_NS]),
        st.sampled_from([1, US_NS, MS_NS, 100 * MS_NS]),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(
    clocks=clocks_with_steps(up_to_s=70),
    network=networks,
    period_s=st.sampled_from([0.7, 2, 5]),
    samples=samples,
    settle_every=st.integers(1, 30),
)
def test_the_bounds_never_exclude_the_latency(
    clocks: Clocks, network: Network, period_s: float, samples: list[tuple[float, float, int, int]], settle_every: int
) -> None:
    world = World(clocks)
    probes = network.run(clocks, seconds=110, period_s=period_s)
    first = min(probe.answered_ns for probe in probes)
    happenings: list[tuple[int, Probe | tuple[str, int, int, int, int]]] = [(p.answered_ns, p) for p in probes]
    truths = {}
    for index, (emitted_s, latency_s, batch, resolution) in enumerate(samples):
        # A latency below the batch's length: it may have come at any time in between.
        emitted, latency = max(at(emitted_s), first), int(latency_s * SECOND_NS)
        truths[str(index)] = latency
        happenings.append((emitted + latency + batch, (str(index), emitted, latency + batch, batch, resolution)))
    happenings.sort(key=lambda happening: happening[0])
    for count, (_, what) in enumerate(happenings):
        if isinstance(what, Probe):
            world.estimator.add(what)
        else:
            world.event(*what)
        if count % settle_every == 0:
            world.pending.settle()
    world.pending.settle(final=True)
    assert world.settled.keys() == truths.keys()
    for name, truth in truths.items():
        low, value, high = world.settled[name]
        assert low <= truth <= high
        assert low <= value <= high


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


@pytest.mark.parametrize("jump", [-3600, -60, -3, -0.5, 0.5, 3, 60, 3600])
def test_the_offset_that_counts_is_that_of_the_emission(jump: float) -> None:
    world = World(Clocks(SECOND_NS, steps=((at(52), int(jump * SECOND_NS)),)))
    for second in range(0, 105, 5):
        world.probe(second)
    # Stamped 12 s before the step, and arrived 18 s after it: both are far from the step's own uncertainty.
    world.event("across", at(40), 30 * SECOND_NS)
    world.event("before", at(30), MS_NS)
    world.event("after", at(80), MS_NS)
    world.pending.settle()
    for name, truth in (("across", 30 * SECOND_NS), ("before", MS_NS), ("after", MS_NS)):
        low, _, high = world.settled[name]
        assert low <= truth <= high
        assert high - low < 10 * MS_NS or (jump == -60 and name == "after")


@pytest.mark.parametrize("jump", [-60, -0.5, 0.5, 60])
def test_between_the_probes_around_a_step_a_stamp_tells_what_it_can(jump: float) -> None:
    world = World(Clocks(SECOND_NS, steps=((at(52), int(jump * SECOND_NS)),)))
    for second in range(0, 105, 5):
        world.probe(second)
    world.event("before", at(51.7), MS_NS)
    world.event("across", at(51.9), 200 * MS_NS)
    world.event("after", at(52.3), MS_NS)
    world.event("later", at(54.5), MS_NS)
    world.pending.settle()
    widths = {}
    for name, truth in (("before", MS_NS), ("across", 200 * MS_NS), ("after", MS_NS), ("later", MS_NS)):
        low, _, high = world.settled[name]
        assert low <= truth <= high
        widths[name] = high - low
    # A step up can have come before the stamp of an event that then took longer; one down can have repeated the stamp.
    doubtful = {-60: set(), -0.5: {"after", "later"}, 0.5: {"before", "across"}, 60: set()}[jump]
    assert {name for name, width in widths.items() if width > 10 * MS_NS} == doubtful


def test_a_stamp_that_the_clock_showed_twice_leaves_both_moments_open() -> None:
    world = World(Clocks(0, steps=((at(52), -20 * SECOND_NS),)))
    for second in range(0, 105, 5):
        world.probe(second)
    world.event("second pass", at(62), 5 * MS_NS)
    world.event("first pass", at(42), 20 * SECOND_NS + 5 * MS_NS)
    world.pending.settle()
    assert world.settled["second pass"] == world.settled["first pass"]
    low, _, high = world.settled["second pass"]
    assert low <= 5 * MS_NS < 20 * SECOND_NS + 5 * MS_NS <= high


def test_a_stamp_from_the_future_comes_out_negative() -> None:
    world = World(Clocks())
    world.probe(0)
    world.event("future", at(60), -58 * SECOND_NS)
    world.probe(5)
    world.pending.settle()
    assert world.settled["future"][2] < -57 * SECOND_NS
    histogram = world.series().histogram("delivery")
    assert histogram is not None
    assert histogram.negatives == 1


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


def test_latencies_of_minutes_are_placed_and_those_before_the_retained_probes_are_not() -> None:
    world = World(Clocks(MS_NS))
    world.event("unknown", at(0.5), 420 * SECOND_NS)
    for second in range(0, 425, 5):
        world.probe(second)
    world.event("minutes", at(150), 270 * SECOND_NS)
    world.pending.settle(final=True)
    low, _, high = world.settled["minutes"]
    assert low <= 270 * SECOND_NS <= high < low + 10 * MS_NS
    assert world.unplaced() == 1


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


def test_the_spans_of_an_hour_are_forgotten_with_their_probes() -> None:
    world = World(Clocks(SECOND_NS, (100, -100)))
    clock = StampClock(world.estimator)
    sizes = []
    for before, second in pairwise(range(0, 3600, 5)):
        world.probe(second)
        stamp = world.clocks.stamp(at(before), 1)
        clock.offset(stamp, stamp, at(before))
        sizes.append(len(clock))
    assert max(sizes[:70]) >= max(sizes)
