"""Idle limits for any number of connections with one timer: a sweep a second instead of a timer each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import gevent

if TYPE_CHECKING:
    from gevent.hub import Hub

_INTERVAL_S = 1.0


class Swept(Protocol):
    """What the sweep looks at: when it was heard last (monotonic ns) and how long it may be silent."""

    idle_limit_ns: int

    @property
    def heard_ns(self) -> int:
        """When it was heard last."""

    def went_idle(self) -> None:
        """Called once a sweep while the silence is longer than the limit."""


class Sweep:
    """The idle limits of one gevent loop. The timer runs only while there is something to look at."""

    def __init__(self, hub: Hub) -> None:
        self._members: dict[Swept, None] = {}
        self._timer = hub.loop.timer(_INTERVAL_S, _INTERVAL_S)

    def add(self, member: Swept) -> None:
        """Look at ``member`` from now on."""
        if not self._members:
            self._timer.start(self._sweep)
        self._members[member] = None

    def discard(self, member: Swept) -> None:
        """Forget ``member``; nothing happens if it is unknown."""
        self._members.pop(member, None)
        if not self._members:
            self._timer.stop()

    def __len__(self) -> int:
        return len(self._members)

    def _sweep(self) -> None:
        now_ns = time.monotonic_ns()
        for member in list(self._members):
            if now_ns - member.heard_ns > member.idle_limit_ns and member in self._members:
                member.went_idle()


_sweeps: WeakKeyDictionary[Hub, Sweep] = WeakKeyDictionary()


def current_sweep() -> Sweep:
    """The sweep of the calling thread's gevent loop."""
    hub = gevent.get_hub()
    sweep = _sweeps.get(hub)
    if sweep is None:
        sweep = _sweeps[hub] = Sweep(hub)
    return sweep
