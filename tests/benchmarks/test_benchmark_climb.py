"""The climb finds the highest load that goes well to within one step, and always ends."""

from __future__ import annotations

import pytest

from benchmarks.climb import STEP, Climb, Step, climb


def to(limit: float, start: float) -> tuple[Climb[None], list[float]]:
    tried: list[float] = []

    def attempt(load: float) -> Step[None]:
        tried.append(load)
        return Step(load, None, "too much" if load > limit else "")

    return climb(start, attempt), tried


@pytest.mark.parametrize("limit", [1_000, 9_999, 10_000, 12_499, 12_500, 15_624, 20_000, 111_111, 250_000])
def test_the_best_goes_well_and_one_step_more_does_not(limit: float) -> None:
    found, tried = to(limit, 10_000)
    assert found.best is not None and found.ended is not None
    assert found.best.load <= limit < found.ended.load
    assert found.ended.load / found.best.load == pytest.approx(STEP)
    assert len(set(tried)) == len(tried), "nothing is tried twice"


def test_a_climb_without_an_end_is_given_up() -> None:
    found, tried = to(1e30, 10_000)
    assert found.best is not None and found.best.load == tried[-1]
    assert found.ended is None


def test_where_nothing_goes_well_there_is_no_best() -> None:
    found, tried = to(0, 10_000)
    assert found.best is None
    assert found.ended == Step(tried[-1], None, "too much")
