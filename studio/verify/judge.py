"""The judge of a run: merges what the workers saw and decides, event by event, what became of it."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any

from studio.verify.actions import Action, action_from_row
from studio.verify.bitmaps import Masks, from_bytes, overlap, total
from studio.verify.causality import UnansweredCreates, faults_of
from studio.verify.checks import Account, CheckResult, results_of
from studio.verify.fanout import misdirected, weigh_foreign
from studio.verify.faults import Fault
from studio.verify.horizons import END_OF_TIME, SECOND_NS, forget_after_ns, freeze_after_ns
from studio.verify.offences import Offences
from studio.verify.ordering import Disorder, Votes
from studio.verify.outstanding import Spread, missing, spread_of
from studio.verify.ownership import TaskLog
from studio.verify.pace import Pace
from studio.verify.records import Arrival, EventRecord, Outcome, arrival_from_row
from studio.verify.sessions import SESSION_TYPES, SessionBook, count_fates
from studio.verify.tally import Tally
from studio.verify.task_stories import TaskStories
from studio.verify.timeline import Timeline
from studio.verify.weighing import put_late, weigh, window


class Judge:
    """One per run. Give it every worker's deltas in the order they were taken, and call ``settle`` about once a second.

    An event is judged ``settle_ns`` after it came (or its call was answered), once every worker has reported that far,
    and judged anew when something is learnt that bears on it, so the tally does not depend on when deltas come. A
    worker that has not reported for ``patience_ns`` is not waited for. An old event (see ``horizons``) is not judged
    anew, though late arrivals still count, and it is forgotten unless it is among the last ``max_events``.

    A session that is under way for ``stuck_after_ns`` is stuck. ``broadcast`` says that all streams tell the same at
    the same time; they do not where each plays a recording from its own start.
    """

    def __init__(
        self,
        *,
        settle_ns: int = 5 * SECOND_NS,
        grace_ns: int = SECOND_NS,
        max_offenders: int = 20,
        patience_ns: int = 10 * SECOND_NS,
        max_events: int = 4096,
        stuck_after_ns: int = 60 * SECOND_NS,
        broadcast: bool = True,
    ) -> None:
        if grace_ns > settle_ns:
            raise ValueError(f"grace_ns ({grace_ns}) must not be longer than settle_ns ({settle_ns})")
        self._settle_ns = settle_ns
        self._grace_ns = grace_ns
        self._patience_ns = patience_ns
        self._frozen_ns = freeze_after_ns(settle_ns)
        self._forget_ns = forget_after_ns(settle_ns)
        self._max_events = max_events
        self._workers: dict[str, Timeline] = {}
        self._records: dict[str, EventRecord] = {}
        self._logs: dict[str, TaskLog] = {}
        self._sessions = SessionBook(stuck_after_ns)
        self._broadcast = broadcast
        self._attempts = UnansweredCreates()
        self._queue: list[tuple[int, str]] = []
        self._due: dict[str, None] = {}
        self._votes = Votes()
        self._offences = Offences(self._workers, max_offenders)
        self._calls = 0
        self._horizon_ns = 0
        self._spreads: list[Spread] = []
        self.tally = Tally()
        self.lost_by_type: Counter[str] = Counter()
        """The tally's lost deliveries, by the type of the event."""
        self.pace = Pace()
        self.stories = TaskStories()
        self.own_events = 0
        """Events of the run's own tasks that were judged."""

    def add(self, worker: str, delta: dict[str, Any]) -> None:
        """Take in what ``Capture.take`` of the named worker returned."""
        timeline = self._workers.get(worker)
        if timeline is None or timeline.silent:
            timeline = self._welcome(worker)
        timeline.heard_ns = max(timeline.heard_ns, delta["now_ns"])
        released = timeline.release(delta["released"])
        if released:
            for record in self._records.values():
                record.release(worker, released)
        gone = timeline.apply(delta["streams"], self._horizon_ns - self._settle_ns)
        if gone:
            self._judge_anew(log for log in self._logs.values() if log.lacks(worker, gone))
        for row in delta["actions"]:
            self._add_action(worker, action_from_row(row))
        for task_id, at_ns, status in delta["readings"]:
            if task_id in self._logs:
                self._logs[task_id].add_reading(at_ns, status)
        sets = [from_bytes(data) for data in delta["sets"]]
        for row in delta["events"]:
            self._add_arrival(worker, arrival_from_row(row, sets))
        due_ns = delta["now_ns"] + self._settle_ns
        for early_id, late_id, place in delta["inversions"]:
            self._votes.note(worker, early_id, late_id, sets[place], due_ns)
        self.tally.replayed += delta["replayed"]

    def settle(self, now_ns: int) -> None:
        """Judge what has settled by what is known at ``now_ns``, and forget what is over."""
        deque(self.settling(now_ns), maxlen=0)

    def settling(self, now_ns: int) -> Iterator[None]:
        """As `settle`, in pieces; deltas may be added, and the run be finished, in between."""
        for timeline in self._workers.values():
            late = timeline.lost or now_ns - timeline.heard_ns > self._patience_ns
            timeline.silent = late and not timeline.ended
        speaking = (timeline for timeline in self._workers.values() if not (timeline.silent or timeline.ended))
        heard = [timeline.heard_ns for timeline in speaking]
        horizon_ns = min(heard, default=now_ns)
        yield from self._judge_due(horizon_ns)
        # What came since the last call was taken in by the old horizon, so it is judged by the old one, too.
        self._horizon_ns = max(self._horizon_ns, horizon_ns)
        self._sessions.watch(self._workers, horizon_ns)
        self._forget()

    def end(self, worker: str) -> None:
        """The worker has said its last word in order: its streams count as closed there, and nothing is unknown."""
        self._workers[worker].ended = True

    def lose(self, worker: str) -> None:
        """The worker's word ended before its part did: what its streams lacked then is unknown, not lost."""
        if worker in self._workers:
            self._workers[worker].lost = True

    def finish(self) -> None:
        """Judge everything that is left by what is there: call it when the last deltas are in."""
        now_ns = max((timeline.heard_ns for timeline in self._workers.values()), default=0)
        self.settle(now_ns)
        deque(self._judge_due(END_OF_TIME), maxlen=0)
        for log in self._logs.values():
            self.stories.offer(log)

    def missing(self) -> int:
        """Deliveries that may still come: what the end of a run waits for."""
        return missing(self._workers, self._logs.values(), self._settle_ns)

    def take_spreads(self) -> list[Spread]:
        """How far apart the streams got the events that were judged since the last call."""
        spreads, self._spreads = self._spreads, []
        return spreads

    def checks(self) -> list[CheckResult]:
        """The verdicts so far, on the delivery, the fan-out and the lifecycle (``judge_checks``)."""
        sessions = self._sessions.settled.copy()
        for task_id in self._sessions.tasks:
            sessions += self._judge_sessions(self._logs[task_id])
        filtered = any(timeline.filtered for timeline in self._workers.values())
        account = Account(self.tally, self._offences, self._calls, self.own_events, sessions, filtered, self._broadcast)
        return results_of(account)

    @property
    def retained(self) -> int:
        """How many records are kept, for whoever watches the memory."""
        kept = len(self._records) + len(self._logs) + len(self._sessions) + len(self._queue) + len(self._votes)
        details = sum(len(log.actions) + len(log.records) for log in self._logs.values())
        return kept + details + sum(timeline.retained for timeline in self._workers.values())

    def _welcome(self, worker: str) -> Timeline:
        """A worker is new or back: what was judged without it is judged anew."""
        timeline = self._workers.setdefault(worker, Timeline())
        timeline.silent = timeline.lost = False
        self._judge_anew(self._logs.values())
        self._votes.reopen()
        return timeline

    def _judge_anew(self, logs: Iterable[TaskLog]) -> None:
        for log in logs:
            log.version += 1
            self._enqueue(self._horizon_ns, log.home)

    def _add_action(self, worker: str, action: Action) -> None:
        self._calls += 1
        if action.key is not None:
            self.pace.count(self.pace.sent, action.sent_ns)
        if not action.task_id:
            self._attempts.add(action)
            for record in self._records.values():
                if record.title == action.title:
                    self._enqueue(self._horizon_ns, record.task_id)
            return
        log = self._logs.setdefault(action.task_id, TaskLog(action.task_id, action.task_id))
        log.add_action(action)
        log.callers.add(worker)
        if action.session_id:
            self._sessions.executed(action)
        self._enqueue(action.answered_ns + self._settle_ns, action.task_id)

    def _add_arrival(self, worker: str, arrival: Arrival) -> None:
        record = self._records.get(arrival.id)
        if record is None:
            record = self._records[arrival.id] = EventRecord(arrival)
            self._introduce(record)
        first_ns = record.first_ns
        repeated = record.merge(worker, arrival)
        fresh = arrival.fresh.bit_count() - repeated
        self.tally.duplicated += repeated + arrival.again
        self.tally.arrivals += fresh + repeated + arrival.again
        if repeated or arrival.again:
            self._offences.repeated(self._logs[record.home], record)
        if not record.task_id:
            self.tally.other += fresh
        if fresh and record.outcome is not None:
            self._reopen(worker, record, record.outcome, arrival.fresh)
        if record.first_ns != first_ns:
            self._logs[record.home].version += 1

    def _introduce(self, record: EventRecord) -> None:
        self.pace.count(self.pace.events, record.first_ns)
        self._logs.setdefault(record.home, TaskLog(record.home, record.task_id)).add_record(record)
        if record.task_id and record.type in SESSION_TYPES:
            self._sessions.told(record)
        self._enqueue(record.first_ns + self._settle_ns, record.home)

    def _reopen(self, worker: str, record: EventRecord, outcome: Outcome, fresh: int) -> None:
        """More streams have an event that was judged: judge it anew, or add them if it is too old for that."""
        if self._is_frozen(record):
            self.tally.late += (outcome.lost.get(worker, 0) & fresh).bit_count()
            changed = put_late(outcome, worker, fresh)
            self._replace(record, changed)
            self._offences.judged(self._logs[record.home], record, changed)
            return
        record.judged = -1
        self._enqueue(self._horizon_ns, record.home)

    def _enqueue(self, due_ns: int, home: str) -> None:
        heapq.heappush(self._queue, (due_ns, home))

    def _is_frozen(self, record: EventRecord) -> bool:
        return record.outcome is not None and record.first_ns + self._frozen_ns < self._horizon_ns

    def _judge_due(self, horizon_ns: int) -> Iterator[None]:
        while self._queue and self._queue[0][0] <= horizon_ns:
            self._due[heapq.heappop(self._queue)[1]] = None
        while self._due:
            home = next(iter(self._due))
            del self._due[home]
            if log := self._logs.get(home):
                self._judge_task(log, horizon_ns)
                yield
        for disorder in self._votes.count(horizon_ns, self._records):
            self._put_reordered(disorder)

    def _judge_task(self, log: TaskLog, horizon_ns: int) -> None:
        self._attempts.adopt(log)
        matches = log.match()
        faults = faults_of(self._workers, log, self._sessions.owner, self._settle_ns)
        for record in log.records:
            if record.judged != log.version and not self._is_frozen(record):
                self._judge_record(log, record, faults.get(record.id), horizon_ns)
        found = {action: event_id for event_id, action in matches.items()}
        for action in list(log.unseen):
            if action in found:
                self._find(log, action, self._records[found[action]])
            else:
                self._miss(log, action, horizon_ns)
        if log.over_ns is not None and log.over_ns + self._settle_ns <= horizon_ns:
            self.stories.offer(log)
        log.forget_actions(self._horizon_ns - self._forget_ns)
        self._drop_if_over(log)

    def _judge_record(self, log: TaskLog, record: EventRecord, fault: Fault | None, horizon_ns: int) -> None:
        own = log.owns(record)
        low_ns, high_ns = window(log, record, self._settle_ns) if own else (0, max(record.first_ns, record.live_ns))
        due_ns = high_ns + self._settle_ns
        if due_ns > horizon_ns:
            self._enqueue(due_ns, record.home)
            return
        if own:
            outcome = self._weigh(record.task_id, low_ns, high_ns, record.got)._replace(fault=fault)
        else:
            outcome = weigh_foreign(self._workers, record, self._settle_ns)
            outcome = outcome if self._broadcast else Outcome(own=False, foreign=outcome.foreign)
        outcome = outcome._replace(misdirected=misdirected(self._workers, record))
        record.judged = log.version
        if record.outcome is None:
            self._spreads += spread_of(record)
        self._count_late(record)
        self._replace(record, outcome)
        self._offences.judged(log, record, outcome)

    def _weigh(self, task_id: str, low_ns: int, high_ns: int, got: Masks) -> Outcome:
        return weigh(self._workers, task_id, low_ns, high_ns + self._grace_ns, high_ns + self._settle_ns, got)

    def _find(self, log: TaskLog, action: Action, record: EventRecord) -> None:
        """An owed event came after all."""
        outcome = log.unseen.pop(action)
        if outcome is not None:
            log.found[action] = total(overlap(outcome.lost, record.got))
            self.tally.late += log.found[action]
            self._count(action.owed_type, action.answered_ns, outcome, Outcome())
            self._offences.seen(action)

    def _miss(self, log: TaskLog, action: Action, horizon_ns: int) -> None:
        """Nobody saw an owed event: every stream that was open for it lost it."""
        self.tally.late -= log.found.pop(action, 0)
        due_ns = action.answered_ns + self._settle_ns
        before = log.unseen[action]
        if before is not None and due_ns + self._frozen_ns < self._horizon_ns:
            return
        if due_ns > horizon_ns:
            self._enqueue(due_ns, log.home)
            return
        outcome = log.unseen[action] = self._weigh(log.task_id, action.sent_ns, action.answered_ns, {})
        self._count(action.owed_type, action.answered_ns, before or Outcome(), outcome)
        self._offences.unseen(action, outcome)

    def _count_late(self, record: EventRecord) -> None:
        if record.outcome is not None:
            self.tally.late += total(overlap(record.outcome.lost, record.got))

    def _replace(self, record: EventRecord, outcome: Outcome) -> None:
        before = record.outcome
        self.own_events += outcome.own - (before is not None and before.own)
        self._count(record.type, record.first_ns, before or Outcome(), outcome)
        record.outcome = outcome

    def _count(self, event_type: str, at_ns: int, before: Outcome, after: Outcome) -> None:
        self.tally.add(before, -1)
        self.tally.add(after)
        self._offences.count(before, after)
        lost = total(after.lost) - total(before.lost)
        self.lost_by_type[event_type] += lost
        self.pace.count(self.pace.lost, at_ns, lost)

    def _put_reordered(self, disorder: Disorder) -> None:
        record = disorder.event
        self.tally.reordered += total(disorder.streams) - total(record.disordered)
        record.disordered = disorder.streams
        self._offences.disordered(self._logs[record.home], record, disorder.verdict)

    def _judge_sessions(self, log: TaskLog) -> Counter[str]:
        now_ns = max((timeline.heard_ns for timeline in self._workers.values()), default=0)
        fates = self._sessions.fates(self._workers, log, now_ns)
        for fate in fates:
            self._offences.session(log, fate)
        return count_fates(fates)

    def _forget(self) -> None:
        limit_ns = self._horizon_ns - self._forget_ns
        for timeline in self._workers.values():
            timeline.forget(limit_ns)
        self._votes.forget(limit_ns, self._records)
        while len(self._records) > self._max_events:
            record = next(iter(self._records.values()))
            if record.outcome is None or record.first_ns >= limit_ns:
                break
            del self._records[record.id]
            log = self._logs[record.home]
            self.stories.offer(log)
            log.fold(record)
            self._drop_if_over(log)

    def _drop_if_over(self, log: TaskLog) -> None:
        """Forget a task of which nothing more is to be expected once its last event is forgotten."""
        if log.records:
            return
        if log.since_ns is None or (log.over_ns is not None and log.over_ns + self._forget_ns < self._horizon_ns):
            self._sessions.forget(log, self._judge_sessions(log))
            del self._logs[log.home]
        elif log.over_ns is not None:
            self._enqueue(log.over_ns + self._forget_ns + 1, log.home)
