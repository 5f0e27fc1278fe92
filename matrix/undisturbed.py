"""Runs without any defect: everything must pass, whatever the seed and however busy the machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from locust_eventsource.measure.health import METRIC as TESTER
from matrix.company import busy_machine
from matrix.comparison import complaints
from matrix.load import ROOT, UNTIMED, LoadFailed, keep, run_load
from matrix.show import say

EVERYTHING: Final = ("--config", "config/full.toml", "--headless", "--only-summary")
"""Arguments for a run with all scenarios."""
_LIMITS: Final = ("execute-limit", "big-event-limit", "told-within")
_WITHIN_S = 1800.0


class CleanRun(NamedTuple):
    """One run with one seed."""

    seed: int
    complaints: tuple[str, ...]
    checks: int
    """How many checks passed."""
    targets: int
    """How many targets passed."""
    deliveries: int
    took_s: float
    unfit: bool
    """The tester could not keep up with the machine's other load: true, and no verdict on the service."""


def clean_runs(count: int, *, busy: bool, arguments: Sequence[str]) -> list[CleanRun]:
    """One run a seed, from 1 on, saying what came of each."""
    runs = []
    with busy_machine(busy):
        for seed in range(1, count + 1):
            runs.append(_run(seed, [*EVERYTHING, *_beside(busy), *arguments, "--studio-seed", str(seed)]))
            _say(runs[-1])
    return runs


def _beside(busy: bool) -> tuple[str, ...]:
    """On a busy machine the service is slow in truth, so its latency has targets that no machine misses."""
    if not busy:
        return ()
    return (*UNTIMED, *(word for limit in _LIMITS for word in (f"--{limit}", "60")))


def clean_section(runs: Sequence[CleanRun], *, busy: bool, arguments: Sequence[str]) -> str:
    """What was run and what came of it, for the page."""
    command = " ".join(["locust", *EVERYTHING, *_beside(busy), *arguments, "--studio-seed N"])
    state = f"with {os.cpu_count()} processors kept busy by other processes" if busy else "on a machine left alone"
    passed = sum(not run.complaints for run in runs)
    deliveries = sum(run.deliveries for run in runs)
    checks = min((run.checks for run in runs), default=0)
    lines = [
        f"`{command}` for the seeds 1 to {len(runs)}, {state}:",
        f"in {passed} of {len(runs)} runs every check and target passed,",
        f"{deliveries:,} deliveries in all, at least {checks} checks passed in each run.",
    ]
    unfit = sum(run.unfit for run in runs)
    if unfit:
        lines.append(f"In {unfit} of them the tester itself could not keep up, and said so (`tester:fit`).")
    lines += [f"\n- Seed {run.seed}: {complaint}" for run in runs for complaint in run.complaints]
    return "\n".join(lines)


def _run(seed: int, arguments: Sequence[str]) -> CleanRun:
    try:
        outcome = run_load(arguments, within_s=_WITHIN_S)
    except LoadFailed as failure:
        return CleanRun(seed, (str(failure),), 0, 0, 0, 0.0, False)
    result, found = outcome.result, complaints(outcome, without=TESTER)
    if found:
        found.append(f"everything that the run left is in {keep(outcome, f'clean-{seed}').relative_to(ROOT)}")
    return CleanRun(
        seed,
        tuple(found),
        checks=sum(check.verdict == "pass" for check in result.checks),
        targets=sum(row.verdict == "pass" for row in result.rows),
        deliveries=result.deliveries.delivered,
        took_s=outcome.took_s,
        unfit=any(row.metric == TESTER and row.verdict != "pass" for row in result.rows),
    )


def _say(run: CleanRun) -> None:
    facts = f"{run.checks} checks and {run.targets} targets passed, {run.deliveries:,} deliveries, {run.took_s:.1f} s"
    say(f"{'✗' if run.complaints else '✓'} seed {run.seed:3}  {facts}")
    for complaint in run.complaints:
        say(f"      {complaint}")
