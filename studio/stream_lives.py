"""What becomes of each connection of the run's streams: was it an event stream, and was it held?"""

from __future__ import annotations

from collections.abc import Callable

from locust_eventsource.errors import ConnectionLost, EventSourceError, IdleTimeout, IncompleteRead, RefusedResponse
from locust_eventsource.stream import EventStream
from studio.check_log import CheckLog
from studio.verify.findings import failed, passed
from studio.verify.held import OpenStreams
from studio.verify.hygiene import CONTENT_TYPE


class StreamLives:
    """Listener of one process's streams for one run."""

    def __init__(self, checks: CheckLog, excuses: Callable[[int], bool] = lambda at_ns: False) -> None:
        """``excuses`` says of a moment whether the run itself kept the service from its users."""
        self._checks = checks
        self._excuses = excuses
        self._open = OpenStreams()

    def connect(self, *, stream: EventStream, at_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.connect``."""
        self._checks.note([passed(CONTENT_TYPE)])
        self._open.opened(stream, stream.name, at_ns)

    def disconnect(
        self, *, stream: EventStream, at_ns: int, error: EventSourceError | None, deliberate: bool, **_kwargs: object
    ) -> None:
        """Listener of ``events.disconnect``."""
        own_doing = deliberate or self._excuses(at_ns)
        findings = self._open.closed(stream) if own_doing else self._open.ended(stream, at_ns, how_it_ended(error))
        self._checks.note(findings)

    def failure(self, *, stream: EventStream, error: EventSourceError, at_ns: int, **_kwargs: object) -> None:
        """Listener of ``events.failure``."""
        if isinstance(error, RefusedResponse) and error.status == 200:
            what = f"{stream.name}: {error}"
            self._checks.note([failed(CONTENT_TYPE, what, stream=stream.name, url=stream.url, at_ns=at_ns)])

    def end(self) -> None:
        """The run is over, and its streams are about to be closed."""
        self._checks.note(self._open.still_open())


def how_it_ended(error: EventSourceError | None) -> str:
    """The end of a connection in words; None stands for the end of a complete answer."""
    if error is None:
        return "in order, with its last chunk,"
    if isinstance(error, IncompleteRead):
        return "without its last chunk"
    if isinstance(error, ConnectionLost):
        return f"by force ({error})"
    if isinstance(error, IdleTimeout):
        return f"by its silence ({error})"
    return f"because of what it sent ({error})"
