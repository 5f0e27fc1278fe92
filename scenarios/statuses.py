"""The scenario ``statuses``: tasks change their status by every route, and the stream must say what REST says."""

from __future__ import annotations

from locust import task

from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

import gevent

from scenarios.status_watch import StatusCheck, StatusWatch
from scenarios.user import StudioUser
from studio import execute_calls
from studio.api import Answer
from studio.contract import Status
from studio.verify import execution, status

_PAUSE_S: Final = 0.3

Route = Literal["transition", "PATCH", "complete"]


class _Step(NamedTuple):
    """A change of status that is asked for."""

    route: Route
    after: Status


_WALKS: Final = (
    (
        _Step("transition", Status.PLANNING),
        _Step("transition", Status.PLANNING_REVIEW),
        _Step("transition", Status.IN_PROGRESS),
        _Step("transition", Status.AI_REVIEW),
        _Step("transition", Status.REVIEW),
        _Step("transition", Status.DONE),
    ),
    (_Step("PATCH", Status.IN_PROGRESS), _Step("PATCH", Status.REVIEW), _Step("complete", Status.DONE)),
)
"""What each task goes through; each ends with its deletion."""


class StatusesUser(StudioUser):
    """Walks tasks through transition, PATCH, complete and DELETE, and asks REST on receipt of every event.

    With ``--executions`` it also has a task executed in each round, which is one model run, and looks at the end of its
    session.
    """

    scenario = "statuses"
    owes_events = True

    @task
    def walk(self) -> None:
        """One task along each route."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        if self.listens():
            with self.load.busy():
                for steps in _WALKS:
                    self._with_a_task(partial(_Walk.take, steps=steps))
                if self.load.options.executions:
                    self._with_a_task(_Walk.execute)
        self.load.stopping.wait(_PAUSE_S)

    def _with_a_task(self, act: Callable[[_Walk], None]) -> None:
        if self.load.stopping.is_set():
            return
        created = self.api.create(self.load.title("Statuses"), "A task whose status is changed by every route.")
        if not created.ok:
            return
        walk = _Walk(self, str(created.body["id"]))
        act(walk)
        walk.end()


class _Walk:
    """One task, from its creation to its deletion."""

    def __init__(self, user: StudioUser, task_id: str) -> None:
        self._user = user
        self._load = user.load
        self._task_id = task_id
        self._status: str = Status.TODO
        self._watch = StatusWatch(user, task_id)
        self._check = StatusCheck(user, task_id)

    def take(self, steps: tuple[_Step, ...]) -> None:
        """Take the steps, until one fails or the run stops."""
        for step in steps:
            if self._load.stopping.is_set():
                return
            before, self._status = self._status, step.after
            answer = self._watch.call(step.after, partial(self._ask, step, before))
            if not answer.ok or not self._agrees(f"after {step.route} to {step.after}"):
                return

    def _ask(self, step: _Step, before: str) -> Answer:
        if step.route == "transition":
            return self._user.api.transition(self._task_id, before, step.after)
        if step.route == "PATCH":
            return self._user.api.change_status(self._task_id, before, step.after)
        return self._user.api.complete(self._task_id)

    def execute(self) -> None:
        """Have the task executed, and look at the status that its session leaves."""
        checks, board = self._load.checks, self._load.board
        execute = execute_calls.execute(self._user.api, self._task_id)
        checks.note(execution.in_time(execute, self._load.options.execute_limit))
        checks.note(execution.accepted(execute))
        if not execute.accepted:
            self._agrees("after an execute that failed")
            return
        session_id, patience_s = execute.session_id, self._load.options.session_timeout
        self._load.wait_until(lambda: board.has_ended(self._task_id, session_id), patience_s)
        self._agrees(f"after execute and session {session_id}")

    def _agrees(self, when: str) -> bool:
        seen = self._check.run(when)
        return seen.rest == seen.streamed

    def end(self) -> None:
        """Judge what was seen, delete the task, and see it gone."""
        self._watch.close()
        if self._user.api.delete(self._task_id).ok:
            answer = self._user.api.deleted_task(self._task_id)
            shown = str(answer.body.get("status", "")) if answer.ok else ""
            self._load.checks.note(status.gone(self._task_id, answer.status, shown))
