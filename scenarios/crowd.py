"""Users that open many streams beside the one that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from locust_eventsource.locust.pump import pump_of
from locust_eventsource.stream import EventStream
from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.user import StudioUser

_PATIENCE_S: Final = 3.0
"""What is not there by then, or after ``--settle`` where that is longer, does not come."""


class CrowdUser(StudioUser):
    """A user with ``--scenario-streams`` streams that come and go."""

    abstract = True

    @property
    def size(self) -> int:
        """How many streams it opens."""
        return int(self.load.options.scenario_streams)

    @property
    def patience_s(self) -> float:
        """Seconds after which something is not waited for any more."""
        return max(_PATIENCE_S, float(self.load.options.settle))

    def wait_open(self, streams: Sequence[EventStream]) -> bool:
        """Wait until none of the streams is connecting any more; False when some still are, or the run ends."""
        timeout_s = self.load.options.connect_timeout + self.patience_s
        return self.load.wait_until(lambda: all(has_settled(stream) for stream in streams), timeout_s)

    def leave(self, streams: Sequence[EventStream]) -> None:
        """Close streams for good."""
        for stream in streams:
            self.close_stream(stream)
        # What they brought, and that they are closed, must be told before they are forgotten.
        pump_of(self.environment).flush()
        for stream in streams:
            self.load.observer.forget(stream)

    def something_happens(self, title: str) -> None:
        """Make an event."""
        # A refused call is a failure in Locust's statistics already.
        with suppress(RefusedCall):
            MovedTask(self, title).delete()


def has_settled(stream: EventStream) -> bool:
    """Whether the stream is open, or has failed."""
    return stream.state in ("open", "failed", "closed")
