"""The service's clock as each process of the tester knows it, and as the whole run shows it."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from locust_eventsource.measure.clock_offset import WINDOW_S, OffsetEstimator, OffsetWindow, Probe
from locust_eventsource.measure.interval import Interval
from reports.tester import ESTIMATED, SAME_CLOCK, UNKNOWN, ClockOfProcess, ClockStepRecord

logger = logging.getLogger(__name__)

MAX_WINDOWS: Final = 600
"""Windows of one process in a message and in the result: more than a chart can show."""
PERIODS_A_WINDOW: Final = 3
"""Probe periods that the estimator's window spans, so that one lost probe leaves no moment without a bracket."""


def is_loopback(url: str) -> bool:
    """Whether the service is asked through loopback, so that its clock is taken for the tester's own at first."""
    name = urlsplit(url).hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class ProcessClock:
    """What one process knows of the service's clock; every answer that tells its time goes into ``add``."""

    def __init__(self, host: str, probe_period_s: float) -> None:
        window_s = max(WINDOW_S, PERIODS_A_WINDOW * probe_period_s)
        # Without probes there may be no answer that tells the time, and nothing to confirm anything with.
        self.estimator = OffsetEstimator(window_s=window_s, assume_same=is_loopback(host), confirmed=probe_period_s > 0)
        self._impossible = 0

    def add(self, probe: Probe) -> None:
        """Take an answer into account, unless the tester's own clock was set back while it was under way."""
        try:
            self.estimator.add(probe)
        except ValueError as error:
            self._impossible += 1
            logger.warning("An answer says nothing about the service's clock: %s", error)

    def offset_at(self, at_ns: int) -> Interval | None:
        """The offset at a moment as far as it is known by now; None while nothing is."""
        return self.estimator.over(at_ns, at_ns, one_sided=True)

    def facts(self, widest_ns: int, problem: str) -> dict[str, Any]:
        """All that is known by now, fit for a message between processes.

        ``widest_ns``: the widest interval that a latency was judged with; ``problem``: why probes fail, if they do.
        """
        estimator = self.estimator
        return {
            "same": estimator.same,
            "probes": estimator.probes,
            "impossible": self._impossible,
            "widest_ns": widest_ns,
            "problem": problem,
            "windows": [list(window) for window in thinned(estimator.windows(), MAX_WINDOWS)],
            "steps": [[step.after_ns, step.before_ns, *step.jump] for step in estimator.steps()],
            "steps_found": estimator.steps_found(),
        }


def thinned(windows: Sequence[OffsetWindow], at_most: int) -> list[OffsetWindow]:
    """Neighbouring windows joined until few enough are left; a joined one holds what any of its parts holds."""
    size = -(-len(windows) // at_most)
    groups = (windows[start : start + size] for start in range(0, len(windows), max(1, size)))
    return [
        OffsetWindow(
            (group[0].at_ns + group[-1].at_ns) // 2,
            min(window.low_ns for window in group),
            max(window.high_ns for window in group),
            sum(window.probes for window in group),
        )
        for group in groups
    ]


def mode_of(facts: dict[str, Any]) -> str:
    """How a process knows the offset, in the words of the result."""
    if facts["same"]:
        return SAME_CLOCK
    return ESTIMATED if facts["probes"] else UNKNOWN


def as_record(name: str, facts: dict[str, Any], started_ns: int) -> ClockOfProcess:
    """What a process knows as it stands in the result."""

    def since_start_s(at_ns: int) -> float:
        return round((at_ns - started_ns) / 1e9, 3)

    return ClockOfProcess(
        name=name,
        mode=mode_of(facts),
        probes=facts["probes"],
        worst_bound_us=None if mode_of(facts) == UNKNOWN else facts["widest_ns"] / 2_000,
        windows=[[since_start_s(at), low / 1_000, high / 1_000] for at, low, high, _ in facts["windows"]],
        steps=[
            ClockStepRecord(since_start_s(after), since_start_s(before), low / 1_000, high / 1_000)
            for after, before, low, high in facts["steps"]
        ],
        note=_note(facts),
    )


def _note(facts: dict[str, Any]) -> str:
    parts = [facts["problem"]] if facts["problem"] else []
    if facts["impossible"]:
        parts.append(f"{facts['impossible']} answers came before they were asked for: the tester's clock was set back")
    if facts["steps_found"] > len(facts["steps"]):
        parts.append(f"{facts['steps_found']} steps in all, of which the first {len(facts['steps'])} are listed")
    return "; ".join(parts)
