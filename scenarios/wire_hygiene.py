"""The user that looks at the bytes: head, chunks, text and envelopes, and whether all comes promptly."""

from __future__ import annotations

from locust import constant, task

import json
from contextlib import suppress
from typing import Any, Final

import gevent
from gevent.pool import Group

from locust_eventsource.protocol.event import Event
from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.user import ACTIVITY_NAME, StudioUser
from scenarios.watch import Watch
from studio.contract import EVENTS_PATH, EventType
from studio.verify.hygiene import Kind

_TITLE: Final = "Straße, naïve café, 東京, 🚲"
"""Characters of one to four bytes, so that a service that cuts or recodes text is found out."""
_EVENT_EVERY_S: Final = 0.1
_FINISHED: Final = "finished"


class HygieneUser(StudioUser):
    """Reads the global stream by hand while it makes events, and the activity of one session of the run at a time."""

    scenario = "hygiene"
    owes_events = True
    wait_time = constant(_EVENT_EVERY_S)

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._watches = Group()
        self._session = ""

    def on_start(self) -> None:
        """Hold the global stream as every user does, and read it by hand beside that."""
        super().on_start()
        watch = Watch(self, EVENTS_PATH, EVENTS_PATH, Kind.GLOBAL, seen=self._saw)
        self._watches.spawn(watch.run, lambda: False)

    def on_stop(self) -> None:
        """Stop reading."""
        self._watches.kill(block=False)
        super().on_stop()

    @task
    def make_events(self) -> None:
        """One task from its creation to done, an event at a time."""
        stopping = self.load.stopping
        if stopping.is_set():
            gevent.sleep(3_600)
        with self.load.busy(), suppress(RefusedCall):
            moved = MovedTask(self, _TITLE)
            try:
                while moved.moves_left and not stopping.wait(_EVENT_EVERY_S):
                    moved.move()
            finally:
                moved.delete()

    def _saw(self, event: Event) -> None:
        """An event of the global stream: read the activity of the session that it may have started."""
        if event.type != EventType.SESSION_STARTED or self._session:
            return
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(event.data)["event"]
            if self.load.board.status(str(told["task_id"])):
                self._session = str(told["session_id"])
                self._watches.spawn(self._read_activity, self._session)

    def _read_activity(self, session_id: str) -> None:
        def seen(event: Event) -> None:
            if event.type == _FINISHED:
                self._session = ""

        path = f"/api/sessions/{session_id}/activity"
        watch = Watch(self, path, ACTIVITY_NAME, Kind.ACTIVITY, seen=seen)
        watch.run(lambda: self._session != session_id)
