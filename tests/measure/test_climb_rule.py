"""The climbing rule: growth, bisection, second tries, and what it says it found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locust_eventsource.measure.climb import KINDS, TRIES, Answer, Climb, Course, Kind, Load, Outcome, blamed

HELD, MISSED, TESTER, UNCLEAR = Outcome


FIRST, LAST = Load(20, 10), Load(20, 10_000)


def course(kind: Kind = "rate", first: Load = FIRST, last: Load = LAST) -> Course:
    return Course(kind, first, last)


def climbed(climb: Climb, outcome: Callable[[Load], Outcome]) -> list[tuple[float, Outcome]]:
    """All steps of a climb as (deliveries a second, outcome)."""
    steps: list[tuple[float, Outcome]] = []
    while (load := climb.load) is not None:
        found = outcome(load)
        climb.add(found)
        steps.append((load.deliveries_per_s, found))
        assert len(steps) < 200
    return steps


def capacity(limit: float, beyond: Outcome = MISSED) -> Callable[[Load], Outcome]:
    return lambda load: HELD if load.deliveries_per_s <= limit else beyond


def test_it_grows_until_a_load_is_not_held_and_then_bisects() -> None:
    climb = Climb(course(), growth=2, precision=0.2)
    steps = climbed(climb, capacity(1_000))
    loads = [round(load) for load, _ in steps]
    assert loads == [200, 400, 800, *[1600] * TRIES, *[1131] * TRIES, 951]
    answer = climb.answer()
    assert answer.held is not None and answer.gave is not None
    assert round(answer.held.deliveries_per_s) == 951
    assert round(answer.gave.deliveries_per_s) == 1131
    assert (answer.limit, answer.complete) == (MISSED, True)


@given(st.sampled_from(KINDS), st.floats(210, 900_000), st.floats(1.1, 4))
def test_what_it_finds_is_within_the_precision_whatever_climbs(kind: Kind, limit: float, growth: float) -> None:
    whole = course(kind, Load(20, 10), Load(2_000, 500))
    climb = Climb(whole, growth=growth, precision=0.05)
    climbed(climb, capacity(limit))
    answer = climb.answer()
    assert answer.complete and answer.held is not None
    assert answer.held.deliveries_per_s <= limit
    if answer.gave is None:
        assert answer.held.deliveries_per_s == pytest.approx(whole.at(whole.top).deliveries_per_s)
        return
    assert answer.gave.deliveries_per_s > limit
    near = answer.gave.deliveries_per_s <= answer.held.deliveries_per_s * 1.0501
    assert near or (kind == "streams" and answer.gave.streams == answer.held.streams + 1)


def test_a_climb_that_is_never_stopped_ends_at_the_last_load() -> None:
    climb = Climb(course(last=Load(20, 50)))
    assert [round(load) for load, _ in climbed(climb, capacity(1e9))] == [200, 400, 800, 1000]
    assert climb.answer() == Answer(Load(20, 50), None, None, True)


def test_bad_moments_stop_nothing() -> None:
    outcomes = iter([HELD, MISSED, MISSED, HELD, TESTER, TESTER, TESTER, HELD, UNCLEAR, TESTER, TESTER, HELD])
    climb = Climb(course(last=Load(20, 80)))
    climbed(climb, lambda _: next(outcomes))
    assert climb.answer() == Answer(Load(20, 80), None, None, True)


def test_a_first_load_that_is_not_held_leaves_nothing_to_bisect() -> None:
    climb = Climb(course())
    assert climbed(climb, capacity(0)) == [(200, MISSED)] * TRIES
    assert climb.answer() == Answer(None, Load(20, 10), MISSED, True)


def test_before_its_end_it_says_what_is_known_so_far() -> None:
    climb = Climb(course())
    assert climb.answer() == Answer(None, None, None, False)
    climb.add(HELD)
    climb.add(MISSED)
    assert climb.answer() == Answer(Load(20, 10), None, None, False)
    assert climb.load == Load(20, 20)


def test_streams_are_whole_so_neighbours_end_the_bisection() -> None:
    climb = Climb(course("streams", Load(2, 10), Load(64, 10)), precision=0.001)
    climbed(climb, capacity(55))
    assert climb.answer()[:2] == (Load(5, 10), Load(6, 10))


def test_streams_climb_by_one_where_the_growth_is_less() -> None:
    climb = Climb(course("streams", Load(2, 10), Load(5, 10)), growth=1.1)
    assert [load for load, _ in climbed(climb, capacity(1e9))] == [20, 30, 40, 50]


def test_both_climb_together_from_the_first_load_to_the_last() -> None:
    whole = course("both", Load(10, 5), Load(1_000, 50))
    assert whole.top == pytest.approx(1_000)
    assert whole.at(1) == Load(10, 5)
    assert whole.at(whole.top).streams == 1_000
    assert whole.at(whole.top).events_per_s == pytest.approx(50)
    middle = whole.at(whole.top**0.5)
    assert middle.streams == 100
    assert middle.deliveries_per_s == pytest.approx(50 * whole.top**0.5)
    still = Course("both", Load(10, 5), Load(10, 5))
    assert (still.top, still.at(1)) == (1, Load(10, 5))


def test_the_tester_is_blamed_only_where_no_try_shows_the_service() -> None:
    assert blamed([TESTER, MISSED]) is MISSED
    assert blamed([UNCLEAR, TESTER]) is TESTER
    assert blamed([UNCLEAR, UNCLEAR]) is UNCLEAR
    climb = Climb(course())
    steps = climbed(climb, capacity(1_000, TESTER))
    assert climb.answer().limit is TESTER
    assert steps.count((1_600, TESTER)) == 2 * TRIES


def test_no_step_is_taken_after_the_end() -> None:
    climb = Climb(course(last=Load(20, 10)))
    climb.add(HELD)
    assert climb.load is None
    with pytest.raises(ValueError, match="the climb is over"):
        climb.add(HELD)
