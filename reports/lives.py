"""Records of the result that follow the run over time: its pace, and the lives of some of its tasks."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pace:
    """What happened in each ``step_s`` seconds: lists of [seconds since the start, how many], without empty steps."""

    step_s: int = 1
    intended: list[list[float]] = field(default_factory=list)
    """Triggers that were due by the schedule."""
    sent: list[list[float]] = field(default_factory=list)
    """Calls that were sent and owe an event, if the service did as they ask."""
    events: list[list[float]] = field(default_factory=list)
    """Distinct events that came on any global stream."""
    lost: list[list[float]] = field(default_factory=list)
    """Deliveries that never came, by the time of their event."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A span or a point in the life of a task, in seconds since the start; ``to_s`` is null for a point."""

    lane: str
    """``call``, ``session``, ``stream status`` or ``REST status``."""
    what: str
    at_s: float
    to_s: float | None = None
    good: bool = True


@dataclass(frozen=True, slots=True)
class TaskStory:
    """One task of the run: what was asked, what the stream told and what REST said."""

    task_id: str
    title: str
    picked: str
    """Why it is told: ``slowest``, ``median`` or ``failed``."""
    wait_s: float
    """The longest wait of its calls for the answer or for the event that they cause."""
    moments: list[Moment] = field(default_factory=list)
