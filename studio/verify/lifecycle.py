"""A task's life as its events tell it: each event follows from the one before and from what the run asked for."""

from __future__ import annotations

from copy import copy
from typing import Final, NamedTuple

from studio.contract import EventType, Status
from studio.verify import faults
from studio.verify.faults import Fault
from studio.verify.records import EventRecord
from studio.verify.status_paths import allowed, steps

_WINDING_UP: Final = frozenset({EventType.SESSION_ENDED, EventType.PHASE_COMPLETED})
_OF_A_RUN: Final = frozenset({EventType.PHASE_COMPLETED, EventType.PHASE_CONTINUING, EventType.WORKSPACE_CREATED})


class Causes(NamedTuple):
    """What the run had done for the task before the event came."""

    matched: bool
    """A call of the run owes this very event, or tried to cause it."""
    confirmed: bool
    """The service acknowledged that call, and its answer names the same status before as the event does."""
    executed: bool
    """An execute was sent, whatever became of it."""
    open_executes: int
    """Executes without acknowledgement: each may have started one session whose id nobody knows."""
    sessions: frozenset[str]
    """Sessions that acknowledged executes started."""
    aimed: frozenset[str]
    """Statuses that unacknowledged calls aimed at."""
    reached: frozenset[str]
    """Statuses that acknowledged calls reached, where no event so far told it."""
    blind: bool
    """No stream watched the task since the event before: what came in between is not known."""
    session_of: str
    """The task that the event's session belongs to, empty if not known."""


