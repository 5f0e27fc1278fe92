"""What can be wrong with an event of the run's own tasks, and by which check that is judged."""

from __future__ import annotations

from typing import Final, NamedTuple

UNEXPECTED: Final = "delivery.unexpected"
TRANSITIONS: Final = "lifecycle.transitions"
AFTER_DONE: Final = "lifecycle.after_done"


class Fault(NamedTuple):
    """Why an event should not have been."""

    check: str
    """The check that judges it: nothing caused the event, it contradicts what was, or it came after the end."""
    why: str
    doubtful: bool = False
    """An event is known to be missing before it, which may be all that is wrong."""
