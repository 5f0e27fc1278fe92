"""The user whose streams ask for some tasks only."""

from __future__ import annotations

from locust import task

from contextlib import ExitStack
from typing import Final

import gevent

from locust_eventsource.errors import EventSourceError
from locust_eventsource.locust.pump import pump_of
from locust_eventsource.stream import EventStream
from run.ledger import GRACE_S
from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.user import StudioUser

_TASKS: Final = 3
_MOVES: Final = 2
_NO_TASK: Final = "no-such-task"
_PAUSE_S: Final = 0.5


class FilteredStreamsUser(StudioUser):
    """Holds streams that ask for one task, for two, and for none that exists, while these tasks and others move.

    Which events each stream must have, and which it must not, follows from its filter: the accounting of deliveries
    knows both.
    """

    scenario = "filtered-streams"
    fixed_count = 1
    owes_events = True

    @task
    def ask_for_some(self) -> None:
        """One round: tasks, streams that ask for them, and events."""
        if not self.load.stopping.is_set():
            with self.load.busy(), ExitStack() as cleanup:
                self._round(cleanup)
        if self.load.stopping.wait(_PAUSE_S):
            gevent.sleep(3_600)

    def _round(self, cleanup: ExitStack) -> None:
        try:
            tasks = [self._task(cleanup, number) for number in range(_TASKS)]
            ids = [made.id for made in tasks]
            # Registered after the tasks, so the streams are closed before these are deleted.
            for asked in (ids[:1], ids[:2], [_NO_TASK], [ids[1], _NO_TASK]):
                self._open(cleanup, ",".join(asked))
            for _ in range(_MOVES):
                for made in tasks:
                    made.move()
        except (RefusedCall, EventSourceError, TimeoutError):
            # A call or a connection that failed is counted where it failed; without it this round says nothing.
            return
        # Only a stream that stays open for so long after an event must have it.
        self.load.stopping.wait(GRACE_S + _PAUSE_S)

    def _task(self, cleanup: ExitStack, number: int) -> MovedTask:
        made = MovedTask(self, f"asked for {number}")
        cleanup.callback(made.delete)
        return made

    def _open(self, cleanup: ExitStack, task_ids: str) -> None:
        stream = self.open_global(task_ids)
        cleanup.callback(self._close, stream)
        stream.wait_open(self.load.options.connect_timeout)

    def _close(self, stream: EventStream) -> None:
        self.close_stream(stream)
        pump_of(self.environment).flush()
        self.load.observer.forget(stream)
