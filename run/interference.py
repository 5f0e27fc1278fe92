"""Times in which the run itself keeps the service from its users: it restarts it, or takes every stream it may hold.

What fails then is the run's own doing: it is no error of the service, so it enters neither Locust's failures nor those
of the connections. How much of it there was is counted, for whoever caused it to tell.
"""

from __future__ import annotations

from locust.event import EventHook

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SECOND_NS: Final = 1_000_000_000
_NEVER_NS: Final = 1 << 63
_STREAM: Final = "SSE"


class Spans:
    """Stretches of time, the last of which may still go on."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, list[int]]] = []

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """One more, for as long as the block lasts."""
        ended: list[int] = []
        self._spans.append((time.time_ns(), ended))
        try:
            yield
        finally:
            ended.append(time.time_ns())

    def touch(self, from_ns: int, to_ns: int) -> bool:
        """Whether any of them fell between two moments."""
        return any(began <= to_ns and (not ended or from_ns <= ended[0]) for began, ended in self._spans)


class Interference:
    """What one process of a run does to the service of its other users."""

    def __init__(self) -> None:
        self._away = Spans()
        self._full = Spans()
        self._doubts: dict[int, tuple[str, int]] = {}
        self.requests = 0
        """Failures of requests that were excused."""
        self.connections = 0
        """Losses and failures of streams that were excused."""

    @contextmanager
    def restarting(self, what: str, echo_s: float) -> Iterator[None]:
        """The service is away: whatever fails is excused.

        Until ``echo_s`` after it, what users find wrong may come of it: ``what`` says of what.
        """
        with self._away.going_on():
            number = len(self._doubts)
            self._doubts[number] = what, _NEVER_NS
            try:
                yield
            finally:
                self._doubts[number] = what, time.time_ns() + int(echo_s * _SECOND_NS)

    @contextmanager
    def taking_every_place(self) -> Iterator[None]:
        """The service holds as many streams as it may: a stream that it does not open is excused, no other failure."""
        with self._full.going_on():
            yield

    def doubt(self) -> str:
        """What may be behind whatever users find wrong at this moment; empty when nothing is."""
        now_ns = time.time_ns()
        return next((what for what, until_ns in self._doubts.values() if now_ns <= until_ns), "")

    def was_away(self, from_ns: int, to_ns: int) -> bool:
        """Whether the service was away at some time between two moments."""
        return self._away.touch(from_ns, to_ns)

    def was_away_at(self, at_ns: int) -> bool:
        """Whether the service was away at a moment."""
        return self._away.touch(at_ns, at_ns)

    def excuses_loss(self, at_ns: int) -> bool:
        """Whether an open stream that was lost at this moment is excused; counts it if so."""
        excused = self._away.touch(at_ns, at_ns)
        self.connections += excused
        return excused

    def excuses_failure(self, at_ns: int) -> bool:
        """Whether a stream that did not open at this moment is excused; counts it if so."""
        excused = self._away.touch(at_ns, at_ns) or self._full.touch(at_ns, at_ns)
        self.connections += excused
        return excused

    def excuses_request(self, from_ns: int, to_ns: int, *, stream: bool) -> bool:
        """Whether a request between two moments that failed is excused; counts it if so."""
        excused = self._away.touch(from_ns, to_ns) or (stream and self._full.touch(from_ns, to_ns))
        self.requests += excused
        return excused


class ForgivingRequests(EventHook):
    """Locust's ``request`` event without the failures that are excused."""

    def __init__(self, hook: EventHook, interference: Interference) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._hook = hook
        self._interference = interference

    def fire(self, *, reverse: bool = False, **kwargs: object) -> None:
        """Pass the event on, or count it as excused."""
        if kwargs.get("exception") is not None and self._is_excused(**kwargs):
            return
        self._hook.fire(reverse=reverse, **kwargs)

    def _is_excused(self, *, start_time: object = None, request_type: object = "", **_kwargs: object) -> bool:
        now_ns = time.time_ns()
        from_ns = int(start_time * _SECOND_NS) if isinstance(start_time, float) else now_ns
        return self._interference.excuses_request(from_ns, now_ns, stream=request_type == _STREAM)
