"""The lives of some tasks, worth to be looked at: the slowest, a usual one and those that a check accuses.

Only so many are kept, however many tasks a run has.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from studio.contract import EventType, Status
from studio.verify.actions import Action
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord

ACCUSED_KEPT: Final = 5
SLOWEST_KEPT: Final = 3
SAMPLED: Final = 101
RECENT_KEPT: Final = 200
"""Lives that are kept for a while, because a check may accuse a task some time after it is over."""
SPANS_KEPT: Final = 120
"""Spans told of one task."""


class Span(NamedTuple):
    """A part of a task's life; ``to_ns`` is None for a point in time, and for what had not ended."""

    lane: str
    what: str
    at_ns: int
    to_ns: int | None
    good: bool = True


class Life(NamedTuple):
    """One task's life as calls, stream and REST told it."""

    task_id: str
    title: str
    wait_ns: int
    """The longest wait of its calls, for the answer or for the event that they cause."""
    spans: list[Span]


class Picked(NamedTuple):
    """A life and why it is told: ``failed``, ``slowest`` or ``median``."""

    why: str
    life: Life


class TaskStories:
    """Lives of tasks, offered once each when there is little more to come."""

    def __init__(self) -> None:
        self._dice = random.Random(0)
        self._offered = 0
        self._slowest: list[Life] = []
        self._sample: list[Life] = []
        self._recent: deque[Life] = deque(maxlen=RECENT_KEPT)
        self._accused: dict[str, Life] = {}
        self._suspects: set[str] = set()

    def offer(self, log: TaskLog) -> None:
        """Take in the life of a task of the run; of others there is nothing to tell."""
        if log.told or log.since_ns is None:
            return
        log.told = True
        life = life_of(log)
        self._offered += 1
        self._slowest = sorted([*self._slowest, life], key=_by_wait, reverse=True)[: SLOWEST_KEPT + ACCUSED_KEPT]
        # Each of the lives offered so far is in the sample with the same probability.
        if len(self._sample) < SAMPLED:
            self._sample.append(life)
        elif (place := self._dice.randrange(self._offered)) < SAMPLED:
            self._sample[place] = life
        self._recent.append(life)
        if life.task_id in self._suspects:
            self._accuse(life)

    def accuse(self, task_ids: Collection[str]) -> None:
        """Checks have found fault with these tasks, so their lives are of interest."""
        fresh = set(task_ids) - self._suspects
        self._suspects |= fresh
        for life in self._kept() if fresh else ():
            if life.task_id in fresh:
                self._accuse(life)

    def picked(self) -> list[Picked]:
        """The lives to tell: those accused, then the slowest of the others, then a usual one."""
        found = [Picked("failed", life) for life in self._accused.values()]
        slowest = [life for life in self._slowest if life.task_id not in self._accused][:SLOWEST_KEPT]
        found += [Picked("slowest", life) for life in slowest]
        told = {each.life.task_id for each in found}
        usual = sorted(self._sample, key=_by_wait)
        median = usual[len(usual) // 2] if usual else None
        return [*found, Picked("median", median)] if median is not None and median.task_id not in told else found

    def _accuse(self, life: Life) -> None:
        if len(self._accused) < ACCUSED_KEPT:
            self._accused.setdefault(life.task_id, life)

    def _kept(self) -> Iterator[Life]:
        yield from self._recent
        yield from self._slowest
        yield from self._sample


def life_of(log: TaskLog) -> Life:
    """What is known of a task by now."""
    matches = log.match()
    records = sorted(log.records, key=lambda record: record.first_ns)
    first = {action: record.first_ns for record in records if (action := matches.get(record.id)) is not None}
    waits = [max(action.answered_ns, first.get(action, 0)) - action.sent_ns for action in log.actions]
    spans = [
        *(Span("call", a.kind, a.sent_ns, a.answered_ns, _is_good(log, a)) for a in log.actions),
        *_sessions(records),
        *_statuses("stream status", [(r.first_ns, status) for r in records if (status := _told(r))]),
        *_statuses("REST status", sorted([*_answered(log.actions), *log.readings])),
    ]
    title = next((action.title for action in log.actions if action.title), "")
    spans.sort(key=lambda span: span.at_ns)
    return Life(log.task_id, title, max(waits, default=0), spans[:SPANS_KEPT])


def _by_wait(life: Life) -> int:
    return life.wait_ns


def _is_good(log: TaskLog, action: Action) -> bool:
    missed = log.unseen.get(action)
    return action.acknowledged and not (missed is not None and missed.lost)


def _told(record: EventRecord) -> str:
    if record.type == EventType.TASK_CREATED:
        return Status.TODO
    return record.detail.partition(">")[2] if record.type == EventType.STATUS_CHANGED else ""


def _answered(actions: list[Action]) -> list[tuple[int, str]]:
    """The statuses that acknowledged calls say the task has."""
    found = [(action.answered_ns, action.target) for action in actions if action.acknowledged and action.target]
    return found + [(a.answered_ns, str(Status.TODO)) for a in actions if a.acknowledged and a.kind == "create"]


def _statuses(lane: str, told: list[tuple[int, str]]) -> Iterator[Span]:
    """Each status until the next one."""
    changes = [each for at, each in enumerate(told) if not at or told[at - 1][1] != each[1]]
    ends = [at_ns for at_ns, _ in changes[1:]]
    for (at_ns, status), to_ns in zip(changes, [*ends, None], strict=False):
        yield Span(lane, str(status), at_ns, to_ns)


def _sessions(records: list[EventRecord]) -> Iterator[Span]:
    ends = {record.detail: record.first_ns for record in records if record.type == EventType.SESSION_ENDED}
    for record in records:
        if record.type == EventType.SESSION_STARTED:
            yield Span("session", record.detail, record.first_ns, ends.get(record.detail))
