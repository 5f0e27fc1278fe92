"""The offset's bounds never exclude the offset, whatever the exchanges and the clocks do within the assumption."""

from __future__ import annotations

import pickle
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.clock_offset import OffsetEstimator, Probe
from locust_eventsource.measure.clock_probes import RETAINED_NS, SLOT_NS
from locust_eventsource.measure.clock_windows import MAX_WINDOWS
from locust_eventsource.measure.interval import SAME_CLOCK, Interval
from tests.measure.simulated_clocks import (
    MILLIONTHS,
    MS_NS,
    SECOND_NS,
    START_NS,
    Clocks,
    Network,
    clocks_with_steps,
    drifts,
    networks,
    skews,
)

periods = st.sampled_from([0.5, 2, 5, 7])
FAST = 100_000
"""A tenth of a millisecond each way."""


def exact(at_s: float, offset_ns: int, half_width_ns: int = FAST) -> Probe:
    """A probe that says: ``offset_ns``, give or take ``half_width_ns``."""
    middle = START_NS + int(at_s * SECOND_NS)
    return Probe(middle - half_width_ns, middle + half_width_ns, middle + offset_ns, 0)


def estimator_of(*probes: Probe, drift_ppm: float = 500, assume_same: bool = False) -> OffsetEstimator:
    estimator = OffsetEstimator(drift_ppm=drift_ppm, assume_same=assume_same)
    for probe in probes:
        estimator.add(probe)
    return estimator


def at(seconds: float) -> int:
    return START_NS + int(seconds * SECOND_NS)


