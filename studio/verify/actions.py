"""The calls of the run that cause events, or may have caused them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from studio.contract import EventKey, EventType

ActionKind = Literal["create", "transition", "patch", "complete", "delete", "execute"]


class Action(NamedTuple):
    """One finished REST call: acknowledged by the service, or attempted with an outcome nobody knows."""

    kind: ActionKind
    task_id: str
    """The task; empty for a create whose answer never came: its event is then recognised by the title."""
    title: str
    sent_ns: int
    answered_ns: int
    """When the answer came, or when the caller gave up waiting for it."""
    acknowledged: bool
    """The service said that it did what was asked (2xx)."""
    key: EventKey | None
    """The event that the call owes when acknowledged, or may cause when not; None where there is none (delete)."""
    session_id: str
    """The session that an acknowledged execute started, else empty."""

    @property
    def target(self) -> str:
        """The status that the call leads to, empty if it changes none."""
        if self.key is None or self.key.type != EventType.STATUS_CHANGED:
            return ""
        return self.key.detail.partition(">")[2]

    @property
    def owed_type(self) -> str:
        """The type of the event that the call owes, empty if it owes none."""
        return self.key.type if self.key is not None else ""

    def to_row(self) -> list[Any]:
        """Plain lists, text and numbers, for the way from a worker to the master."""
        return [*self[:6], list(self.key) if self.key is not None else None, self.session_id]


def action_from_row(row: list[Any]) -> Action:
    """The inverse of ``Action.to_row``."""
    kind, task_id, title, sent_ns, answered_ns, acknowledged, key, session_id = row
    owed = EventKey(*key) if key is not None else None
    return Action(kind, task_id, title, sent_ns, answered_ns, acknowledged, owed, session_id)