class Lifecycle:
    """The state after the events so far; ``follow`` moves it on and says what is wrong with the next event."""

    def __init__(self) -> None:
        self.created = False
        self.status = ""
        self.blind = False
        self.known: frozenset[str] = frozenset()
        self.started: frozenset[str] = frozenset()
        self.ended: frozenset[str] = frozenset()
        self.continuing = 0
        self.unasked = 0
        self.executed = False
        self.open_executes = 0
        self.moved_ns = 0
        """When a status change last came that shows that the session before it was over."""
        self._credited: frozenset[str] = frozenset()
        self._credited_open = 0
        self._untold = 0
        """How many status changes sessions have yet to bring about, or did without an event that tells."""

    def copy(self) -> Lifecycle:
        """An independent copy."""
        return copy(self)

    def follow(self, event: EventRecord, causes: Causes) -> Fault | None:
        """What is wrong with the event, None if nothing is; the state moves on either way."""
        if causes.blind:
            self.status, self.blind = "", True
        for session_id in causes.sessions - self._credited:
            self._credit(session_id)
        while self._credited_open < causes.open_executes:
            self._credited_open += 1
            self._credit()
        fault = self._after_done(event, causes) or self._judge(event, causes)
        self.apply(event, matched=causes.matched)
        return fault

    def apply(self, event: EventRecord, *, matched: bool) -> None:
        """Take the event for a fact; ``matched``: a call of the run stands behind it."""
        if event.type == EventType.TASK_CREATED:
            self.created = True
            self.status = self.status or Status.TODO
        elif event.type == EventType.STATUS_CHANGED:
            self._move(event, matched=matched)
        elif event.type == EventType.SESSION_STARTED:
            self.started |= {event.detail}
            if event.detail not in self._credited:
                self._credit(event.detail)
        elif event.type == EventType.SESSION_ENDED:
            self.ended |= {event.detail}
        elif event.type == EventType.PHASE_CONTINUING:
            self.continuing += 1
            self._use(1)

    def _move(self, event: EventRecord, *, matched: bool) -> None:
        self.status = event.detail.partition(">")[2]
        if not matched:
            self._use(1)
            if self.status != Status.PLANNING:
                self.moved_ns = max(self.moved_ns, event.first_ns)

    def _credit(self, session_id: str = "") -> None:
        """A session moves its task when it ends, and the first one when it begins, too."""
        self._credited |= {session_id}
        self._untold += 2 if self.status in ("", Status.TODO) else 1

    def _use(self, count: int) -> None:
        self._untold = max(0, self._untold - count)

    def _after_done(self, event: EventRecord, causes: Causes) -> Fault | None:
        if self.status != Status.DONE or causes.matched or event.type in _WINDING_UP:
            return None
        reopened = (causes.reached | causes.aimed) - {Status.DONE}
        if reopened:
            why = f"the task was done, and no stream was told that a call of the run moved it to {min(reopened)}"
            return Fault(faults.AFTER_DONE, why, doubtful=True)
        return Fault(faults.AFTER_DONE, "the task was done already")

    def _judge(self, event: EventRecord, causes: Causes) -> Fault | None:
        if event.type == EventType.TASK_CREATED:
            return self._judge_created(causes)
        if event.type == EventType.STATUS_CHANGED:
            before, _, after = event.detail.partition(">")
            contradiction = self._contradiction(before, causes)
            if contradiction is not None and not contradiction.doubtful:
                return contradiction
            return _without_cause(before, after, causes) or contradiction
        if event.type in (EventType.SESSION_STARTED, EventType.SESSION_ENDED):
            return self._judge_session(event, causes)
        if event.type in _OF_A_RUN and not causes.executed:
            return Fault(faults.UNEXPECTED, "no execute of this run caused it")
        return None

    def _judge_created(self, causes: Causes) -> Fault | None:
        if self.created:
            return Fault(faults.TRANSITIONS, "the task was created already")
        return None if causes.matched else Fault(faults.UNEXPECTED, "no create of this run made the task")

    def _contradiction(self, before: str, causes: Causes) -> Fault | None:
        """The event leaves a status that the task did not have, as far as the streams were told."""
        if self.status in ("", before):
            return None
        why = f"it leaves {before}, but the task's last known status was {self.status}"
        missing = self._missing(before, causes)
        return Fault(faults.TRANSITIONS, f"{why}; {missing}" if missing else why, doubtful=bool(missing))

    def _missing(self, before: str, causes: Causes) -> str:
        """How it is known that an event is missing that led to the status ``before``; empty if it is not."""
        if before in causes.reached:
            return f"the service acknowledged a call that moved it to {before}, and no stream was told"
        if before in causes.aimed:
            return f"a call that nobody answered may have moved it to {before}"
        if causes.confirmed:
            return f"the answer to the call behind it says {before}, too, and no stream was told how it came to that"
        distance = steps(self.status, before)
        if distance is not None and distance <= self._untold:
            self._use(distance)
            return f"a session of the task leads from {self.status} to {before}, and no stream was told"
        return ""

    def _judge_session(self, event: EventRecord, causes: Causes) -> Fault | None:
        if causes.session_of not in ("", event.task_id):
            return Fault(faults.TRANSITIONS, f"the session belongs to task {causes.session_of}")
        if event.type == EventType.SESSION_STARTED:
            return self._judge_started(event, causes)
        return self._judge_ended(event, causes)

    def _judge_started(self, event: EventRecord, causes: Causes) -> Fault | None:
        if event.detail in self.started:
            return Fault(faults.TRANSITIONS, "the session was started already")
        if causes.matched or event.detail in causes.sessions:
            return None
        self.unasked += 1
        if self.unasked <= self.continuing + causes.open_executes or (self.blind and causes.executed):
            return None
        why = "no execute of this run and no continuing phase started the session"
        return Fault(faults.UNEXPECTED, *self._unless_a_phase_continued(why, event, causes))

    def _judge_ended(self, event: EventRecord, causes: Causes) -> Fault | None:
        if event.detail in self.ended:
            return Fault(faults.TRANSITIONS, "the session was ended already")
        known = event.detail in self.started or event.detail in causes.sessions
        if known or self.continuing or causes.open_executes or (self.blind and causes.executed):
            return None
        return Fault(
            faults.TRANSITIONS, *self._unless_a_phase_continued("the session was never started", event, causes)
        )

    def _unless_a_phase_continued(self, why: str, event: EventRecord, causes: Causes) -> tuple[str, bool]:
        """The reason, in doubt where a session before is over and the task went on in a way that no stream was told."""
        running = (self.started | causes.sessions) - self.ended - {event.detail}
        if running or not self._untold:
            return why, False
        self._use(1)
        return f"{why}; the session before it left the status alone, so a phase.continuing may be missing", True


def _without_cause(before: str, after: str, causes: Causes) -> Fault | None:
    if causes.matched:
        return None
    if not allowed(before, after):
        return Fault(faults.TRANSITIONS, f"no transition leads from {before} to {after}")
    if causes.executed or after in causes.aimed:
        return None
    return Fault(faults.UNEXPECTED, "no call of this run caused it")
