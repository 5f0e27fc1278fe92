"""Times in which the run itself keeps the service from its users, by a restart or by all the streams that it may hold.

What fails then is the run's own doing: it is no error of the service, so it enters neither Locust's failures nor those
of the connections. How much of it there was is counted, for whoever caused it to tell.
"""

from __future__ import annotations

from locust.event import EventHook

import time
from collections.abc import Iterator
from contextlib import contextmanager

_SECOND_NS = 1_000_000_000
_NEVER_NS = 1 << 63


class Interference:
    """The spans of one run in this process."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, list[int]]] = []
        self._doubts: dict[int, tuple[str, int]] = {}
        self.requests = 0
        """Failures of requests that were excused."""
        self.connections = 0
        """Losses and failures of streams that were excused."""

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """What fails meanwhile is excused."""
        ended: list[int] = []
        self._spans.append((time.time_ns(), ended))
        try:
            yield
        finally:
            ended.append(time.time_ns())

    @contextmanager
    def restarting(self, what: str, echo_s: float) -> Iterator[None]:
        """As `going_on`; and what users find wrong until ``echo_s`` after it may come of it: ``what`` says of what."""
        with self.going_on():
            number = len(self._doubts)
            self._doubts[number] = what, _NEVER_NS
            try:
                yield
            finally:
                self._doubts[number] = what, time.time_ns() + int(echo_s * _SECOND_NS)

    def doubt(self) -> str:
        """What may be behind whatever users find wrong at this moment; empty when nothing is."""
        now_ns = time.time_ns()
        return next((what for what, until_ns in self._doubts.values() if now_ns <= until_ns), "")

    def touches(self, from_ns: int, to_ns: int) -> bool:
        """Whether any of it fell between two moments."""
        return any(began <= to_ns and (not ended or from_ns <= ended[0]) for began, ended in self._spans)

    def covers(self, at_ns: int) -> bool:
        """Whether it went on at this moment."""
        return self.touches(at_ns, at_ns)

    def excuses_connection(self, at_ns: int) -> bool:
        """Whether a stream that was lost, or did not open, at this moment is excused; counts it if so."""
        excused = self.covers(at_ns)
        self.connections += excused
        return excused


class ForgivingRequests(EventHook):
    """Locust's ``request`` event without the failures that are excused."""

    def __init__(self, hook: EventHook, interference: Interference) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._hook = hook
        self._interference = interference

    def fire(self, *, reverse: bool = False, **kwargs: object) -> None:
        """Pass the event on, or count it as excused."""
        if kwargs.get("exception") is not None and self._is_excused(kwargs.get("start_time")):
            self._interference.requests += 1
            return
        self._hook.fire(reverse=reverse, **kwargs)

    def _is_excused(self, started_s: object) -> bool:
        now_ns = time.time_ns()
        from_ns = int(started_s * _SECOND_NS) if isinstance(started_s, float) else now_ns
        return self._interference.touches(from_ns, now_ns)
