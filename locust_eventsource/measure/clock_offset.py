"""How far the server's clock is from the tester's at a given moment: always within the bounds that are given.

Exchanges with the server (``Probe``) bound the offset while they last. What they say holds for other moments too,
widened by the largest drift, until a clock is set: a step of any size, of either clock, and nobody announces it. So a
moment's offset is bounded from both sides in time: P is what the probes of the window before say together, S what
those of the window behind say. **Assumption: within a window before the moment to a window behind it a clock is set at
most once**, and runs within the drift otherwise. The step then lies either before the moment, and S is right, or
behind it, and P is right; so the hull of P and S contains the truth, also for a step too small to be noticed.
Only exchanges that were over before the moment count for P, and only those that began behind it for S: of one that
spans the moment nobody knows on which side of it the server read its clock.

A tester's clock that is set back repeats times; what is asked of the repeated ones may be answered for the wrong pass.
"""

from __future__ import annotations

from locust_eventsource.measure.clock_probes import Drift, KeptProbes, Probe
from locust_eventsource.measure.clock_steps import ClockStep, StepFinder
from locust_eventsource.measure.clock_windows import OffsetWindow, OffsetWindows
from locust_eventsource.measure.interval import SAME_CLOCK, Interval

__all__ = ["ClockStep", "OffsetEstimator", "OffsetWindow", "Probe"]

DRIFT_PPM = 500.0
"""Crystals stay within 50 ppm, NTP's corrections by the kernel within 500 ppm (ntp_adjtime, MAXFREQ)."""
WINDOW_S = 15.0
"""Three probe periods of the default: one lost probe does not leave a moment without a bracket."""


class OffsetEstimator:
    """The offset (server clock minus tester clock) over time, from any number of probes in bounded memory.

    All times are nanoseconds of the tester's CLOCK_REALTIME. With ``assume_same`` (the server is reached through
    loopback) the offset is exactly 0 while every probe so far allows 0; after that the probes count everywhere. With
    ``confirmed`` besides, that is said of a moment only once a probe that was sent after it allows 0; without, at
    once, probes or not. Moments more than ``RETAINED_NS`` behind the newest probe are forgotten.
    """

    def __init__(
        self,
        *,
        drift_ppm: float = DRIFT_PPM,
        window_s: float = WINDOW_S,
        assume_same: bool = False,
        confirmed: bool = False,
    ) -> None:
        """A ``window_s`` of less than two probe periods leaves moments without a bracket when one probe is lost."""
        self.window_ns = int(window_s * 1_000_000_000)
        """How far from a moment a probe may be to count for it."""
        self.same = assume_same
        """Whether both clocks are taken for the same one. Once False it stays so."""
        self._confirmed = confirmed
        self.probes = 0
        """How many probes were added."""
        self.finished = False
        """Whether no further probe will come; see ``finish``."""
        self._drift = Drift(drift_ppm)
        self._kept = KeptProbes()
        self._windows = OffsetWindows(self._drift)
        self._finder = StepFinder(self._drift, self.window_ns)
        self._latest_sent_ns: int | None = None
        self._latest_answered_ns = 0
        self._searched_ns = 0

    def add(self, probe: Probe) -> None:
        """Take a probe into account; they may come in any order. Raises ValueError for one that is impossible.

        Steps are looked for among the probes that come at most a window late.
        """
        said = probe.said()
        self.probes += 1
        self.same = self.same and said.low_ns <= 0 <= said.high_ns
        if self._latest_sent_ns is None or probe.sent_ns > self._latest_sent_ns:
            self._latest_sent_ns = probe.sent_ns
        self._latest_answered_ns = max(probe.answered_ns, self._latest_answered_ns)
        # Before the probe is kept: that may push out those that were not searched yet.
        settled_ns = self._latest_answered_ns - self.window_ns - 1
        self._search(self._finder, settled_ns)
        self._searched_ns = max(self._searched_ns, settled_ns)
        self._kept.add(said)
        self._windows.add(said)

    def finish(self) -> None:
        """No probe will come any more: from now on a moment with probes on one side only has to do with those."""
        self.finished = True

    def over(self, from_ns: int, to_ns: int, *, one_sided: bool = False) -> Interval | None:
        """Bounds of the offset at every moment of [``from_ns``, ``to_ns``]; None until probes bracket that span.

        ``one_sided``, or ``finish``: where only one side has probes within the window, these alone. That is right as
        long as no clock was set between them and the span. Raises ValueError for a span that ends before it begins.
        """
        pieces = self.pieces(from_ns, to_ns, one_sided=one_sided)
        return pieces[0].hull(pieces[-1]) if pieces else None

    def pieces(self, from_ns: int, to_ns: int, *, one_sided: bool = False) -> tuple[Interval, ...]:
        """As ``over``, and more exact around a step: the offset at a moment lies in one of these, never in between.

        None, one, or two that have nothing in common: the offset before and the one after a step within the span.
        """
        if from_ns > to_ns:
            raise ValueError(f"the span ends {from_ns - to_ns} ns before it begins")
        if self.same:
            known = not self._confirmed or one_sided or self.finished or to_ns < (self._latest_sent_ns or 0)
            return (SAME_CLOCK,) if known else ()
        before = self._drift.agreed(self._kept.before(from_ns, self.window_ns), from_ns, to_ns)
        after = self._drift.agreed(self._kept.after(to_ns, self.window_ns), from_ns, to_ns)
        if before is not None and after is not None:
            return (before, after) if before.intersection(after) is None else (before.hull(after),)
        side = before or after
        return (side,) if side is not None and (one_sided or self.finished) else ()

    def earliest_bracket_ns(self) -> int | None:
        """From here on moments can have a probe before them; None without probes."""
        return self._kept.first_answered_ns()

    def latest_bracket_ns(self) -> int | None:
        """Up to here moments can have a probe behind them; None without probes."""
        return self._latest_sent_ns

    def windows(self) -> list[OffsetWindow]:
        """The offset over time, to be drawn: a window a second where there were probes, longer ones in long runs."""
        return self._windows.windows()

    def steps(self) -> list[ClockStep]:
        """The steps found so far, in order, at most ``MAX_STEPS``."""
        return self._complete_finder().steps

    def steps_found(self) -> int:
        """How many steps were found, those beyond ``MAX_STEPS`` included."""
        return self._complete_finder().found

    def _complete_finder(self) -> StepFinder:
        # The newest probes stay provisional for a window, because others may still have to be sorted in between.
        finder = self._finder.branch()
        self._search(finder, self._latest_answered_ns)
        return finder

    def _search(self, finder: StepFinder, to_ns: int) -> None:
        for said in self._kept.answered_in(self._searched_ns + 1, to_ns):
            finder.add(said)
