"""Waiting until all users of a run are there, for what must not begin in the middle of the crowd."""

from __future__ import annotations

from locust.runners import STATE_RUNNING

import time
from typing import Final

from scenarios.user import StudioUser

_QUIET_S: Final = 0.5
_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.01


def wait_until_spawned(user: StudioUser) -> bool:
    """Wait until the process opens no more streams; False when the run ends first."""
    load = user.load
    deadline, changed, before = time.monotonic() + _WITHIN_S, time.monotonic(), -1
    while time.monotonic() < deadline:
        runner, now = user.environment.runner, load.connections.open_now
        if now != before or runner is None or runner.state != STATE_RUNNING:
            changed, before = time.monotonic(), now
        if time.monotonic() - changed >= _QUIET_S:
            return True
        if load.stopping.wait(_LOOK_EVERY_S):
            return False
    return True
