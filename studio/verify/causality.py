"""Why an event is unexpected, by what the run did and what came before; and creates that nobody answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from studio.contract import EventKey, EventType
from studio.verify.actions import Action
from studio.verify.faults import Fault
from studio.verify.horizons import END_OF_TIME
from studio.verify.ownership import TaskLog
from studio.verify.weighing import Workers, watched

MAX_ATTEMPTS = 1000


def faults_of(workers: Workers, log: TaskLog, owner: Callable[[str], str], settle_ns: int) -> dict[str, Fault]:
    """Walk through the life of a task; event id -> why the event should not have been, for those of which that holds.

    ``owner`` says which task a session belongs to, empty if that is not known. No cause is missed that a worker may not
    have told of.
    """
    told_ns = told_until(workers, log, settle_ns)
    faults: dict[str, Fault] = {}
    life = log.base.copy()
    previous_ns = log.base_ns or log.since_ns or 0
    for record in sorted(filter(log.owns, log.records), key=lambda r: r.order):
        blind = not watched(workers, log.task_id, previous_ns, record.first_ns)
        untold = record.first_ns > told_ns
        fault = life.follow(record, log.causes(record, blind, owner(record.detail), untold=untold))
        if fault is not None:
            faults[record.id] = fault
        previous_ns = max(previous_ns, record.first_ns)
    return faults


def told_until(workers: Workers, log: TaskLog, settle_ns: int) -> int:
    """Until when the calls upon the task are known.

    A worker that fell silent told of the calls that were answered by its last word; others were on their way by then.
    """
    callers = log.callers or set(workers)
    silent = (timeline.heard_ns for worker, timeline in workers.items() if timeline.silent and worker in callers)
    return min(silent, default=END_OF_TIME) - settle_ns


class UnansweredCreates:
    """Creates whose answer never came: their tasks are known again by the title that the event tells."""

    def __init__(self) -> None:
        self._attempts: deque[Action] = deque(maxlen=MAX_ATTEMPTS)

    def add(self, action: Action) -> None:
        """A create ended without an answer that names the task."""
        self._attempts.append(action)

    def adopt(self, log: TaskLog) -> None:
        """Give the log of a task that nobody called upon the create that its event tells of, if there is one."""
        if log.since_ns is not None:
            return
        for record in log.records:
            for attempt in self._attempts:
                told = record.type == EventType.TASK_CREATED and record.title == attempt.title
                if told and attempt.sent_ns <= record.first_ns:
                    self._attempts.remove(attempt)
                    key = EventKey(log.task_id, EventType.TASK_CREATED, "")
                    log.add_action(attempt._replace(task_id=log.task_id, key=key))
                    return