@settings(max_examples=200, deadline=None)
@given(
    clocks=clocks_with_steps(),
    network=networks,
    period_s=periods,
    together=st.integers(1, 3),
    asked=st.lists(st.tuples(st.floats(-1, 90), st.one_of(st.just(0.0), st.floats(0, 4))), min_size=5, max_size=20),
    shuffled=st.booleans(),
)
def test_the_bounds_never_exclude_the_offset(
    clocks: Clocks,
    network: Network,
    period_s: float,
    together: int,
    asked: list[tuple[float, float]],
    shuffled: bool,
) -> None:
    probes = network.run(clocks, seconds=80, period_s=period_s, together=together)
    if shuffled:
        network.random.shuffle(probes)
    estimator = estimator_of(*probes)
    spans = [(at(begin), at(begin + length)) for begin, length in asked]
    spans += [(moment - 1, moment) for moment, _ in clocks.steps] + [(moment, moment) for moment, _ in clocks.steps]
    for from_ns, to_ns in spans:
        bounds = estimator.over(from_ns, to_ns)
        moments = {from_ns, to_ns, (from_ns + to_ns) // 2}
        moments |= {ns + d for ns, _ in clocks.steps for d in (-1, 0) if from_ns <= ns + d <= to_ns}
        assert bounds is None or all(clocks.true_within(bounds, ns) for ns in moments)


@settings(max_examples=40, deadline=None)
@given(clocks=clocks_with_steps(), network=networks, period_s=periods)
def test_what_probes_bracket_closely_enough_is_bounded(clocks: Clocks, network: Network, period_s: float) -> None:
    estimator = estimator_of(*network.run(clocks, seconds=80, period_s=period_s))
    first, last = estimator.earliest_bracket_ns(), estimator.latest_bracket_ns()
    assert first is not None
    assert last is not None
    for ns in range(first, last + 1, 3 * SECOND_NS):
        assert estimator.over(ns, ns) is not None
    assert estimator.over(first - 1, first - 1) is None
    assert estimator.over(last + 1, last + 1) is None


def test_the_bounds_are_those_of_the_nearest_probes_widened_by_the_drift() -> None:
    estimator = estimator_of(exact(0, 1_000_000), exact(5, 1_100_000), drift_ppm=100)
    # Half a second behind the first: 50 us on its bounds, 450 us on those of the second, which is 4.5 s away.
    bounds = estimator.over(at(0.5), at(0.5))
    assert bounds == Interval(1_100_000 - FAST - 450_010, 1_100_000 + FAST + 449_990)
    # Over a span each probe has to reach to its far end.
    assert estimator.over(at(1), at(4)) == Interval(1_000_000 - FAST - 399_990, 1_100_000 + FAST + 399_990)


def test_contradicting_probes_of_one_side_give_way_to_the_nearest() -> None:
    estimator = estimator_of(exact(0, 0), exact(1, 0), exact(2, SECOND_NS), exact(3, SECOND_NS), exact(7, SECOND_NS))
    bounds = estimator.over(at(4), at(4))
    assert bounds is not None
    assert bounds.low_ns > SECOND_NS - 5 * MS_NS
    before_step = estimator.over(at(0.5), at(0.5))
    assert before_step is not None
    assert before_step.high_ns < 5 * MS_NS
    around = estimator.over(at(1.5), at(1.5))
    assert around is not None
    assert around.low_ns <= 0
    assert around.high_ns >= SECOND_NS


def test_an_exchange_that_spans_the_moment_counts_for_neither_side() -> None:
    spanning = Probe(at(1), at(3), at(2), 0)
    estimator = estimator_of(exact(0, 0), spanning)
    assert estimator.over(at(2), at(2)) is None
    estimator.add(exact(4, 0))
    assert estimator.over(at(2), at(2)) is not None
    assert estimator.over(at(1), at(1)) == estimator.over(at(1), at(1), one_sided=True)


def test_probes_further_away_than_the_window_do_not_count() -> None:
    estimator = estimator_of(exact(0, 0), exact(20, 0))
    assert estimator.over(at(14), at(14)) is not None
    assert estimator.over(at(16), at(16)) is None
    assert estimator.over(at(4), at(4)) is None


def test_one_side_has_to_do_once_no_further_probe_comes() -> None:
    estimator = estimator_of(exact(0, MS_NS), exact(30, MS_NS))
    assert estimator.over(at(31), at(31)) is None
    one_sided = estimator.over(at(31), at(31), one_sided=True)
    assert one_sided is not None
    assert one_sided.contains(MS_NS)
    assert one_sided.width_ns == 2 * (FAST + 500_000)
    estimator.finish()
    assert estimator.over(at(31), at(31)) == one_sided
    assert estimator.over(at(-1), at(-1)) == Interval(one_sided.low_ns - 100, one_sided.high_ns - 100)
    assert estimator.over(at(16), at(16)) is not None
    assert estimator.over(at(46), at(46)) is None
    assert estimator.over(at(-16), at(-16)) is None


@settings(max_examples=100, deadline=None)
@given(skews, drifts, networks, st.floats(0, 14))
def test_one_side_is_right_as_long_as_no_clock_is_set(
    skew: int, drifts_ppm: tuple[int, ...], network: Network, beyond_s: float
) -> None:
    clocks = Clocks(skew, drifts_ppm)
    estimator = estimator_of(*network.run(clocks, seconds=20, period_s=3))
    estimator.finish()
    first, last = estimator.earliest_bracket_ns(), estimator.latest_bracket_ns()
    assert first is not None
    assert last is not None
    for ns in (max(first - int(beyond_s * SECOND_NS), START_NS), last + int(beyond_s * SECOND_NS)):
        bounds = estimator.over(ns, ns)
        assert bounds is None or clocks.true_within(bounds, ns)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 60), st.integers(-10 * MS_NS, 10 * MS_NS), st.integers(0, 8 * MS_NS)), max_size=30)
)
def test_one_clock_is_exact_until_a_probe_excludes_it(said: list[tuple[float, int, int]]) -> None:
    estimator = estimator_of(assume_same=True)
    plain = estimator_of()
    assert estimator.over(at(-50), at(50)) == SAME_CLOCK
    same = True
    for at_s, offset, half_width in said:
        probe = exact(at_s, offset, half_width)
        same = same and probe.said().low_ns <= 0 <= probe.said().high_ns
        estimator.add(probe)
        plain.add(probe)
        assert estimator.same == same
        for ns in (at(at_s), at(30), at(400)):
            assert estimator.over(ns, ns) == (SAME_CLOCK if same else plain.over(ns, ns))
    assert estimator.probes == len(said)


