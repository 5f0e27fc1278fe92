"""The user whose streams nothing is ever sent on but keep-alives."""

from __future__ import annotations

from locust import task

import time
import uuid
from typing import Any

import gevent

from scenarios.user import StudioUser
from scenarios.watch import Watch
from studio.contract import EVENTS_PATH
from studio.verify.findings import unknown
from studio.verify.hygiene import Kind
from studio.verify.liveness import KEEP_ALIVE, tolerated_s


class LongIdleUser(StudioUser):
    """Asks for the events of a task that does not exist. Both its streams, the one that is held as all are and the one
    that is read by hand, must stay open and get keep-alives."""

    scenario = "long-idle"

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._nobody = str(uuid.uuid4())

    def on_start(self) -> None:
        """Hold a stream on which no event is due."""
        self.open_global(self._nobody)

    @task
    def listen(self) -> None:
        """Read the other one by hand until the run ends."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        period_s = self.load.options.keep_alive
        name = f"{EVENTS_PATH}?task_ids=[ids]"
        watch = Watch(self, f"{EVENTS_PATH}?task_ids={self._nobody}", name, Kind.GLOBAL)
        began = time.monotonic()
        with self.load.busy():
            watch.run(lambda: False)
            watched_s = time.monotonic() - began
            if period_s and not watch.keep_alives and watched_s < tolerated_s(period_s):
                why = f"an idle stream was watched for {watched_s:.0f} s, a keep-alive is promised every {period_s:g} s"
                self.load.checks.note([unknown(KEEP_ALIVE, why)])
