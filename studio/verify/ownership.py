"""Whose task it is, and which call of the run stands behind which event."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from studio.contract import EventType, Status
from studio.verify.actions import Action
from studio.verify.lifecycle import Causes, Lifecycle
from studio.verify.records import EventRecord, Outcome

READINGS_KEPT: Final = 50


def match_in_turn(actions: list[Action], events: list[EventRecord]) -> dict[str, Action]:
    """Pair calls that owe the same fact with the events that tell it, first with first; event id -> call.

    An event cannot come before its call was sent. Of several calls that wait when fewer events come before the next
    call, the earlier ones lost theirs.
    """
    pairs: dict[str, Action] = {}
    actions, events = sorted(actions, key=lambda a: a.sent_ns), sorted(events, key=lambda e: e.first_ns)
    first_ns = [event.first_ns for event in events]
    begins = [bisect_left(first_ns, action.sent_ns) for action in actions]
    waiting: list[Action] = []
    for action, begin, end in zip(actions, begins, [*begins[1:], len(events)], strict=False):
        waiting.append(action)
        came = events[begin:end]
        start = max(0, len(waiting) - len(came))
        pairs.update((event.id, owed) for event, owed in zip(came, waiting[start:], strict=False))
        del waiting[start : start + len(came)]
    return pairs


class TaskLog:
    """One task: the run's calls on it and the events about it."""

    def __init__(self, home: str, task_id: str) -> None:
        self.home = home
        """Under which key the log is kept: the task, or the event itself where it is about no task."""
        self.task_id = task_id
        self.actions: list[Action] = []
        self.records: list[EventRecord] = []
        self.matches: dict[str, Action] = {}
        self.unseen: dict[Action, Outcome | None] = {}
        """Acknowledged calls whose event nobody saw so far, with what was counted for it."""
        self.found: dict[Action, int] = {}
        """Acknowledged calls whose event came after it was counted as lost, with the number of pairs that came late."""
        self.base = Lifecycle()
        """The life up to the oldest event still kept."""
        self.base_ns = 0
        self.since_ns: int | None = None
        """When the run first called upon the task; None while the task is not the run's."""
        self.finished_ns: int | None = None
        """When the task was done or deleted; None while more is to be expected."""
        self.callers: set[str] = set()
        """The workers that called upon the task."""
        self.deleted_ns: int | None = None
        """When the service acknowledged that the task was deleted."""
        self.readings: list[tuple[int, str]] = []
        """When REST was seen to say another status, and which: the first ones."""
        self.told = False
        """Its life has been told (``task_stories``)."""
        self.version = 0
        self._matched_version = -1

    def life(self) -> Lifecycle:
        """The life as all events so far tell it."""
        life = self.base.copy()
        for record in sorted(self.records, key=lambda r: r.order):
            life.apply(record, matched=record.id in self.matches)
        return life

    def add_action(self, action: Action) -> None:
        """The run called upon the task, which makes the task the run's own."""
        self.actions.append(action)
        self.actions.sort(key=lambda a: a.sent_ns)
        self.since_ns = action.sent_ns if self.since_ns is None else min(self.since_ns, action.sent_ns)
        if action.acknowledged and (action.kind == "delete" or action.target == Status.DONE):
            self.finished_ns = action.answered_ns
            if action.kind == "delete":
                self.deleted_ns = action.answered_ns
        self.version += 1

    def add_reading(self, at_ns: int, status: str) -> None:
        """REST said that the task has this status."""
        if len(self.readings) < READINGS_KEPT:
            self.readings.append((at_ns, status))

    def add_record(self, record: EventRecord) -> None:
        """An event about the task came for the first time."""
        self.records.append(record)
        if record.type == EventType.STATUS_CHANGED and self.deleted_ns is None:
            self.finished_ns = record.first_ns if record.detail.endswith(f">{Status.DONE}") else None
        self.version += 1

    def owns(self, record: EventRecord) -> bool:
        """Whether the event is the run's: it came after the run's first call upon the task."""
        return self.since_ns is not None and record.first_ns >= self.since_ns

    @property
    def over_ns(self) -> int | None:
        """Since when nothing more is to be expected: the task is done or deleted, and no call came after."""
        if self.finished_ns is None:
            return None
        return max(self.finished_ns, *(action.answered_ns for action in self.actions), 0)

    def match(self) -> dict[str, Action]:
        """Which call stands behind which event; acknowledged calls come first, attempts take what is left."""
        if self._matched_version != self.version:
            self._matched_version = self.version
            self.matches = self._match()
            seen = set(self.matches.values())
            owed = [a for a in self.actions if a.acknowledged and a.key is not None and a not in seen]
            self.unseen |= {a: None for a in owed if a not in self.unseen}
        return self.matches

    def cause_ns(self, record: EventRecord) -> int | None:
        """When the call that can have caused an event without a call of its own was sent."""
        if record.type in (EventType.SESSION_STARTED, EventType.SESSION_ENDED):
            for action in self.actions:
                if action.session_id == record.detail:
                    return action.sent_ns
        causes = (a.sent_ns for a in self._before(record.first_ns) if a.kind == "execute" or not a.acknowledged)
        return max(causes, default=None)

    def causes(self, record: EventRecord, blind: bool, session_of: str, *, untold: bool) -> Causes:
        """What stands behind an event, for the lifecycle to judge.

        ``untold``: a call that nobody told of may stand behind it.
        """
        before = self._before(record.first_ns)
        executes = [a for a in before if a.kind == "execute"]
        told = {self.matches[r.id] for r in self.records if r.id in self.matches and r.order <= record.order}
        behind = self.matches.get(record.id)
        return Causes(
            matched=untold or behind is not None,
            confirmed=behind is not None and behind.acknowledged,
            executed=untold or self.base.executed or bool(executes),
            open_executes=self.base.open_executes + sum(not a.acknowledged for a in executes),
            sessions=self.base.known | {a.session_id for a in executes if a.session_id},
            aimed=frozenset(a.target for a in before if not a.acknowledged and a.target),
            reached=frozenset(a.target for a in before if a.acknowledged and a.target and a not in told),
            blind=blind,
            session_of=session_of,
        )

    def fold(self, record: EventRecord) -> None:
        """Forget an event and the call behind it: what they said goes into the base."""
        action = self.match().get(record.id)
        if action is not None:
            self._retire(action)
        self.base.apply(record, matched=action is not None)
        self.base_ns = max(self.base_ns, record.first_ns)
        self.records.remove(record)

    def lacks(self, worker: str, mask: int) -> bool:
        """Whether one of these streams counts as having lost an event of the log."""
        outcomes = [*(record.outcome for record in self.records), *self.unseen.values()]
        return any(outcome is not None and outcome.lost.get(worker, 0) & mask for outcome in outcomes)

    def forget_actions(self, before_ns: int) -> None:
        """Forget calls answered before, unless the event of theirs is still kept."""
        kept = set(self.match().values())
        old = [a for a in self.actions if a.answered_ns < before_ns and a not in kept]
        for action in old:
            self._retire(action)

    def _retire(self, action: Action) -> None:
        self.actions.remove(action)
        self.unseen.pop(action, None)
        self.found.pop(action, None)
        if action.kind == "execute":
            self.base.executed = True
            self.base.open_executes += not action.acknowledged
            self.base.known |= {action.session_id} - {""}

    def _before(self, at_ns: int) -> list[Action]:
        return [a for a in self.actions if a.sent_ns <= at_ns]

    def _match(self) -> dict[str, Action]:
        pairs: dict[str, Action] = {}
        owned = [r for r in self.records if self.owns(r)]
        for acknowledged in (True, False):
            free = [r for r in owned if r.id not in pairs]
            pairs |= _match_by_key((a for a in self.actions if a.acknowledged is acknowledged), free)
        return pairs


def _match_by_key(actions: Iterable[Action], records: Iterable[EventRecord]) -> dict[str, Action]:
    calls: dict[tuple[str, str], list[Action]] = defaultdict(list)
    events: dict[tuple[str, str], list[EventRecord]] = defaultdict(list)
    for action in actions:
        if action.key is not None:
            calls[(action.key.type, action.key.detail)].append(action)
    for record in records:
        events[(record.type, record.detail)].append(record)
    pairs: dict[str, Action] = {}
    for fact, owed in calls.items():
        pairs |= match_in_turn(owed, events[fact])
    return pairs
