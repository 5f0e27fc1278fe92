"""What happens to tasks: every change is written first and published after."""

from __future__ import annotations

import asyncio
import uuid
from typing import Final, NamedTuple

from studio.contract import TRANSITIONS, UNFINISHED, EventType, Phase, SessionStatus, Status
from studio.reference import switches as fault
from studio.reference.activity import ActivityHub
from studio.reference.backend import AgentBackend, BackendError
from studio.reference.clock import ServiceClock
from studio.reference.failures import ApiError, bad_request, not_found
from studio.reference.faults import Faults
from studio.reference.hub import EventHub
from studio.reference.model import Session, Task, agent_id
from studio.reference.sessions import SessionRunner
from studio.reference.status_events import StatusEvents
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
    Status.DONE: Phase.REVIEW,
}


class Changes(NamedTuple):
    """What a PATCH changes; None leaves a field alone."""

    title: str | None = None
    description: str | None = None
    status: Status | None = None


class Lifecycle:
    """The operations of the REST API."""

    def __init__(
        self,
        store: Store,
        hub: EventHub,
        activity: ActivityHub,
        clock: ServiceClock,
        backend: AgentBackend,
        faults: Faults,
        *,
        turn_s: float,
    ) -> None:
        self.store = store
        self._hub = hub
        self._activity = activity
        self._clock = clock
        self._backend = backend
        self._faults = faults
        self._statuses = StatusEvents(hub, faults)
        self._starting: set[str] = set()
        self.runner = SessionRunner(store, hub, self._statuses, activity, clock, backend, faults, turn_s=turn_s)

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
        before, after = self._write(task_id, changes)
        if fault.STATUS_SILENT not in self._faults:
            self._statuses.publish(before, after)
        return after

    async def transition(self, task_id: str, status: Status) -> tuple[Task, Status]:
        """Move a task along the transition table; returns it and its previous status."""
        before = self.task(task_id)
        if status not in TRANSITIONS[before.status]:
            raise bad_request(f"Invalid state transition from {before.status} to {status}")
        told_first = fault.PUBLISH_FIRST in self._faults
        if told_first:
            self._statuses.publish(before, before._replace(status=status))
            await asyncio.sleep(self._faults.seconds(fault.PUBLISH_FIRST))
        _, after = self._write(task_id, Changes(status=status))
        if not told_first:
            self._statuses.publish(before, after)
        return after, before.status

    def _write(self, task_id: str, changes: Changes) -> tuple[Task, Task]:
        before = self.task(task_id)
        if changes.title is not None:
            _require_title(changes.title)
        given = {name: value for name, value in changes._asdict().items() if value is not None}
        after = before._replace(**given, updated_ns=self._clock.now_ns())
        self.store.save_task(after)
        return before, after

    def complete(self, task_id: str) -> None:
        """End a task that is in review."""
        task = self.task(task_id)
        if task.status is not Status.REVIEW:
            raise bad_request(f"Task must be in review to be completed, but is in {task.status}")
        self.change(task_id, Changes(status=Status.DONE))

    def delete(self, task_id: str) -> None:
        """Delete a task; the global stream hears nothing of it, open activity streams that their session ended."""
        self.task(task_id)
        unfinished = [session.id for session in self.store.sessions(task_id) if session.status in UNFINISHED]
        self.runner.cancel(task_id)
        self.store.delete_task(task_id)
        for session_id in unfinished:
            self._activity.vanish(session_id, "the task was deleted")

    async def execute(self, task_id: str) -> tuple[Task, Session, bool]:
        """Accept the next session of a task and start it in the background.

        Returns the task, its new session and whether the status changed. Raises 409 while a session of the task
        runs, 500 when the task is done.
        """
        before = self.task(task_id)
        self._require_executable(before)
        if fault.EXECUTE_WAITS in self._faults:
            before, told = await self._wait_for_backend(before)
        else:
            told = False
        after = self._prepared(before)
        session = self._new_session(before, after)
        with self.store.transaction():
            if after is not before:
                self.store.save_task(after)
            self.store.add_session(session)
        if not told:
            self._statuses.publish(before, after)
        self.runner.start(session, new_workspace=after.workspace_path != before.workspace_path)
        if fault.TWO_SESSIONS in self._faults:
            again = self._new_session(before, after)
            self.store.add_session(again)
            self.runner.start(again, new_workspace=False)
        return after, session, after.status is not before.status

    def _require_executable(self, task: Task) -> None:
        if task.status is Status.DONE and fault.EXECUTE_WHEN_DONE not in self._faults:
            raise ApiError(500, "internal_error", "Execution failed: Task is already done")
        running = any(session.status in UNFINISHED for session in self.store.sessions(task.id))
        if (running or task.id in self._starting) and fault.DOUBLE_EXECUTE not in self._faults:
            raise ApiError(409, "conflict", "A session of this task is already running")

    async def _wait_for_backend(self, task: Task) -> tuple[Task, bool]:
        """The defect of an execute that asks the backend first; returns the task and whether its status was told."""
        told = fault.FAILED_EXECUTE_STICKS in self._faults
        if told:
            self._statuses.publish(task, self._prepared(task))
        self._starting.add(task.id)
        try:
            await self._backend.prompt_patiently()
        except BackendError as error:
            raise ApiError(500, "internal_error", f"OpenCode error: {error}") from None
        finally:
            self._starting.discard(task.id)
        return self.task(task.id), told

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


def _require_title(title: str) -> None:
    if not title.strip():
        raise bad_request("Title cannot be empty")
