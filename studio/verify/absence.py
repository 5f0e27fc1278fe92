"""Streams that were all cut at once and came back at once: whether each has what happened while they were away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from studio.contract import EventKey
from studio.verify.findings import Finding, failed, passed, unknown
from studio.verify.replay import COMPLETE

_NAMED: Final = 10


class Absence(NamedTuple):
    """Who lacks one event."""

    key: EventKey
    event_id: str
    """Empty where nobody had it."""
    lacking: Sequence[int]
    """Numbers of the streams that have not had it, and were not told that nothing can be replayed."""
    refused: int
    """How many have not had it and were told so."""


class Storm(NamedTuple):
    """Streams cut at once, each with a Last-Event-ID, after their return."""

    cut: int
    returned: int
    """How many of them were open again; only those are judged."""
    cut_ns: int
    absences: Sequence[Absence]
    """For each event that was caused while they were away."""


def judge_storm(storm: Storm) -> Finding:
    """Whether the replay of all of them joined without a hole."""
    if not storm.returned:
        return unknown(COMPLETE, f"none of {storm.cut} streams that were reset at once came back in time")
    holes = [absence for absence in storm.absences if absence.lacking]
    if holes:
        return _hole(storm, max(holes, key=lambda absence: len(absence.lacking)))
    refused = max((absence.refused for absence in storm.absences), default=0)
    if refused:
        why = f"{refused} of {storm.returned} streams that were reset at once were told that nothing can be replayed"
        return unknown(COMPLETE, why)
    return passed(COMPLETE)


def _hole(storm: Storm, worst: Absence) -> Finding:
    key = worst.key
    what = (
        f"{storm.cut} streams were reset at once: {len(worst.lacking)} of the {storm.returned} that came back with "
        f"their Last-Event-ID got {key.type} {key.detail} neither replayed nor live".replace("  ", " ")
    )
    return failed(
        COMPLETE,
        what,
        again=f"locust --headless --host $HOST --scenario-streams {storm.cut} -t 10s ReconnectStormUser",
        event_id=worst.event_id,
        task_id=key.task_id,
        streams=list(worst.lacking[:_NAMED]),
        stream_count=len(worst.lacking),
        cut_ns=storm.cut_ns,
    )
