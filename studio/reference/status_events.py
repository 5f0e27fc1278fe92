"""The event that tells a changed status."""

from __future__ import annotations

import asyncio
from functools import partial

from studio.contract import EventType
from studio.reference import switches as fault
from studio.reference.faults import Faults
from studio.reference.hub import EventHub
from studio.reference.model import Task


class StatusEvents:
    """Publishes ``task.status_changed``."""

    def __init__(self, hub: EventHub, faults: Faults) -> None:
        self._hub = hub
        self._late_s = faults.seconds(fault.LATE_STATUS)

    def publish(self, before: Task, after: Task) -> None:
        """Tell the change of a status, if it changed; it must be in the database already."""
        if after.status is before.status:
            return
        tell = partial(
            self._hub.publish,
            EventType.STATUS_CHANGED,
            task_id=after.id,
            from_status=before.status,
            to_status=after.status,
        )
        if self._late_s:
            asyncio.get_running_loop().call_later(self._late_s, tell)
        else:
            tell()
