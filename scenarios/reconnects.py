"""The user that loses its connections on purpose, each time in another way, and looks at what comes after."""

from __future__ import annotations

from locust import task

import uuid
from collections import deque
from itertools import cycle
from typing import Any, Final

import gevent

from scenarios.returns import Loss, Round
from scenarios.user import StudioUser
from studio.contract import REPLAY_BUFFER
from studio.stream_tail import StreamTail
from studio.verify.replay import Seen

_LOSSES: Final = (
    Loss("clean close", lose=StreamTail.close),
    Loss("reset", lose=StreamTail.reset),
    Loss("cut inside an event", inside_event=True, lose=StreamTail.reset),
    Loss("half-open", lose=StreamTail.hold),
    Loss("filtered", filtered=True, lose=StreamTail.close),
    Loss("longer away than the buffer", outlasts_buffer=True),
    Loss("unknown id", other_id=lambda: str(uuid.uuid4())),
    Loss("malformed id", other_id=lambda: "no-id-of-this-service"),
    Loss("empty id", other_id=lambda: ""),
)


class ReconnectsUser(StudioUser):
    """Loses one stream after another and comes back with a Last-Event-ID, beside a witness that stays.

    Its own connections are no failures of the service: they are read by hand and judged by the ``replay`` checks only.
    """

    scenario = "reconnects"
    owes_events = True

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._losses = cycle(_LOSSES)
        self._buffer = _buffer_of(self.load.options.studio_option or ())
        self.past: deque[Seen] = deque(maxlen=2 * self._buffer)

    @task
    def lose_a_connection(self) -> None:
        """One loss, and the return from it."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        with self.load.busy():
            self.load.checks.note(Round(self, next(self._losses), self._buffer, self.past).run())


def _buffer_of(studio_options: list[str] | tuple[()]) -> int:
    """How many events the service keeps, unless the embedded Studio was told otherwise."""
    sizes = [value for name, _, value in (text.partition("=") for text in studio_options) if name == "buffer"]
    return int(sizes[-1]) if sizes else REPLAY_BUFFER
