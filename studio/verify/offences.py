"""The first offenders of each check, and how many events each check blames or is in doubt about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from studio.verify import evidence
from studio.verify.actions import Action
from studio.verify.evidence import Offender
from studio.verify.faults import AFTER_DONE, TRANSITIONS, UNEXPECTED
from studio.verify.ordering import Verdict
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord, Outcome
from studio.verify.sessions import Fate
from studio.verify.weighing import Workers

LOST: Final = "delivery.lost"
DUPLICATED: Final = "delivery.duplicated"
REORDERED: Final = "delivery.reordered"
FILTERED: Final = "fanout.filtered"
SAME: Final = "fanout.same"
SESSIONS_END: Final = "lifecycle.sessions_end"
STUCK: Final = "lifecycle.stuck"
OF_EVENTS: Final = (UNEXPECTED, TRANSITIONS, AFTER_DONE)
"""The checks that find a fault with an event of the run's own tasks."""


class Offences:
    """What was found so far; whatever turns out well is taken back."""

    def __init__(self, workers: Workers, limit: int) -> None:
        self._workers = workers
        self._limit = limit
        self._found: dict[str, dict[object, Offender]] = {}
        self.faults: Counter[str] = Counter()
        """Events that should not have been, by check."""
        self.doubts: Counter[str] = Counter()
        """Events that may be right because one before them is missing, by check."""
        self.doubt: dict[str, str] = {}
        """Why one of those cannot be judged, by check."""

    def of(self, check: str) -> list[Offender]:
        """The offenders of a check, first found first."""
        return [dict(offender) for offender in self._found.get(check, {}).values()]

    def count(self, before: Outcome, after: Outcome) -> None:
        """An event's outcome takes the place of another."""
        for outcome, sign in ((before, -1), (after, 1)):
            if outcome.fault is not None:
                counter = self.doubts if outcome.fault.doubtful else self.faults
                counter[outcome.fault.check] += sign

    def judged(self, log: TaskLog, record: EventRecord, outcome: Outcome) -> None:
        """An event has an outcome, or a new one."""
        of = (self._workers, log, record, outcome)
        self._put_if(bool(outcome.lost), LOST, record.id, lambda: evidence.of_lost(*of))
        self._put_if(bool(outcome.missed), SAME, record.id, lambda: evidence.of_missed(*of))
        self._put_if(bool(outcome.misdirected), FILTERED, record.id, lambda: evidence.of_misdirected(*of))
        fault = outcome.fault
        for check in OF_EVENTS:
            if fault is None or fault.doubtful or fault.check != check:
                self._drop(check, record.id)
        if fault is not None and fault.doubtful:
            self.doubt.setdefault(fault.check, f"{record.type} {record.detail} of task {log.task_id}: {fault.why}")
        elif fault is not None:
            self._put(fault.check, record.id, evidence.of_fault(self._workers, log, record, fault))
        if record.repeated:
            self.repeated(log, record)

    def unseen(self, action: Action, outcome: Outcome) -> None:
        """Nobody saw an event that a call owes."""
        self._put_if(bool(outcome.lost), LOST, action, lambda: evidence.of_unseen(self._workers, action, outcome))

    def seen(self, action: Action) -> None:
        """It came after all."""
        self._drop(LOST, action)

    def repeated(self, log: TaskLog, record: EventRecord) -> None:
        """An event came again where it had been."""
        self._put(DUPLICATED, record.id, evidence.of_duplicated(self._workers, log, record))

    def disordered(self, log: TaskLog, record: EventRecord, verdict: Verdict | None) -> None:
        """An event came out of turn, or did not, as it turns out."""
        if verdict is None:
            self._drop(REORDERED, record.id)
        else:
            self._put(REORDERED, record.id, evidence.of_reordered(self._workers, log, verdict))

    def session(self, log: TaskLog, fate: Fate) -> None:
        """What became of a session, so far."""
        session_id, lasted = fate.session.id, f"{fate.lasted_ns / evidence.SECOND_NS:.1f} s"
        if fate.state == "failed":
            what = f"never ended: no session.ended came within the {lasted} that the streams were watched after it"
            self._put(SESSIONS_END, session_id, evidence.of_session(fate, log, what))
        else:
            self._drop(SESSIONS_END, session_id)
        if fate.stuck:
            over = {"ended": "then ended", "deleted": "then its task was deleted", "unknown": "then the task went on"}
            what = f"was under way for {lasted}, {over.get(fate.state, 'and is still')}"
            self._put(STUCK, session_id, evidence.of_session(fate, log, what))
        else:
            self._drop(STUCK, session_id)

    def _put_if(self, wrong: bool, check: str, key: object, offender: Callable[[], Offender]) -> None:
        if wrong:
            self._put(check, key, offender())
        else:
            self._drop(check, key)

    def _put(self, check: str, key: object, offender: Offender) -> None:
        found = self._found.setdefault(check, {})
        if key in found or len(found) < self._limit:
            found[key] = offender

    def _drop(self, check: str, key: object) -> None:
        self._found.get(check, {}).pop(key, None)
