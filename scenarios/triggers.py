"""The user that makes events: tasks are created, moved and deleted on a schedule of intended times."""

from __future__ import annotations

from locust import task

import time
from argparse import Namespace
from itertools import count
from typing import Any, Final

import gevent
from gevent.pool import Group

from scenarios.user import StudioUser, TaskDefinition, task_definitions
from studio.contract import EventKey, EventType, Status

MOVE_INTERVAL_S: Final = 0.2
"""Seconds between the intended times of one task's triggers."""

PATH: Final = (
    Status.TODO,
    Status.PLANNING,
    Status.PLANNING_REVIEW,
    Status.IN_PROGRESS,
    Status.AI_REVIEW,
    Status.REVIEW,
    Status.DONE,
)
"""The statuses through which a task can be moved by transitions alone."""


class TriggerUser(StudioUser):
    """Holds the global stream and triggers, one user a run.

    An open model: task number k starts at k / ``--task-rate`` seconds whatever became of those before it, each in a
    greenlet of its own, and latency counts from the intended time. So a service that stalls is not given a pause
    (coordinated omission).
    """

    fixed_count = 1
    owes_events = True

    @classmethod
    def wanted(cls, options: Namespace) -> int:
        """One a run; none while the streams play a recording, which no trigger changes."""
        return 0 if options.replay else 1

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._stories = Group()

    @task
    def keep_the_schedule(self) -> None:
        """Start one task after another at their intended times, until the run stops."""
        options = self.load.options
        definitions = task_definitions(options.tasks_file)
        start_ns = time.time_ns()
        for number in count():
            intended_ns = start_ns + int(number * 1e9 / options.task_rate)
            if self.load.stopping.wait(max(0.0, (intended_ns - time.time_ns()) / 1e9)):
                break
            self._stories.spawn(self._story, definitions[number % len(definitions)], intended_ns)
        gevent.sleep(3_600)

    def on_stop(self) -> None:
        """Let the tasks under way end, so that none is left behind."""
        self._stories.join(timeout=self.load.options.drain_timeout)
        super().on_stop()

    def _story(self, definition: TaskDefinition, intended_ns: int) -> None:
        with self.load.busy():
            title = self.load.title(definition.title)
            trigger = self.load.triggers.expect_creation(title, intended_ns)
            created = self.api.create(title, definition.description, trigger)
            if not created.ok:
                return
            task_id = str(created.body["id"])
            for step in range(self.load.options.task_moves):
                intended_ns += int(MOVE_INTERVAL_S * 1e9)
                if not self._move(task_id, PATH[step], PATH[step + 1], intended_ns):
                    break
            self.load.stopping.wait(MOVE_INTERVAL_S)
            self.api.delete(task_id)

    def _move(self, task_id: str, before: Status, after: Status, intended_ns: int) -> bool:
        if self.load.stopping.wait(max(0.0, (intended_ns - time.time_ns()) / 1e9)):
            return False
        key = EventKey(task_id, EventType.STATUS_CHANGED, f"{before}>{after}")
        trigger = self.load.triggers.expect(key, intended_ns)
        return self.api.transition(task_id, before, after, trigger).ok
