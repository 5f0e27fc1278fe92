"""What the global stream last said of each of the run's own tasks, and waiting for it to say more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gevent.event import Event as Signal

from studio.contract import Envelope, EventType, Status


@dataclass(slots=True)
class TaskView:
    """The stream's words on one task."""

    title: str = ""
    status: str = Status.TODO
    told_ns: int = 0
    ended_sessions: set[str] = field(default_factory=set)
    successes: dict[str, bool] = field(default_factory=dict)
    """Whether each session that ended was a success, where the stream told."""


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

    def has_ended(self, task_id: str, session_id: str) -> bool:
        """True when the stream told that this session ended."""
        view = self._views.get(task_id)
        return view is not None and session_id in view.ended_sessions

    def success(self, task_id: str, session_id: str) -> bool | None:
        """Whether the stream told that this session ended as a success; None when it told neither."""
        view = self._views.get(task_id)
        return None if view is None else view.successes.get(session_id)

    def update(self, envelope: Envelope) -> None:
        """Take in an event; those of other tasks are passed over, and changes of status that are old news."""
        view = self._views.get(envelope.task_id)
        if view is None:
            return
        if envelope.type == EventType.STATUS_CHANGED:
            self._change(view, envelope)
        elif envelope.type == EventType.SESSION_ENDED:
            session_id, success = str(envelope.fields.get("session_id", "")), envelope.fields.get("success")
            view.ended_sessions.add(session_id)
            if isinstance(success, bool):
                view.successes[session_id] = success
        changed, self._changed = self._changed, Signal()
        changed.set()

    @staticmethod
    def _change(view: TaskView, envelope: Envelope) -> None:
        # A clock that was set back dates what is new before what is old; then it still follows from the last word.
        follows = envelope.fields.get("from_status") == view.status
        if envelope.timestamp_ns >= view.told_ns or follows:
            view.told_ns = envelope.timestamp_ns
            view.status = str(envelope.fields.get("to_status", ""))

    def wait_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``holds()`` is true, looking again after each event; False when the time is over."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._changed.wait(left)
        return True
