"""The judge's account of random runs equals the account worked out by hand, however many workers carried them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.simulated_run import SimulatedRun

RUNS = st.builds(
    SimulatedRun,
    seed=st.integers(0, 1 << 32),
    streams=st.integers(1, 7),
    tasks=st.integers(1, 4),
    faults=st.integers(0, 6),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(run=RUNS, workers=st.integers(1, 4))
def test_the_tally_is_the_truth_and_the_same_for_one_worker_and_for_several(run: SimulatedRun, workers: int) -> None:
    truth = run.truth()
    assert truth.expected == truth.delivered + truth.lost
    assert run.verdict(1, hasty=True).tally == truth
    assert run.verdict(workers).tally == truth


@settings(max_examples=50, deadline=None, derandomize=True)
@given(run=RUNS)
def test_each_check_fails_exactly_when_its_count_is_not_zero(run: SimulatedRun) -> None:
    judge = run.verdict(2)
    failed = {check.name for check in judge.checks() if check.verdict == "fail"}
    checks = {f"delivery.{kind}": kind for kind in ("lost", "duplicated", "reordered", "unexpected")}
    checks |= {"fanout.same": "foreign_missed"}
    assert failed == {check for check, count in checks.items() if judge.tally.as_dict()[count]}
