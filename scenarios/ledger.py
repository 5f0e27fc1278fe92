"""The whole run: what all processes reported, merged by addition, and what it comes to."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any, Final

from locust_eventsource.locust.connection_log import ConnectionHistory
from locust_eventsource.measure.pending import UNPLACED
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from studio.check_log import CheckLog
from studio.delivery_spread import DeliverySpread
from studio.verify.checks import CheckResult
from studio.verify.judge import Judge

SECOND_NS = 1_000_000_000

GRACE_S: Final = 1.0
"""A stream must have an event when it stays open this long after it."""

_ABANDONED: Final = CheckResult(
    name="run.drained",
    verdict="unknown",
    summary="the end of the run was interrupted, so what was under way is not accounted for",
    counts={},
    offenders=[],
)


class Ledger:
    """One a run, in the local or the master process."""

    def __init__(self, options: Namespace, *, owes_events: bool) -> None:
        self.run_id: str = options.run_id
        self.owes_events = owes_events
        self.verifies = not options.measure_only
        """Events are accounted for and checks are made; else the run only measures."""
        self.started_ns = time.time_ns()
        self.ended_ns = 0
        self.series = Series()
        self._skew = Recorder()
        grace_s = min(GRACE_S, options.settle)
        self.judge = Judge(settle_ns=int(options.settle * SECOND_NS), grace_ns=int(grace_s * SECOND_NS))
        self.checks = CheckLog()
        self.connections = ConnectionHistory()
        self.clocks: dict[str, dict[str, Any]] = {}
        """What each process that runs users knows of the service's clock, by the process's name."""
        self.spread = DeliverySpread()
        self._held: dict[str, dict[str, int]] = {}
        self.unread_peak: int | None = None
        self.cpu_percent: dict[str, float] = {}
        self.internal_error = False
        self.abandoned = False
        """The end of the run was interrupted before every event had its time."""
        self.noticed_s: dict[str, float] = {}
        """When a check was first seen to have failed, in seconds since the start of the run."""
        self.deleted = 0
        self.left: list[dict[str, str]] = []

    def add(self, worker: str, delta: dict[str, Any]) -> None:
        """Add what a process took; words of an earlier run, or after the end, are passed over."""
        if delta["run"] != self.run_id or self.ended_ns:
            return
        self.series.add(delta["measures"])
        self.judge.add(worker, delta["events"])
        self.checks.add(delta["checks"])
        self.connections.add(worker, delta["connections"])
        self.clocks[worker] = delta["clock"]
        self.spread.merge(delta["spread"])
        self._held[worker] = delta["held"]
        if delta["unread_peak"] is not None:
            self.unread_peak = max(self.unread_peak or 0, delta["unread_peak"])
        self.cpu_percent[worker] = max(self.cpu_percent.get(worker, 0.0), delta["cpu_percent"])
        self.internal_error |= delta["internal_error"]
        self.deleted += delta["deleted"]
        self.left += delta["left"]

    def settle(self) -> None:
        """Judge the events that have settled by now."""
        if not self.ended_ns:
            self.judge.settle(time.time_ns())
            self._note_skew()
            self._note_failures()

    def finish(self) -> None:
        """No more will come: judge all that is left. Later calls do nothing."""
        if not self.ended_ns:
            self.judge.finish()
            self._note_skew()
            self._note_held()
            self.ended_ns = time.time_ns()
            self._note_cleanup()
            self._note_failures()

    def _note_failures(self) -> None:
        for check in self.check_results():
            if check.verdict == "fail":
                self.noticed_s.setdefault(check.name, round((time.time_ns() - self.started_ns) / SECOND_NS, 1))

    def _note_skew(self) -> None:
        for spread in self.judge.take_spreads():
            self._skew.record("skew", spread.last_ns - spread.first_ns, spread.first_ns, spread.type)
        self.series.add(self._skew.take())

    def _note_held(self) -> None:
        """What a process still held back for the clock when it was last heard of has no latency any more."""
        held = Recorder()
        for by_metric in self._held.values():
            for metric, count in by_metric.items():
                held.count(UNPLACED, count, type=metric)
        self.series.add(held.take())

    def _note_cleanup(self) -> None:
        for task in self.left:
            self.checks.failed("cleanup", f"task {task['task_id']} could not be deleted: {task['problem']}", **task)
        if self.deleted and not self.left:
            self.checks.passed("cleanup")

    def check_results(self) -> list[CheckResult]:
        """All checks: over the events of the run, and those that users made.

        What nobody could have checked, because the users of the run only listen, is left out.
        """
        if not self.verifies:
            return []
        over_events = [check for check in self.judge.checks() if self.owes_events or check.verdict != "unknown"]
        return [*over_events, *self.checks.results(), *([_ABANDONED] if self.abandoned else [])]
