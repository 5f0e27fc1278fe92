"""The user whose streams live for a moment only."""

from __future__ import annotations

from locust import task

from typing import Final

import gevent

from scenarios.crowd import CrowdUser

_LIFE_S: Final = 0.2
_PAUSE_S: Final = 0.1


class FlappingUser(CrowdUser):
    """Opens streams, lets them live for a moment in which something happens, closes them, and begins again.

    Each is owed what happened while it was open, and its connect time counts.
    """

    scenario = "flapping"
    owes_events = True

    @task
    def flap(self) -> None:
        """One short life of all streams."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        with self.load.busy():
            streams = [self.open_global() for _ in range(self.size)]
            if self.wait_open(streams):
                self.something_happens("while streams flap")
                self.load.stopping.wait(_LIFE_S)
            self.leave(streams)
        self.load.stopping.wait(_PAUSE_S)
