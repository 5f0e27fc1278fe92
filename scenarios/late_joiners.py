"""The user whose streams join one after another while events come."""

from __future__ import annotations

from locust import task

from collections import deque
from contextlib import ExitStack, suppress
from typing import Any, Final

import gevent

from locust_eventsource.stream import EventStream
from scenarios.crowd import CrowdUser
from scenarios.moved_task import MovedTask, RefusedCall

_JOIN_EVERY_S: Final = 0.1


class LateJoinersUser(CrowdUser):
    """Lets one stream after another join in the very moment in which something happens.

    Each is owed everything from its opening on. Once all are there, the oldest leaves for each that joins.
    """

    scenario = "late-joiners"
    owes_events = True

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._joined: deque[EventStream] = deque()

    @task
    def join(self) -> None:
        """One more stream, and events around its opening."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        with self.load.busy():
            if len(self._joined) == self.size:
                self.leave([self._joined.popleft()])
            self._join()
        self.load.stopping.wait(_JOIN_EVERY_S)

    def _join(self) -> None:
        # A refused call is a failure in Locust's statistics already.
        with suppress(RefusedCall), ExitStack() as later:
            task = MovedTask(self, "while a stream joins")
            later.callback(task.delete)
            stream = self.open_global()
            self._joined.append(stream)
            task.move()
            self.wait_open([stream])
            task.move()
