"""What happens to tasks: every change is written first and published after."""

from __future__ import annotations

import uuid
from typing import Final, NamedTuple

from studio.contract import TRANSITIONS, EventType, Phase, SessionStatus, Status
from studio.reference.activity import ActivityHub
from studio.reference.clock import ServiceClock
from studio.reference.failures import ApiError, bad_request, not_found
from studio.reference.hub import EventHub
from studio.reference.model import Session, Task, agent_id
from studio.reference.sessions import SessionRunner
from studio.reference.store import Store

_WORKSPACES: Final = "/srv/.workspaces"
_PHASE_OF: Final = {
    Status.TODO: Phase.PLANNING,
    Status.PLANNING: Phase.PLANNING,
    Status.PLANNING_REVIEW: Phase.IMPLEMENTATION,
    Status.IN_PROGRESS: Phase.IMPLEMENTATION,
    Status.AI_REVIEW: Phase.REVIEW,
    Status.FIX: Phase.FIX,
    Status.REVIEW: Phase.REVIEW,
}
_UNFINISHED: Final = (SessionStatus.PENDING, SessionStatus.RUNNING)


class Changes(NamedTuple):
    """What a PATCH changes; None leaves a field alone."""

    title: str | None = None
    description: str | None = None
    status: Status | None = None


class Lifecycle:
    """The operations of the REST API."""

    def __init__(self, store: Store, hub: EventHub, activity: ActivityHub, clock: ServiceClock, turn_s: float) -> None:
        self.store = store
        self._hub = hub
        self._activity = activity
        self._clock = clock
        self.runner = SessionRunner(store, hub, activity, clock, turn_s)

    def task(self, task_id: str) -> Task:
        """Read a task; raises 404."""
        task = self.store.task(task_id)
        if task is None:
            raise not_found("Task", task_id)
        return task

    def session(self, session_id: str) -> Session:
        """Read a session; raises 404."""
        session = self.store.session(session_id)
        if session is None:
            raise not_found("Session", session_id)
        return session

    def create(self, title: str, description: str) -> Task:
        """Create a task in ``todo``."""
        _require_title(title)
        at_ns = self._clock.now_ns()
        task = Task(str(uuid.uuid4()), title, description, Status.TODO, None, None, 0, at_ns, at_ns)
        self.store.add_task(task)
        self._hub.publish(EventType.TASK_CREATED, task_id=task.id, title=task.title)
        return task

    def change(self, task_id: str, changes: Changes) -> Task:
        """Change fields of a task, its status to any other; publishes a changed status."""
        before = self.task(task_id)
        if changes.title is not None:
            _require_title(changes.title)
        given = {name: value for name, value in changes._asdict().items() if value is not None}
        after = before._replace(**given, updated_ns=self._clock.now_ns())
        self.store.save_task(after)
        self._publish_status(before, after)
        return after

    def transition(self, task_id: str, status: Status) -> tuple[Task, Status]:
        """Move a task along the transition table; returns it and its previous status."""
        before = self.task(task_id)
        if status not in TRANSITIONS[before.status]:
            raise bad_request(f"Invalid state transition from {before.status} to {status}")
        return self.change(task_id, Changes(status=status)), before.status

    def complete(self, task_id: str) -> None:
        """End a task that is in review."""
        task = self.task(task_id)
        if task.status is not Status.REVIEW:
            raise bad_request(f"Task must be in review to be completed, but is in {task.status}")
        self.change(task_id, Changes(status=Status.DONE))

    def delete(self, task_id: str) -> None:
        """Delete a task; the global stream hears nothing of it, open activity streams that their session ended."""
        self.task(task_id)
        unfinished = [session.id for session in self.store.sessions(task_id) if session.status in _UNFINISHED]
        self.runner.cancel(task_id)
        self.store.delete_task(task_id)
        for session_id in unfinished:
            self._activity.vanish(session_id, "the task was deleted")

    def execute(self, task_id: str) -> tuple[Task, Session, bool]:
        """Accept the next session of a task and start it in the background.

        Returns the task, its new session and whether the status changed. Raises 409 while a session of the task
        runs, 500 when the task is done.
        """
        before = self.task(task_id)
        if before.status is Status.DONE:
            raise ApiError(500, "internal_error", "Execution failed: Task is already done")
        if any(session.status in _UNFINISHED for session in self.store.sessions(task_id)):
            raise ApiError(409, "conflict", "A session of this task is already running")
        after = self._prepared(before)
        session = self._new_session(before, after)
        with self.store.transaction():
            if after is not before:
                self.store.save_task(after)
            self.store.add_session(session)
        self._publish_status(before, after)
        self.runner.start(session, new_workspace=after.workspace_path != before.workspace_path)
        return after, session, after.status is not before.status

    def _prepared(self, task: Task) -> Task:
        phase = _PHASE_OF[task.status]
        if task.status is Status.TODO:
            return task._replace(status=Status.PLANNING, updated_ns=self._clock.now_ns())
        if phase is Phase.IMPLEMENTATION and task.workspace_path is None:
            return task._replace(workspace_path=f"{_WORKSPACES}/task-{task.id}")
        return task

    def _new_session(self, before: Task, after: Task) -> Session:
        came_from = before.status if after.status is not before.status else None
        phase = _PHASE_OF[before.status]
        return Session(
            str(uuid.uuid4()), before.id, agent_id("ses"), phase, SessionStatus.PENDING, came_from, self._clock.now_ns()
        )

    def _publish_status(self, before: Task, after: Task) -> None:
        if after.status is not before.status:
            self._hub.publish(
                EventType.STATUS_CHANGED, task_id=after.id, from_status=before.status, to_status=after.status
            )


def _require_title(title: str) -> None:
    if not title.strip():
        raise bad_request("Title cannot be empty")
