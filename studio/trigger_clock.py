"""Trigger to event on one clock: which trigger caused an event, when it was meant to be sent and when it was sent.

The event often beats the answer to its POST, so triggers are entered before they are sent: a creation by its title,
which is unique in the run, and everything else by the event's key. The API notes the time of sending on the trigger
itself, also before it sends. So an event finds both times, whenever it comes.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass

from studio.contract import Envelope, EventKey, EventType
from studio.marks import short_title

_REMEMBERED = 20_000
"""Triggers kept; the event of an older one no longer finds it."""


@dataclass(slots=True)
class Trigger:
    """One request that causes an event; times are nanoseconds since the epoch."""

    intended_ns: int
    """When the schedule wanted it to be sent."""
    sent_ns: int | None = None
    """When its first byte left, as close as the API can tell; None before."""


class TriggerClock:
    """The triggers of this process."""

    def __init__(self) -> None:
        self._triggers: OrderedDict[EventKey | str, Trigger] = OrderedDict()
        self._due: Counter[int] = Counter()

    def expect_creation(self, title: str, intended_ns: int) -> Trigger:
        """A task with this title is about to be created."""
        return self._enter(short_title(title), intended_ns)

    def expect(self, key: EventKey, intended_ns: int) -> Trigger:
        """A call that causes this event is about to be sent."""
        return self._enter(key, intended_ns)

    def expect_session(self, task_id: str, intended_ns: int) -> Trigger:
        """An execute of this task is about to be sent; the session's id is known only from its answer."""
        return self._enter(f"session of {task_id}", intended_ns)

    def trigger_of(self, envelope: Envelope) -> Trigger | None:
        """The trigger of this event; None for an event that no trigger here caused."""
        if envelope.type == EventType.TASK_CREATED:
            return self._triggers.get(short_title(str(envelope.fields.get("title"))))
        if envelope.type == EventType.SESSION_STARTED:
            return self._triggers.get(f"session of {envelope.task_id}")
        return self._triggers.get(envelope.key)

    def take_due(self) -> list[list[int]]:
        """How many triggers were due in each second since 1970, of those entered since the last call."""
        due, self._due = self._due, Counter()
        return [[second, n] for second, n in due.items()]

    def _enter(self, name: EventKey | str, intended_ns: int) -> Trigger:
        trigger = self._triggers[name] = Trigger(intended_ns)
        self._due[intended_ns // 1_000_000_000] += 1
        if len(self._triggers) > _REMEMBERED:
            self._triggers.popitem(last=False)
        return trigger
