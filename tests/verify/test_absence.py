"""Streams cut at once: who lacks what happened while they were away, and what that says of the replay."""

from __future__ import annotations

from studio.contract import EventKey
from studio.verify.absence import Absence, Storm, judge_storm
from studio.verify.capture import Capture
from studio.verify.findings import Finding
from studio.verify.unverified import Unverified
from tests.verify.verify_world import envelope

CREATED = EventKey("t", "task.created", "")
MOVED = EventKey("t", "task.status_changed", "todo>planning")


def storm(*absences: Absence, returned: int = 5) -> Finding:
    """What five streams that were cut say."""
    return judge_storm(Storm(5, returned, 1_000, absences))


def test_a_storm_after_which_nobody_lacks_anything_passes() -> None:
    assert storm(Absence(CREATED, "e1", [], 0), Absence(MOVED, "e2", [], 0)).verdict == "pass"
    assert storm().verdict == "pass"


def test_the_event_that_most_streams_lack_is_named() -> None:
    found = storm(Absence(CREATED, "e1", [3], 1), Absence(MOVED, "e2", [1, 3], 0), returned=4)
    assert (found.check, found.verdict) == ("replay.complete", "fail")
    assert found.what == (
        "5 streams were reset at once: 2 of the 4 that came back with their Last-Event-ID got task.status_changed "
        "todo>planning neither replayed nor live"
    )
    assert found.evidence == {
        "again": "locust --headless --host $HOST --scenario-streams 5 -t 10s ReconnectStormUser",
        "event_id": "e2",
        "task_id": "t",
        "streams": [1, 3],
        "stream_count": 2,
        "cut_ns": 1_000,
    }
    assert "got task.created neither" in storm(Absence(CREATED, "e1", list(range(30)), 0)).what
    assert storm(Absence(CREATED, "e1", list(range(30)), 0)).evidence["streams"] == list(range(10))


def test_a_service_that_says_that_it_cannot_replay_leaves_it_open() -> None:
    found = storm(Absence(CREATED, "e1", [], 2), Absence(MOVED, "e2", [], 3))
    assert found.verdict == "unknown"
    assert found.what.startswith("3 of 5 streams")


def test_streams_that_do_not_come_back_say_nothing_of_the_replay() -> None:
    found = storm(Absence(CREATED, "e1", [], 0), returned=0)
    assert (found.verdict, found.what) == (
        "unknown",
        "none of 5 streams that were reset at once came back in time",
    )


def test_a_capture_knows_which_streams_lack_an_event() -> None:
    capture = Capture()
    for stream in range(3):
        capture.stream_opened(stream, 0)
    for stream in (0, 2):
        capture.arrived(stream, envelope("e1", "task.created", "t", 1), 2, replayed=False)
    capture.arrived(1, envelope("e2", "task.created", "other", 1), 2, replayed=False)
    capture.arrived(1, envelope("e3", "task.status_changed", "t", 1, from_status="a", to_status="b"), 2, replayed=True)
    assert capture.lacking(CREATED, [0, 1, 2, 7]) == ("e1", [1, 7])
    assert capture.lacking(EventKey("t", "task.status_changed", "a>b"), [1]) == ("e3", [])
    assert capture.lacking(MOVED, [0, 1]) == ("", [0, 1])


def test_a_capture_counts_what_streams_have_not_had_by_type() -> None:
    capture = Capture()
    for stream in range(3):
        capture.stream_opened(stream, 0)
    capture.arrived(0, envelope("e1", "task.created", "t", 1), 2, replayed=False)
    assert capture.outstanding([], [0, 1, 2]) == {}
    assert capture.outstanding([CREATED], [0]) == {}
    assert capture.outstanding([CREATED], [0, 1, 7]) == {"task.created": 1}
    assert capture.outstanding([CREATED, MOVED], [0, 1, 2]) == {"task.created": 2, MOVED.type: 3}
    assert Unverified().outstanding([CREATED], [0]) == {}
