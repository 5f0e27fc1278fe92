"""The user that holds its stream for the whole run while a slow drumbeat of events goes on.

The judge of the run compares its last third with its first, so a slowdown that creeps in is found (`soak.steady`).
"""

from __future__ import annotations

from locust import task

from contextlib import suppress
from typing import Final

import gevent

from run.outcome.soaking import NAME
from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.user import StudioUser

_BEAT_S: Final = 0.5
_TITLE: Final = "A beat"


class SoakUser(StudioUser):
    """Holds the global stream and never touches it. Twice a second it creates a task and deletes the one before."""

    scenario = NAME
    owes_events = True

    @task
    def beat(self) -> None:
        """The drumbeat, until the run ends."""
        while not self.load.stopping.wait(_BEAT_S):
            with self.load.busy(), suppress(RefusedCall):
                MovedTask(self, _TITLE).delete()
        gevent.sleep(3_600)
