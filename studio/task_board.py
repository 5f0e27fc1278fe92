"""What the global stream last said of each of the run's own tasks, and waiting for it to say more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from locust_eventsource.waiting import Signal
from studio.contract import Envelope, EventType, Status


class Word(NamedTuple):
    """A change of a task's status as the stream told it."""

    before: str
    after: str
    earliest_ns: int
    latest_ns: int
    """Between which moments its event came first."""


@dataclass(slots=True)
class TaskView:
    """The stream's words on one task."""

    title: str = ""
    status: str = Status.TODO
    told_ns: int = 0
    words: list[Word] = field(default_factory=list)
    ended_sessions: dict[str, int] = field(default_factory=dict)
    """From when on the stream can have told the end of each session."""
    successes: dict[str, bool] = field(default_factory=dict)
    """Whether each session that ended was a success, where the stream told."""
    continued: int = 0
    """Further phases of a plan that were announced."""


class TaskBoard:
    """Views of the tasks that this process created; others are not kept."""

    def __init__(self) -> None:
        self._views: dict[str, TaskView] = {}
        self._changed = Signal()

    def adopt(self, task_id: str, title: str) -> TaskView:
        """Keep the task from now on. The stream may have told of it before the POST's own answer came."""
        return self._views.setdefault(task_id, TaskView(title))

    def forget(self, task_id: str) -> None:
        """The task is deleted."""
        self._views.pop(task_id, None)

    def tasks(self) -> dict[str, str]:
        """Titles of the tasks that are still kept, by id."""
        return {task_id: view.title for task_id, view in self._views.items()}

    def status(self, task_id: str) -> str:
        """The last status on the stream."""
        view = self._views.get(task_id)
        return "" if view is None else view.status

    def words(self, task_id: str) -> list[Word]:
        """The changes of its status so far."""
        view = self._views.get(task_id)
        return [] if view is None else view.words

    def continued(self, task_id: str) -> int:
        """How many further phases of its plan were announced."""
        view = self._views.get(task_id)
        return 0 if view is None else view.continued

    def ended_ns(self, task_id: str, session_id: str) -> int | None:
        """From when on the stream can have told that this session ended; None when it has not."""
        view = self._views.get(task_id)
        return None if view is None else view.ended_sessions.get(session_id)

    def has_ended(self, task_id: str, session_id: str) -> bool:
        """True when the stream told that this session ended."""
        return self.ended_ns(task_id, session_id) is not None

    def success(self, task_id: str, session_id: str) -> bool | None:
        """Whether the stream told that this session ended as a success; None when it told neither."""
        view = self._views.get(task_id)
        return None if view is None else view.successes.get(session_id)

    def update(self, envelope: Envelope, earliest_ns: int = 0, latest_ns: int = 0) -> None:
        """Take in an event that came between the two moments.

        Those of other tasks are passed over, and changes of status that are old news.
        """
        view = self._views.get(envelope.task_id)
        if view is None:
            return
        if envelope.type == EventType.STATUS_CHANGED:
            self._change(view, envelope, earliest_ns, latest_ns)
        elif envelope.type == EventType.SESSION_ENDED:
            session_id, success = str(envelope.fields.get("session_id", "")), envelope.fields.get("success")
            view.ended_sessions.setdefault(session_id, earliest_ns)
            if isinstance(success, bool):
                view.successes[session_id] = success
        elif envelope.type == EventType.PHASE_CONTINUING:
            view.continued += 1
        changed, self._changed = self._changed, Signal()
        changed.set()

    @staticmethod
    def _change(view: TaskView, envelope: Envelope, earliest_ns: int, latest_ns: int) -> None:
        # A clock that was set back dates what is new before what is old; then it still follows from the last word.
        follows = envelope.fields.get("from_status") == view.status
        if envelope.timestamp_ns >= view.told_ns or follows:
            view.told_ns = envelope.timestamp_ns
            view.status = str(envelope.fields.get("to_status", ""))
            before = str(envelope.fields.get("from_status", ""))
            view.words.append(Word(before, view.status, earliest_ns, latest_ns))

    def wait_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``holds()`` is true, looking again after each event; False when the time is over."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._changed.wait(left)
        return True
