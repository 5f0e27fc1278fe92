"""Whether streams lived until the tester closed them, and how long those had lived that did not."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from statistics import median
from typing import Final

from studio.verify.findings import Check, Finding, failed, passed

HELD: Final = "stream.held"

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        name=HELD,
        holds="no open stream was ended by the service or the network",
        promise="every connection of a stream stayed open until the tester itself closed it",
        blind="connections that scenarios read by hand; a half-open one, until `--idle-timeout` is over; who on the "
        "way ended it",
        unknown="never",
    ),
)

_SECOND: Final = 1_000_000_000
_KEPT: Final = 1_000
"""Life times that are remembered."""


class OpenStreams:
    """The connections of one process. A stream is any hashable object that stands for it."""

    def __init__(self) -> None:
        self._open: dict[Hashable, tuple[str, int]] = {}
        self._lives_s: deque[float] = deque(maxlen=_KEPT)
        self._ended = 0

    def opened(self, stream: Hashable, name: str, at_ns: int) -> None:
        """A connection of the stream is open."""
        self._open[stream] = name, at_ns

    def closed(self, stream: Hashable) -> list[Finding]:
        """The tester closed it."""
        return [passed(HELD)] if self._open.pop(stream, None) else []

    def ended(self, stream: Hashable, at_ns: int, how: str) -> list[Finding]:
        """It ended without the tester's doing; ``how`` completes "a stream was ended ..."."""
        known = self._open.pop(stream, None)
        if known is None:
            return []
        name, opened_ns = known
        lived_s = (at_ns - opened_ns) / _SECOND
        self._lives_s.append(lived_s)
        self._ended += 1
        what = f"{name}: a stream was ended {how} after {lived_s:.1f} s{self._so_far()}"
        return [
            failed(HELD, what, stream=name, opened_ns=opened_ns, ended_ns=at_ns, lived_s=round(lived_s, 3), how=how)
        ]

    def still_open(self) -> list[Finding]:
        """The run is over: what is open by now was held."""
        held = [passed(HELD) for _ in self._open]
        self._open.clear()
        return held

    def _so_far(self) -> str:
        if self._ended == 1:
            return ""
        low, high = min(self._lives_s), max(self._lives_s)
        return f" ({self._ended} so far, after {low:.1f} to {high:.1f} s, {median(self._lives_s):.1f} s at the median)"
