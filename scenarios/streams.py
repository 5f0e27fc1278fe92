"""Users that only listen."""

from __future__ import annotations

from locust import constant, task

import gevent

from scenarios.user import StudioUser


class StreamUser(StudioUser):
    """Holds the global stream: ``--streams-per-user`` of them, filtered by ``--stream-filter``."""

    wait_time = constant(1)

    def on_start(self) -> None:
        """Open the streams."""
        options = self.load.options
        for _ in range(options.streams_per_user):
            self.open_global(options.stream_filter)

    @task
    def listen(self) -> None:
        """Nothing to do: readiness callbacks drive the streams."""
        gevent.sleep(60)
