"""A task that a scenario moves on whenever it needs an event."""

from __future__ import annotations

from typing import Final

from scenarios.triggers import PATH
from scenarios.user import StudioUser
from studio.contract import EventKey, EventType

_DESCRIPTION: Final = "Made by a load test for its events; it is deleted at once."


class RefusedCall(Exception):
    """The service did not do what it was asked; the message says which call, and what came."""


class MovedTask:
    """A new task. Each ``move`` makes one event; there are as many as statuses after the first.

    Raises `RefusedCall` when the service does not create it.
    """

    def __init__(self, user: StudioUser, title: str) -> None:
        self._user = user
        self._step = 0
        answer = user.api.create(user.load.title(title), _DESCRIPTION)
        if not answer.ok:
            raise RefusedCall(f"creating a task: {answer.problem}")
        self.id = str(answer.body["id"])

    @property
    def created(self) -> EventKey:
        """The fact that its creation is announced by."""
        return EventKey(self.id, EventType.TASK_CREATED, "")

    @property
    def moves_left(self) -> int:
        """How often it can still be moved."""
        return len(PATH) - 1 - self._step

    def move(self) -> EventKey:
        """Move it to the next status; returns the fact that is announced. Raises `RefusedCall`."""
        before, after = PATH[self._step], PATH[self._step + 1]
        answer = self._user.api.transition(self.id, before, after)
        if not answer.ok:
            raise RefusedCall(f"moving a task to {after}: {answer.problem}")
        self._step += 1
        return EventKey(self.id, EventType.STATUS_CHANGED, f"{before}>{after}")

    def delete(self) -> None:
        """Delete it."""
        self._user.api.delete(self.id)