def test_an_end_that_touches_0_does_not_exclude_it() -> None:
    assert estimator_of(exact(0, FAST), exact(1, -FAST), assume_same=True).same
    assert not estimator_of(exact(0, FAST + 1), assume_same=True).same
    assert not estimator_of(exact(0, -FAST - 1), assume_same=True).same


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (Probe(START_NS + 5, START_NS, START_NS, 0), "answered 5 ns before it was sent"),
        (Probe(START_NS, START_NS, START_NS, -1), "resolution is negative"),
    ],
)
def test_an_impossible_probe_is_refused_and_changes_nothing(probe: Probe, words: str) -> None:
    estimator = estimator_of(assume_same=True)
    with pytest.raises(ValueError, match=words):
        estimator.add(probe)
    assert estimator.probes == 0
    assert estimator.windows() == []
    assert estimator.latest_bracket_ns() is None
    assert estimator.earliest_bracket_ns() is None


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends 1 ns before"):
        estimator_of().over(START_NS, START_NS - 1)


@pytest.mark.parametrize("ppm", [-1, 1_000_000])
def test_an_impossible_drift_is_refused(ppm: float) -> None:
    with pytest.raises(ValueError, match="drift"):
        estimator_of(drift_ppm=ppm)


@settings(max_examples=80, deadline=None)
@given(skews, drifts, networks, periods, st.integers(1, 3))
def test_clocks_that_only_drift_have_no_steps_and_their_windows_are_right(
    skew: int, drifts_ppm: tuple[int, ...], network: Network, period_s: float, together: int
) -> None:
    clocks = Clocks(skew, drifts_ppm)
    probes = network.run(clocks, seconds=60, period_s=period_s, together=together)
    estimator = estimator_of(*probes)
    assert estimator.steps() == []
    assert estimator.steps_found() == 0
    windows = estimator.windows()
    assert sum(window.probes for window in windows) == len(probes)
    assert [window.at_ns for window in windows] == sorted({window.at_ns for window in windows})
    # Before START_NS the simulated clocks do not drift.
    assert all(clocks.true_within(Interval(w.low_ns, w.high_ns), w.at_ns) for w in windows if w.at_ns >= START_NS)


@settings(max_examples=150, deadline=None)
@given(clocks=clocks_with_steps(), network=networks, period_s=periods, together=st.integers(1, 3))
def test_every_step_that_is_found_happened_and_every_plain_one_is_found(
    clocks: Clocks, network: Network, period_s: float, together: int
) -> None:
    probes = network.run(clocks, seconds=80, period_s=period_s, together=together)
    estimator = estimator_of(*probes)
    steps = estimator.steps()
    assert estimator.steps_found() == len(steps)
    for step in steps:
        inside = [jump for moment, jump in clocks.steps if step.after_ns <= moment <= step.before_ns]
        assert len(inside) == 1
        assert step.jump.contains(inside[0])
    assert len({moment for s in steps for moment, _ in clocks.steps if s.after_ns <= moment <= s.before_ns}) == len(
        steps
    )
    for moment, jump in clocks.steps:
        if abs(jump) > needed_to_tell(probes, moment):
            assert any(step.after_ns <= moment <= step.before_ns for step in steps)


def needed_to_tell(probes: list[Probe], moment_ns: int) -> float:
    """The size from which on the probes around a moment cannot miss a step."""
    before = [probe for probe in probes if probe.answered_ns < moment_ns and probe.sent_ns > moment_ns - 6 * SECOND_NS]
    after = [probe for probe in probes if probe.sent_ns >= moment_ns and probe.answered_ns < moment_ns + 6 * SECOND_NS]
    if not before or not after:
        return float("inf")
    one, other = min(before, key=width_ns), min(after, key=width_ns)
    return width_ns(one) + width_ns(other) + (other.answered_ns - one.sent_ns + 2 * SLOT_NS) // 1000


def width_ns(probe: Probe) -> int:
    """How much of the offset a probe leaves open."""
    return probe.answered_ns - probe.sent_ns + probe.resolution_ns


def test_a_step_is_reported_with_its_times_and_size() -> None:
    estimator = estimator_of(exact(0, 0), exact(5, 0), exact(10, 500 * MS_NS), exact(15, 500 * MS_NS))
    (step,) = estimator.steps()
    assert (step.after_ns, step.before_ns) == (at(5) - FAST, at(10) + FAST)
    assert step.jump.contains(500 * MS_NS)
    assert step.jump.width_ns <= 4 * FAST + 5_001_000
    windows = estimator.windows()
    assert [(w.at_ns - at(0)) / SECOND_NS for w in windows] == [-0.5, 0.5, 5.5, 10.5, 15.5][1:]


