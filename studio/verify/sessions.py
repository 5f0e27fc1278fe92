"""Whether every session of the run ended, and in time: what was told of each, and what became of it."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from studio.contract import EventType
from studio.verify.actions import Action
from studio.verify.causality import told_until
from studio.verify.ownership import TaskLog
from studio.verify.records import EventRecord
from studio.verify.weighing import Workers, covered

State = Literal["ended", "deleted", "running", "unknown", "failed"]
SESSION_TYPES: Final = (EventType.SESSION_STARTED, EventType.SESSION_ENDED)


class Told(NamedTuple):
    """One event of a session: when it came first, and the server's time."""

    at_ns: int
    server_ns: int


class Session:
    """What is known of one session."""

    __slots__ = ("ended", "executed_ns", "id", "started", "task_id", "watched")

    def __init__(self, session_id: str, task_id: str) -> None:
        self.id = session_id
        self.task_id = task_id
        self.executed_ns = 0
        """When the execute that started it was answered; 0 where none is known."""
        self.started: Told | None = None
        self.ended: Told | None = None
        self.watched = False
        """Some stream was open at each moment until the session was stuck, so its end would have been seen."""

    @property
    def begun_ns(self) -> int:
        """Since when the session is known to be under way; 0 where nothing tells of its beginning."""
        return self.started.at_ns if self.started is not None else self.executed_ns


class Fate(NamedTuple):
    """What became of a session.

    ``lasted_ns``: how long it was under way, or is by now. ``stuck`` is None where that cannot be said.
    """

    session: Session
    state: State
    stuck: bool | None
    lasted_ns: int


class SessionBook:
    """All sessions that the streams or the run's executes named, until their tasks are forgotten."""

    def __init__(self, stuck_after_ns: int) -> None:
        self._stuck_after_ns = stuck_after_ns
        self._sessions: dict[str, Session] = {}
        self._of_task: dict[str, dict[str, Session]] = {}
        self._due: list[tuple[int, str]] = []
        self.settled: Counter[str] = Counter()
        """What became of the sessions of tasks that are over, by state; "stuck" and "unsure" besides."""

    def __len__(self) -> int:
        return len(self._sessions) + len(self._due)

    @property
    def tasks(self) -> list[str]:
        """The tasks that have sessions."""
        return list(self._of_task)

    def owner(self, session_id: str) -> str:
        """The task that the session belongs to, empty if that is not known."""
        session = self._sessions.get(session_id)
        return session.task_id if session is not None else ""

    def executed(self, action: Action) -> None:
        """An acknowledged execute named its session."""
        session = self._session(action.session_id, action.task_id)
        if session.task_id != action.task_id:
            del self._of_task[session.task_id][session.id]
            session.task_id = action.task_id
            self._of_task.setdefault(session.task_id, {})[session.id] = session
        session.executed_ns = action.answered_ns
        self._await(session)

    def told(self, record: EventRecord) -> None:
        """A stream told the start or the end of a session."""
        session = self._session(record.detail, record.task_id)
        told = Told(record.first_ns, record.timestamp_ns)
        if record.type == EventType.SESSION_STARTED:
            session.started = session.started or told
            self._await(session)
        else:
            session.ended = session.ended or told

    def watch(self, workers: Workers, horizon_ns: int) -> None:
        """Note, before what streams were open is forgotten, of which sessions an end by ``horizon_ns`` was seen."""
        while self._due and self._due[0][0] <= horizon_ns:
            session = self._sessions.get(heapq.heappop(self._due)[1])
            if session is not None:
                limit_ns = session.begun_ns + self._stuck_after_ns
                session.watched = session.watched or covered(workers, session.task_id, session.begun_ns, limit_ns)

    def fates(self, workers: Workers, log: TaskLog, now_ns: int) -> list[Fate]:
        """What became by now of those sessions of a task that began after the run first called upon it."""
        known = self._of_task.get(log.task_id)
        since_ns = log.since_ns
        if since_ns is None or not known:
            return []
        log.match()
        sessions = [session for session in known.values() if session.begun_ns >= since_ns]
        over_ns = max(log.life().moved_ns, *(session.begun_ns for session in sessions), 0)
        return [self._fate(workers, log, session, now_ns, over_ns) for session in sessions]

    def forget(self, log: TaskLog, counts: Counter[str]) -> None:
        """The task is over and forgotten, with its sessions, of which ``counts`` says what became."""
        self.settled += counts
        for session_id in self._of_task.pop(log.task_id, ()):
            del self._sessions[session_id]

    def _session(self, session_id: str, task_id: str) -> Session:
        session = self._sessions.get(session_id)
        if session is None:
            session = self._sessions[session_id] = Session(session_id, task_id)
            self._of_task.setdefault(task_id, {})[session_id] = session
        return session

    def _await(self, session: Session) -> None:
        """Look again when the session has been under way for too long."""
        heapq.heappush(self._due, (session.begun_ns + self._stuck_after_ns, session.id))

    def _fate(self, workers: Workers, log: TaskLog, session: Session, now_ns: int, moved_ns: int) -> Fate:
        """What became of one; ``moved_ns``: when the task last went on in a way that ends the session before.

        A session whose end would have been seen, and whose task no lost worker may have deleted, has failed.
        """
        begun_ns = session.begun_ns
        limit_ns = begun_ns + self._stuck_after_ns
        if session.ended is not None:
            lasted_ns = _lasted_ns(session, session.ended)
            return Fate(session, "ended", lasted_ns > self._stuck_after_ns, lasted_ns)
        watched = session.watched or covered(workers, log.task_id, begun_ns, min(limit_ns, now_ns))
        if log.deleted_ns is not None:
            late = log.deleted_ns > limit_ns
            return Fate(session, "deleted", None if late and not watched else late, log.deleted_ns - begun_ns)
        if moved_ns > begun_ns:
            return Fate(session, "unknown", None if moved_ns > limit_ns else False, moved_ns - begun_ns)
        if now_ns <= limit_ns:
            return Fate(session, "running", None, now_ns - begun_ns)
        known = watched and limit_ns <= told_until(workers, log, 0)
        return Fate(session, "failed" if known else "unknown", True if known else None, now_ns - begun_ns)


def count_fates(fates: Iterable[Fate]) -> Counter[str]:
    """How many sessions came to what: by state, and "stuck" or "unsure" besides."""
    counts: Counter[str] = Counter()
    for fate in fates:
        counts[fate.state] += 1
        counts["stuck"] += fate.stuck is True
        counts["unsure"] += fate.stuck is None
    return counts


def _lasted_ns(session: Session, ended: Told) -> int:
    """By the server's clock where it dates both ends: a replay brings an event later than it was."""
    if session.started is not None:
        return ended.server_ns - session.started.server_ns
    return ended.at_ns - session.executed_ns
