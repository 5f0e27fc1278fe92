"""How long to wait before the next connection (WHATWG HTML 9.2.3, "reestablish the connection")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from locust_eventsource.errors import Misuse


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """Reconnection times in milliseconds. Raises :class:`Misuse` for values that make no sense.

    ``default_retry_ms`` holds until the server names a ``retry``. ``jitter`` is the share of the delay added at random
    (0.1: up to a tenth), so that many streams do not come back in the same instant. ``factor`` and ``max_delay_ms``
    shape the back-off after failures, which starts from at least ``min_backoff_ms`` even when the server says
    ``retry: 0``. A connection that ended without having brought an event is a failure here.
    """

    default_retry_ms: float = 3000
    jitter: float = 0.1
    factor: float = 2.0
    max_delay_ms: float = 60000
    min_backoff_ms: float = 100

    def __post_init__(self) -> None:
        for name in ("default_retry_ms", "jitter", "max_delay_ms", "min_backoff_ms"):
            if not getattr(self, name) >= 0:
                raise Misuse(f"{name} must be 0 or more, not {getattr(self, name)!r}")
        if not self.factor >= 1:
            raise Misuse(f"factor must be 1 or more, not {self.factor!r}")

    def delay_ms(self, failures: int, retry_ms: int | None, random: Callable[[], float]) -> float:
        """The delay in milliseconds after ``failures`` consecutive failures (0: the connection brought events).

        The first failure waits what an end would, but no less than ``min_backoff_ms``; each further one ``factor``
        times as long, up to ``max_delay_ms``.

        ``retry_ms`` is what the server named, or None; the delay is never below it. ``random`` gives a number in
        [0, 1).
        """
        retry = self.default_retry_ms if retry_ms is None else retry_ms
        delay = max(retry, self._backoff_ms(failures, retry)) if failures else retry
        return delay * (1 + self.jitter * random())

    def _backoff_ms(self, failures: int, retry: float) -> float:
        try:
            delay = max(retry, self.min_backoff_ms) * self.factor ** (failures - 1)
        except OverflowError:
            return self.max_delay_ms
        return min(delay, self.max_delay_ms)
