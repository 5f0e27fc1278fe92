"""A latency's bounds never exclude it, whatever is done to the clocks between the stamp and the arrival."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.clock_offset import Probe
from locust_eventsource.measure.clock_stamps import StampClock
from tests.measure.simulated_clocks import MS_NS, SECOND_NS, US_NS, Clocks, Network, clocks_with_steps, networks
from tests.measure.simulated_deliveries import World, at

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


def test_a_coarse_stamp_may_have_been_made_until_its_next_digit() -> None:
    # The clock never showed 52.0: it went from 51.5 to 52.4, and what it shows at 51.6 s is cut off to 52.
    world = World(Clocks(0, steps=((at(51.5), 900 * MS_NS),)))
    for tenth in range(0, 600):
        world.probe(tenth / 10)
    world.event("coarse", at(51.6), 5 * MS_NS, resolution_ns=SECOND_NS)
    world.pending.settle()
    low, _, high = world.settled["coarse"]
    assert low <= 5 * MS_NS <= high


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
