"""Sessions: they start, the agent takes its turn, they end; one background task per executed task."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Final

from studio.contract import EventType, Phase, SessionStatus, Status
from studio.reference import switches as fault
from studio.reference.activity import ActivityHub
from studio.reference.agent import PlanPhase, phases_of, plan_text, turn, turn_seconds
from studio.reference.backend import AgentBackend, BackendError
from studio.reference.clock import ServiceClock
from studio.reference.faults import Faults
from studio.reference.hub import EventHub
from studio.reference.model import Session, Task, agent_id
from studio.reference.status_events import StatusEvents
from studio.reference.store import Store
from studio.reference.wire import timestamp

_AFTER: Final = {
    (Phase.PLANNING, Status.PLANNING): Status.PLANNING_REVIEW,
    (Phase.IMPLEMENTATION, Status.PLANNING_REVIEW): Status.AI_REVIEW,
    (Phase.IMPLEMENTATION, Status.IN_PROGRESS): Status.AI_REVIEW,
    (Phase.REVIEW, Status.AI_REVIEW): Status.REVIEW,
    (Phase.REVIEW, Status.REVIEW): Status.DONE,
    (Phase.FIX, Status.FIX): Status.AI_REVIEW,
}
"""The status that the end of a session brings about; a task that was moved meanwhile stays where it is."""

_RECORDED_TURN_S: Final = 0.6
_WORKSPACE_S: Final = 0.026
_START_S: Final = {Phase.PLANNING: 0.008, Phase.IMPLEMENTATION: 0.067, Phase.REVIEW: 0.055, Phase.FIX: 0.067}
"""What the agent backend takes until a session runs, as recorded with turns of `_RECORDED_TURN_S`."""


class SessionRunner:
    """Runs accepted sessions to their end."""

    def __init__(
        self,
        store: Store,
        hub: EventHub,
        statuses: StatusEvents,
        activity: ActivityHub,
        clock: ServiceClock,
        backend: AgentBackend,
        faults: Faults,
        *,
        turn_s: float,
    ) -> None:
        self._store = store
        self._hub = hub
        self._statuses = statuses
        self._activity = activity
        self._clock = clock
        self._backend = backend
        self._faults = faults
        self._turn_s = turn_s
        self._pace = min(1.0, turn_s / _RECORDED_TURN_S)
        self._running: dict[asyncio.Task[None], str] = {}

    def start(self, session: Session, *, new_workspace: bool) -> None:
        """Run a pending session in the background."""
        running = asyncio.get_running_loop().create_task(self._run(session, new_workspace))
        self._running[running] = session.task_id
        running.add_done_callback(self._ended)

    def cancel(self, task_id: str) -> None:
        """Stop what runs of a task without a further word."""
        for running in [running for running, of_task in self._running.items() if of_task == task_id]:
            running.cancel()

    async def stop(self) -> None:
        """Stop all sessions where they are; the next start of the service finds them orphaned."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def recover(self) -> None:
        """Fail the sessions that the last process left pending or running, and take their tasks back."""
        for session in self._store.unfinished_sessions():
            self._fail(session, "the service was restarted while the session ran")

    def _ended(self, done: asyncio.Task[None]) -> None:
        task_id = self._running.pop(done)
        if not done.cancelled() and (error := done.exception()) is not None:
            logging.getLogger("uvicorn.error").error("a session of task %s broke", task_id, exc_info=error)

    async def _run(self, session: Session, new_workspace: bool) -> None:
        if new_workspace:
            await asyncio.sleep(_WORKSPACE_S * self._pace)
            self._announce_workspace(session.task_id)
        phases = self._plan_phases(session)
        last = phases[-1] if phases else None
        try:
            for phase in phases[:-1]:
                await self._turn(session)
                session = self._continue(session, phase, len(phases))
            await self._turn(session)
        except BackendError as error:
            self._fail(session, str(error))
            return
        if last is None:
            self._end(session)
        else:
            self._end_plan(session, last)

    def _plan_phases(self, session: Session) -> list[PlanPhase]:
        """The plan's phases when there are several, else none: single phases are not announced."""
        if session.phase is not Phase.IMPLEMENTATION:
            return []
        phases = phases_of(self._task(session))
        return phases if len(phases) > 1 else []

    async def _turn(self, session: Session) -> None:
        await asyncio.sleep(_START_S[session.phase] * self._pace)
        self._store.set_session_status(session.id, SessionStatus.RUNNING)
        self._announce(session)
        task = self._task(session)
        prompt, *steps = turn(task, session.phase)
        self._activity.publish(session.id, prompt.messages)
        if fault.EXECUTE_WAITS not in self._faults:
            await self._backend.prompt()
        try:
            self._backend.call_model(task)
        except BackendError:
            if fault.ALWAYS_SUCCESS in self._faults:
                return
            raise
        loop, turn_s = asyncio.get_running_loop(), turn_seconds(task, self._turn_s)
        started = loop.time()
        for step in steps:
            await asyncio.sleep(started + step.at * turn_s - loop.time())
            self._activity.publish(session.id, step.messages)
        await asyncio.sleep(started + turn_s - loop.time())
        if self._faults.strikes(fault.STUCK_TURNS):
            await asyncio.Event().wait()

    def _end(self, session: Session) -> None:
        """End a session that is its task's only one in this status: status first, as the service does."""
        before, after = self._write_end(session)
        self._activity.finish(session.id, None)
        self._statuses.publish(before, after)
        self._publish_ended(session, success=True)

    def _continue(self, session: Session, phase: PlanPhase, total: int) -> Session:
        """End one phase of several and accept the session of the next."""
        task = self._task(session)
        following = session._replace(
            id=str(uuid.uuid4()), opencode_session_id=agent_id("ses"), came_from=None, created_ns=self._clock.now_ns()
        )
        with self._store.transaction():
            self._store.set_session_status(session.id, SessionStatus.COMPLETED)
            self._store.add_session(following)
            self._store.save_task(task._replace(phases_done=phase.number))
        self._activity.finish(session.id, None)
        self._publish_ended(session, success=True)
        self._publish_phase(session, phase, total)
        self._hub.publish(
            EventType.PHASE_CONTINUING,
            task_id=session.task_id,
            next_phase_number=phase.number + 1,
            total_phases=total,
        )
        return following

    def _end_plan(self, session: Session, phase: PlanPhase) -> None:
        """End the last phase of several: the status change comes last."""
        before, after = self._write_end(session, phases_done=phase.number)
        self._activity.finish(session.id, None)
        self._publish_ended(session, success=True)
        self._publish_phase(session, phase, phase.number)
        self._statuses.publish(before, after)

    def _fail(self, session: Session, error: str) -> None:
        before = self._task(session)
        after = before
        if session.came_from is not None and before.status is Status.PLANNING:
            after = before._replace(status=session.came_from, updated_ns=self._clock.now_ns())
        with self._store.transaction():
            self._store.set_session_status(session.id, SessionStatus.FAILED)
            self._store.save_task(after)
        self._activity.finish(session.id, error)
        if fault.FAILED_EXECUTE_STICKS not in self._faults:
            self._statuses.publish(before, after)
        self._publish_ended(session, success=False)

    def _write_end(self, session: Session, phases_done: int = 0) -> tuple[Task, Task]:
        before = self._task(session)
        after = before._replace(phases_done=phases_done or before.phases_done)
        status = _AFTER.get((session.phase, before.status))
        if status is not None:
            after = after._replace(status=status, updated_ns=self._clock.now_ns())
        if session.phase is Phase.PLANNING:
            after = after._replace(plan=plan_text(), phases_done=0)
        with self._store.transaction():
            self._store.set_session_status(session.id, SessionStatus.COMPLETED)
            self._store.save_task(after)
        return before, after

    def _task(self, session: Session) -> Task:
        task = self._store.task(session.task_id)
        if task is None:
            raise LookupError(f"session {session.id} has no task")
        return task

    def _announce_workspace(self, task_id: str) -> None:
        task = self._store.task(task_id)
        if task is not None:
            self._hub.publish(EventType.WORKSPACE_CREATED, task_id=task_id, path=task.workspace_path)

    def _announce(self, session: Session) -> None:
        self._hub.publish(
            EventType.SESSION_STARTED,
            session_id=session.id,
            task_id=session.task_id,
            phase=session.phase,
            status=SessionStatus.RUNNING,
            opencode_session_id=session.opencode_session_id,
            created_at=timestamp(session.created_ns),
        )

    def _publish_ended(self, session: Session, *, success: bool) -> None:
        self._hub.publish(EventType.SESSION_ENDED, session_id=session.id, task_id=session.task_id, success=success)

    def _publish_phase(self, session: Session, phase: PlanPhase, total: int) -> None:
        self._hub.publish(
            EventType.PHASE_COMPLETED,
            task_id=session.task_id,
            session_id=session.id,
            phase_number=phase.number,
            total_phases=total,
            phase_title=phase.title,
        )
