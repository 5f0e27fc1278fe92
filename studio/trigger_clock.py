"""Trigger to event on one clock: which trigger caused an event, and when it was meant to be sent.

The event often beats the answer to its POST, so triggers are entered before they are sent: a creation by its title,
which is unique in the run, and everything else by the event's key.
"""

from __future__ import annotations

from collections import OrderedDict

from studio.contract import Envelope, EventKey, EventType

_REMEMBERED = 20_000
"""Triggers kept; the event of an older one no longer finds it."""


class TriggerClock:
    """Intended send times of the triggers of this process."""

    def __init__(self) -> None:
        self._intended: OrderedDict[EventKey | str, int] = OrderedDict()

    def expect_creation(self, title: str, intended_ns: int) -> None:
        """A task with this title is about to be created."""
        self._enter(title, intended_ns)

    def expect(self, key: EventKey, intended_ns: int) -> None:
        """A call that causes this event is about to be sent."""
        self._enter(key, intended_ns)

    def expect_session(self, task_id: str, intended_ns: int) -> None:
        """An execute of this task is about to be sent; the session's id is known only from its answer."""
        self._enter(f"session of {task_id}", intended_ns)

    def intended_ns(self, envelope: Envelope) -> int | None:
        """When the trigger of this event was meant to be sent; None for an event that no trigger here caused."""
        if envelope.type == EventType.TASK_CREATED:
            return self._intended.get(str(envelope.fields.get("title")))
        if envelope.type == EventType.SESSION_STARTED:
            return self._intended.get(f"session of {envelope.task_id}")
        return self._intended.get(envelope.key)

    def _enter(self, name: EventKey | str, intended_ns: int) -> None:
        self._intended[name] = intended_ns
        if len(self._intended) > _REMEMBERED:
            self._intended.popitem(last=False)