def test_two_steps_one_probe_apart_are_both_reported() -> None:
    estimator = estimator_of(*(exact(s, s // 2 * SECOND_NS) for s in range(8)))
    assert [(step.after_ns, step.before_ns) for step in estimator.steps()] == [
        (at(s) - FAST, at(s + 1) + FAST) for s in (1, 3, 5)
    ]


def test_an_exchange_from_before_a_step_that_is_answered_after_it_reports_nothing_again() -> None:
    late = Probe(at(5), at(12), at(5.5), 0)
    estimator = estimator_of(exact(0, 0), exact(10, -3600 * SECOND_NS), late, exact(14, -3600 * SECOND_NS))
    assert len(estimator.steps()) == 1


def test_of_exchanges_that_overlap_nobody_knows_which_came_first() -> None:
    # Read before the step at 6 s, and answered behind an exchange that began and ended after it.
    late = Probe(at(5), at(12), at(5.5), 0)
    estimator = estimator_of(exact(10, -3600 * SECOND_NS), late)
    assert estimator.steps() == []
    estimator.add(exact(14, -3600 * SECOND_NS))
    (step,) = estimator.steps()
    assert (step.after_ns, step.before_ns) == (at(5), at(14) + FAST)
    assert step.jump.contains(-3600 * SECOND_NS)


def test_steps_stay_reported_when_their_probes_are_forgotten_and_are_counted_beyond_those_kept() -> None:
    estimator = estimator_of(*(exact(s, s // 2 * SECOND_NS) for s in range(2_100)))
    assert estimator.steps_found() == 1_049
    steps = estimator.steps()
    assert len(steps) == 1_000
    assert steps[0].after_ns == at(1) - FAST


def test_a_window_with_a_step_shows_both_sides() -> None:
    (window,) = estimator_of(exact(0.2, 0), exact(0.4, MS_NS), exact(0.7, 7 * MS_NS)).windows()
    assert window.low_ns <= 0
    assert window.high_ns >= 7 * MS_NS
    assert window.probes == 3


def test_an_hour_of_probes_needs_no_more_memory_than_ten_minutes() -> None:
    clocks, random = Clocks(3 * SECOND_NS, (200, -200)), Random(5)
    estimator, sizes = OffsetEstimator(), []
    for index in range(7200):
        delays = random.randrange(MS_NS), random.randrange(MS_NS)
        estimator.add(clocks.probe(START_NS + index * SECOND_NS // 2, *delays, 1_000))
        if index % 1200 == 1199:
            sizes.append(len(pickle.dumps(estimator)))
    assert max(sizes) < 3 * sizes[0] < 600_000
    windows = estimator.windows()
    assert 1_000 < len(windows) <= MAX_WINDOWS
    assert sum(window.probes for window in windows) == estimator.probes == 7200
    assert all(clocks.true_within(Interval(window.low_ns, window.high_ns), window.at_ns) for window in windows)
    now = START_NS + 3590 * SECOND_NS
    assert clocks.true_within(estimator.over(now, now) or SAME_CLOCK, now)
    forgotten = now - RETAINED_NS - 20 * SECOND_NS
    assert estimator.over(forgotten, forgotten) is None


def test_thousands_of_probes_a_second_are_thinned_and_the_bounds_stay_those_of_the_best() -> None:
    clocks, random = Clocks(-7 * MS_NS), Random(6)
    estimator = OffsetEstimator(drift_ppm=0)
    for index in range(20_000):
        estimator.add(clocks.probe(START_NS + index * 500_000, random.randrange(MS_NS), random.randrange(MS_NS), 1))
    assert len(pickle.dumps(estimator)) < 20_000
    bounds = estimator.over(at(5), at(5))
    assert bounds is not None
    assert bounds.contains(-7 * MS_NS)
    assert bounds.width_ns < 20_000
    assert clocks.offset(at(5)) == -7 * MS_NS * MILLIONTHS
