"""Recorded activity streams: each by itself, and those of one session held against each other."""

from __future__ import annotations

from collections.abc import Sequence

from studio.recordings.stream_file import Recording
from studio.verify import activity
from studio.verify.findings import Finding
from studio.verify.readings import Excerpts, Reading


def judged(recordings: Sequence[Recording]) -> list[Finding]:
    """Judge the readings. Those that share a message are of one session: no two messages of a service are alike."""
    excerpts = Excerpts()
    readings = [_reading(recording, excerpts) for recording in recordings]
    findings = [finding for reading in readings for finding in activity.complete(reading, recording=reading.reader)]
    for group in _by_session(readings):
        if len(group) > 1:
            ended_ns = min(reading.ended_ns for reading in group)
            live = [reading for reading in group if reading.joined_ns < ended_ns]
            late = [reading for reading in group if reading.joined_ns >= ended_ns]
            findings += activity.compared(live, late)
    return findings


class _Recorded(Reading):
    """A reading, and when its last message came."""

    ended_ns = 0


def _reading(recording: Recording, excerpts: Excerpts) -> _Recorded:
    reading = _Recorded(recording.name, recording.opened_ns, excerpts)
    for event, at_ns in recording.arrivals:
        reading.took(event.type, event.last_event_id, event.data)
        reading.ended_ns = at_ns
    return reading


def _by_session(readings: Sequence[_Recorded]) -> list[list[_Recorded]]:
    groups: list[tuple[set[int], list[_Recorded]]] = []
    for reading in readings:
        digests, members = set(reading.digests), [reading]
        for group in [group for group in groups if group[0] & digests]:
            groups.remove(group)
            digests |= group[0]
            members = [*group[1], *members]
        groups.append((digests, members))
    return [members for _, members in groups]
