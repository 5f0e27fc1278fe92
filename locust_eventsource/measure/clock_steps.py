"""Steps of a clock: exchanges that contradict each other, although the drift between them is allowed for."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

from locust_eventsource.measure.clock_probes import Drift, Probe
from locust_eventsource.measure.interval import Interval

MAX_STEPS = 1_000
"""Steps kept with their figures; further ones are only counted."""


class ClockStep(NamedTuple):
    """The server's or the tester's clock was set between two tester times; the offset changed by ``jump``."""

    after_ns: int
    before_ns: int
    jump: Interval


class StepFinder:
    """Looks for steps in probes that come in the order of their answers, and compares those within one window.

    Two probes contradict each other when no pair of moments, one within each exchange, allows both. Then a clock was
    set between the sending of the first and the answer of the second, whatever the probes in between say: those are
    too wide to tell. A step that is smaller than the probes around it are wide cannot be found.
    """

    def __init__(self, drift: Drift, window_ns: int) -> None:
        self.steps: list[ClockStep] = []
        """What was found, at most ``MAX_STEPS``; see ``found``."""
        self.found = 0
        """How many steps were found in all."""
        self._drift = drift
        self._window_ns = window_ns
        self._recent: list[Probe] = []

    def add(self, probe: Probe) -> None:
        """Compare a probe with those of the window before it; the latest that contradicts it is nearest to the step."""
        self._recent = [before for before in self._recent if before.answered_ns >= probe.sent_ns - self._window_ns]
        for before in reversed(self._recent):
            if self._contradict(before, probe):
                self._keep(ClockStep(before.sent_ns, probe.answered_ns, self._jump(before, probe)))
                # Those in between do not tell on which side of the step they lie.
                self._recent = []
                break
        self._recent.append(probe)

    def branch(self) -> StepFinder:
        """One that goes on from here without changing this one."""
        other = copy(self)
        other.steps = list(self.steps)
        return other

    def _contradict(self, before: Probe, after: Probe) -> bool:
        one, other, drift = before.offset, after.offset, self._drift
        return (
            other.low_ns - drift.over(after.answered_ns - before.sent_ns) > one.high_ns
            or one.low_ns - drift.over(after.sent_ns - before.answered_ns) > other.high_ns
        )

    def _jump(self, before: Probe, after: Probe) -> Interval:
        one, other, drift = before.offset, after.offset, self._drift
        return Interval(
            other.low_ns - one.high_ns - drift.over(after.answered_ns - before.sent_ns),
            other.high_ns - one.low_ns + drift.over(after.sent_ns - before.answered_ns),
        )

    def _keep(self, step: ClockStep) -> None:
        self.found += 1
        if len(self.steps) < MAX_STEPS:
            self.steps.append(step)
