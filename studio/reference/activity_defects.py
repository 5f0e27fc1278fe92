"""How the activity of a session can be wrong: empty, cut, in another order, or with a hole before its live messages."""

from __future__ import annotations

from typing import Final

from studio.reference import switches as fault
from studio.reference.faults import Faults
from studio.reference.model import Message

_SWAP_EVERY: Final = 8
"""The first two of so many messages change places, which moves 3 of about 25."""


class ActivityDefects:
    """The switches that change what is kept of an activity and what its readers get."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._emptied: dict[str, bool] = {}
        self.gap = fault.ACTIVITY_GAP in faults
        """Who joins between a session's messages misses the next one."""

    def empties(self, session_id: str) -> bool:
        """Whether the session's messages are forgotten; drawn once a session."""
        if session_id not in self._emptied:
            self._emptied[session_id] = self._faults.strikes(fault.ACTIVITY_EMPTY)
        return self._emptied[session_id]

    def finished(self, session_id: str) -> None:
        """The session is over."""
        self._emptied.pop(session_id, None)

    def history(self, messages: list[Message], position: int, *, over: bool) -> list[Message]:
        """What a reader gets for a slice of the history that begins at ``position``; ``over``: the session ended."""
        most = self._faults.count(fault.ACTIVITY_TRUNCATED)
        if most:
            messages = messages[: max(0, most - position)]
        if over and fault.ACTIVITY_REORDERED in self._faults:
            messages = _swapped(messages)
        return messages


def _swapped(messages: list[Message]) -> list[Message]:
    """Neighbours changed places; the first message and the last, ``finished``, stay."""
    swapped = messages.copy()
    for place in range(1, len(messages) - 2, _SWAP_EVERY):
        swapped[place], swapped[place + 1] = messages[place + 1], messages[place]
    return swapped
