"""A task's life as its events tell it: each event follows from the one before and from what the run asked for."""

from __future__ import annotations

from copy import copy
from typing import Final, NamedTuple

from studio.contract import REVERTS, TRANSITIONS, EventType, Status
from studio.verify.records import EventRecord

_ALLOWED: Final = frozenset((str(a), str(b)) for a, targets in TRANSITIONS.items() for b in targets) | frozenset(
    (str(a), str(b)) for a, b in REVERTS
)
_WINDING_UP: Final = frozenset({EventType.SESSION_ENDED, EventType.PHASE_COMPLETED})
_OF_A_RUN: Final = frozenset({EventType.PHASE_COMPLETED, EventType.PHASE_CONTINUING, EventType.WORKSPACE_CREATED})


class Causes(NamedTuple):
    """What the run had done for the task before the event came."""

    matched: bool
    """A call of the run owes this very event, or tried to cause it."""
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

    def copy(self) -> Lifecycle:
        """An independent copy."""
        return copy(self)

    def follow(self, event: EventRecord, causes: Causes) -> str:
        """Why the event is unexpected, empty if it is not; the state moves on either way."""
        if causes.blind:
            self.status, self.blind = "", True
        reason = self._after_done(event, causes) or self._judge(event, causes)
        self.apply(event)
        return reason

    def apply(self, event: EventRecord) -> None:
        """Take the event for a fact."""
        if event.type == EventType.TASK_CREATED:
            self.created = True
            self.status = self.status or Status.TODO
        elif event.type == EventType.STATUS_CHANGED:
            self.status = event.detail.partition(">")[2]
        elif event.type == EventType.SESSION_STARTED:
            self.started |= {event.detail}
        elif event.type == EventType.SESSION_ENDED:
            self.ended |= {event.detail}
        elif event.type == EventType.PHASE_CONTINUING:
            self.continuing += 1

    def _after_done(self, event: EventRecord, causes: Causes) -> str:
        if self.status != Status.DONE or causes.matched or event.type in _WINDING_UP:
            return ""
        return "the task was done already"

    def _judge(self, event: EventRecord, causes: Causes) -> str:
        if event.type == EventType.TASK_CREATED:
            return self._judge_created(causes)
        if event.type == EventType.STATUS_CHANGED:
            return self._judge_status(event, causes)
        if event.type in (EventType.SESSION_STARTED, EventType.SESSION_ENDED):
            return self._judge_session(event, causes)
        if event.type in _OF_A_RUN and not causes.executed:
            return "no execute of this run caused it"
        return ""

    def _judge_created(self, causes: Causes) -> str:
        if self.created:
            return "the task was created already"
        return "" if causes.matched else "no create of this run made the task"

    def _judge_status(self, event: EventRecord, causes: Causes) -> str:
        before, _, after = event.detail.partition(">")
        if self.status not in ("", before) and before not in causes.aimed | causes.reached:
            return f"it leaves {before}, but the task's last known status was {self.status}"
        if causes.matched:
            return ""
        if (before, after) not in _ALLOWED:
            return f"no transition leads from {before} to {after}"
        if causes.executed or after in causes.aimed:
            return ""
        return "no call of this run caused it"

    def _judge_session(self, event: EventRecord, causes: Causes) -> str:
        if causes.session_of not in ("", event.task_id):
            return f"the session belongs to task {causes.session_of}"
        if event.type == EventType.SESSION_STARTED:
            return self._judge_started(event, causes)
        return self._judge_ended(event, causes)

    def _judge_started(self, event: EventRecord, causes: Causes) -> str:
        if event.detail in self.started:
            return "the session was started already"
        if causes.matched or event.detail in causes.sessions:
            return ""
        self.unasked += 1
        if self.unasked <= self.continuing + causes.open_executes or (self.blind and causes.executed):
            return ""
        return "no execute of this run and no continuing phase started the session"

    def _judge_ended(self, event: EventRecord, causes: Causes) -> str:
        if event.detail in self.ended:
            return "the session was ended already"
        known = event.detail in self.started or event.detail in causes.sessions
        if known or self.continuing or causes.open_executes or (self.blind and causes.executed):
            return ""
        return "the session was never started"
