"""Steps of a clock: exchanges that contradict each other, although the drift between them is allowed for."""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import NamedTuple

from locust_eventsource.measure.clock_probes import Drift, Said
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

    Of two probes, one over before the other began, that contradict each other the server read its clock differently
    although the drift in between is allowed for. So a clock was set between the sending of the first and the answer of
    the second, whatever the probes in between say: those are too wide to tell. A step that is smaller than the probes
    around it are wide cannot be found.
    """

    def __init__(self, drift: Drift, window_ns: int) -> None:
        self.steps: list[ClockStep] = []
        """What was found, at most ``MAX_STEPS``; see ``found``."""
        self.found = 0
        """How many steps were found in all."""
        self._drift = drift
        self._window_ns = window_ns
        self._recent: deque[Said] = deque()
        self._known_after_ns = 0
        self._top: int | None = None
        self._bottom: int | None = None

    def add(self, probe: Said) -> None:
        """Compare a probe with those of the window before it; the latest that contradicts it is nearest to the step."""
        if probe.sent_ns < self._known_after_ns:
            # Nobody knows on which side of the last step the server read its clock for this one.
            return
        before = self._latest_against(probe) if self._may_contradict(probe) else None
        if before is not None:
            self._keep(ClockStep(before.sent_ns, probe.answered_ns, self._jump(before, probe)))
            self._known_after_ns = probe.answered_ns
            self._recent.clear()
            self._top = self._bottom = None
        self._remember(probe)

    def branch(self) -> StepFinder:
        """One that goes on from here without changing this one."""
        other = copy(self)
        other.steps, other._recent = list(self.steps), deque(self._recent)
        return other

    def _remember(self, probe: Said) -> None:
        self._recent.append(probe)
        while self._recent[0].answered_ns < probe.answered_ns - self._window_ns:
            self._recent.popleft()
        top, bottom = self._cone(probe.low_ns, probe.answered_ns), self._cone(probe.high_ns, -probe.sent_ns)
        self._top = top if self._top is None else max(self._top, top)
        self._bottom = bottom if self._bottom is None else min(self._bottom, bottom)

    def _may_contradict(self, probe: Said) -> bool:
        """Whether a probe can contradict any since the last step: a quick look that saves comparing it with each."""
        if self._top is None or self._bottom is None:
            return False
        high, low = self._cone(probe.high_ns, probe.sent_ns), self._cone(probe.low_ns, -probe.answered_ns)
        return self._top > high or self._bottom < low

    def _cone(self, offset_ns: int, at_ns: int) -> int:
        """A bound that drifts in time, as the value it would have at time 0, in billionths of a nanosecond."""
        return offset_ns * 1_000_000_000 + at_ns * self._drift.ppb

    def _latest_against(self, probe: Said) -> Said | None:
        return next((before for before in reversed(self._recent) if self._contradict(before, probe)), None)

    def _contradict(self, before: Said, after: Said) -> bool:
        drift = self._drift
        return before.answered_ns <= after.sent_ns and (
            after.low_ns - drift.over(after.answered_ns - before.sent_ns) > before.high_ns
            or before.low_ns - drift.over(after.sent_ns - before.answered_ns) > after.high_ns
        )

    def _jump(self, before: Said, after: Said) -> Interval:
        drift = self._drift
        return Interval(
            after.low_ns - before.high_ns - drift.over(after.answered_ns - before.sent_ns),
            after.high_ns - before.low_ns + drift.over(after.sent_ns - before.answered_ns),
        )

    def _keep(self, step: ClockStep) -> None:
        self.found += 1
        if len(self.steps) < MAX_STEPS:
            self.steps.append(step)
