"""The whole run: what all processes reported, merged by addition, and what it comes to."""

from __future__ import annotations

import time
from argparse import Namespace
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from locust_eventsource.locust.connection_log import ConnectionHistory
from locust_eventsource.measure.moving import MovingLatencies
from locust_eventsource.measure.pending import UNPLACED
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from run.attendance import Attendance
from run.journal import Journal
from run.outcome import climbing, soaking
from studio.check_log import CheckLog
from studio.delivery_spread import DeliverySpread
from studio.verify.actions import action_from_row
from studio.verify.checks import CheckResult
from studio.verify.judge import Judge

SECOND_NS = 1_000_000_000

GRACE_S: Final = 1.0
"""A stream must have an event when it stays open this long after it."""

_CLOSING: Final = ("cut_short", "deleted", "left", "unseen_tasks")

INTERRUPTED: Final = "the end of the run was interrupted, so what was under way is not accounted for"


MAX_REMARKS: Final = 20
"""Sentences kept of what scenarios have to say besides their checks."""


class Ledger:
    """One a run, in the local or the master process."""

    def __init__(self, options: Namespace, *, owes_events: bool, started_ns: int | None = None) -> None:
        self.run_id: str = options.run_id
        self.owes_events = owes_events
        self.verifies = not options.measure_only
        """Events are accounted for and checks are made; else the run only measures."""
        self.started_ns = time.time_ns() if started_ns is None else started_ns
        self.ended_ns = 0
        self.series = Series()
        self._skew = Recorder()
        grace_s = min(GRACE_S, options.settle)
        self.judge = Judge(
            settle_ns=int(options.settle * SECOND_NS),
            grace_ns=int(grace_s * SECOND_NS),
            stuck_after_ns=int(options.stuck_after * SECOND_NS),
            broadcast=not options.replay,
        )
        self.climbs = climbing.asked(options)
        """A climb is part of the run: what the load takes along is judged step by step."""
        self.climb: dict[str, Any] | None = None
        """What the climb has found so far (``reports.capacity.Capacity``, with times since 1970)."""
        self._soaks = self.verifies and soaking.asked(options)
        self._soaks_alone = soaking.alone(options)
        self.checks = CheckLog()
        self.connections = ConnectionHistory()
        self.clocks: dict[str, dict[str, Any]] = {}
        """What each process that runs users knows of the service's clock, by the process's name."""
        self.spread = DeliverySpread()
        self._held: dict[str, dict[str, int]] = {}
        self.unread_peak: int | None = None
        self.cpu_percent: dict[str, float] = {}
        self.internal_error = False
        self.journal: Journal | None = None
        """What takes down everything that is added."""
        self.latencies: MovingLatencies | None = None
        """What keeps latencies by the second for whoever watches."""
        self.attendance = Attendance()
        self.cut_short = ""
        """Why the run did not come to an end in which every event had its time; empty when it did."""
        self._failures_due_ns = 0
        self.noticed_s: dict[str, float] = {}
        """When a check was first seen to have failed, in seconds since the start of the run."""
        self.deleted = 0
        self.left: list[dict[str, str]] = []
        self.remarks: list[str] = []
        """Sentences of the scenarios for the result."""
        self.unseen_tasks = ""
        """Why tasks of the run may be on the server that nobody listed; empty when there are none."""
        self.unanswered_creates = 0
        self.cleanup_command = ""
        """What deletes the run's tasks; empty where the service ends with the run."""

    def add(self, worker: str, delta: dict[str, Any]) -> None:
        """Add what a process took; words of an earlier run, or after the end, are passed over."""
        if delta["run"] != self.run_id or self.ended_ns:
            return
        if self.journal is not None:
            self.journal.note("delta", [worker, delta])
        self.attendance.heard(worker, delta["events"]["now_ns"], ended=delta["ended"])
        actions = map(action_from_row, delta["events"]["actions"])
        self.unanswered_creates += sum(action.kind == "create" and not action.acknowledged for action in actions)
        self.series.add(delta["measures"])
        if self.latencies is not None:
            self.latencies.add(delta["measures"])
        for second, n in delta["due"]:
            self.judge.pace.intended[second] += n
        self.judge.add(worker, delta["events"])
        if delta["ended"]:
            self.judge.end(worker)
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
        self.climb = delta["climb"] or self.climb
        self.remarks += delta["remarks"][: MAX_REMARKS - len(self.remarks)]

    def joined(self, worker: str) -> None:
        """A worker has users of this run."""
        if self.attendance.joined(worker) and self.journal is not None:
            self.journal.note("joined", worker)

    def settle(self, now_ns: int) -> None:
        """Judge the events that have settled by now."""
        deque(self.settling(now_ns), maxlen=0)

    def settling(self, now_ns: int) -> Iterator[None]:
        """As `settle`, in pieces between which others may add to the ledger, or finish it."""
        if not self.ended_ns:
            if self.journal is not None:
                self.journal.note("settle", at_ns=now_ns)
            for piece in self.judge.settling(now_ns):
                yield piece
                if self.ended_ns:
                    return
            self._note_skew()
            if now_ns >= self._failures_due_ns:
                self._failures_due_ns = now_ns + SECOND_NS
                self._note_failures(now_ns)

    def finish(self, now_ns: int) -> None:
        """No more will come: judge all that is left. Later calls do nothing."""
        if not self.ended_ns:
            for worker in self.attendance.lost():
                self.judge.lose(worker)
            self.judge.finish()
            self._note_skew()
            self._note_held()
            self.ended_ns = now_ns
            self._note_cleanup()
            if self._soaks:
                self.checks.note(soaking.judged(self.series, self.connections, alone=self._soaks_alone))
            self._note_failures(now_ns)

    @property
    def climb_over(self) -> bool:
        """Whether a climb has come to its end."""
        return bool(self.climb and self.climb["complete"])

    def closing(self) -> dict[str, Any]:
        """What the judging process itself brought in by the end, as `close_as` takes it."""
        return {name: getattr(self, name) for name in _CLOSING}

    def close_as(self, closing: dict[str, Any], at_ns: int) -> None:
        """End the run as another ledger, to which the same was added, was ended."""
        for name in _CLOSING:
            setattr(self, name, closing[name])
        self.finish(at_ns)

    def _note_failures(self, now_ns: int) -> None:
        for check in self.check_results():
            if check.verdict == "fail":
                self.judge.stories.accuse({str(each["task_id"]) for each in check.offenders if each.get("task_id")})
                self.noticed_s.setdefault(check.name, round((now_ns - self.started_ns) / SECOND_NS, 1))

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
        command = {"remove_with": self.cleanup_command} if self.cleanup_command else {}
        for task in self.left:
            what = f"task {task['task_id']} could not be deleted: {task['problem']}"
            self.checks.failed("cleanup", what, **task, **command)
        if self.unseen_tasks and not self.left:
            self.checks.unknown("cleanup", self.unseen_tasks)
        elif self.deleted and not self.left:
            self.checks.passed("cleanup")

    def deleted_task(self, _task_id: str) -> None:
        """A task of the run was found and deleted by the judging process."""
        self.deleted += 1

    def check_results(self) -> list[CheckResult]:
        """All checks: over the events of the run, and those that users made.

        What nobody could have checked, because the users of the run only listen, is left out.
        """
        if not self.verifies:
            return self._of_run()
        over_events = [check for check in self.judge.checks() if self.owes_events or check.verdict != "unknown"]
        found = [*over_events, *self.checks.results(), *self._of_run()]
        return climbing.checks_of_run(found) if self.climbs else found

    def _of_run(self) -> list[CheckResult]:
        """Whether the tester itself came to an orderly end."""
        attendance = self.attendance.check(self.started_ns) if self.ended_ns else None
        found = [attendance] if attendance is not None else []
        return [*found, CheckResult("run.drained", "unknown", self.cut_short, {}, [])] if self.cut_short else found
