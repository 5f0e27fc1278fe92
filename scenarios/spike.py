"""The user with a crowd of streams that comes at once, stays for some seconds, and leaves."""

from __future__ import annotations

from locust import task

from typing import Final

import gevent

from scenarios.crowd import CrowdUser

_STAY_S: Final = 2.0
_AWAY_S: Final = 1.0


class SpikeUser(CrowdUser):
    """Connects ``--scenario-streams`` streams in one instant, so that their connect times show what a rush costs."""

    scenario = "spike"
    owes_events = True

    @task
    def spike(self) -> None:
        """One crowd."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        streams = [self.open_global() for _ in range(self.size)]
        if self.wait_open(streams):
            with self.load.busy():
                self.something_happens("in a crowd")
            self.load.stopping.wait(_STAY_S)
        if not self.load.stopping.is_set():
            self.leave(streams)
        self.load.stopping.wait(_AWAY_S)
