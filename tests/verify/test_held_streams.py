"""Streams that are held, and those that end unasked."""

from __future__ import annotations

from studio.verify.held import OpenStreams

SECOND = 1_000_000_000


def test_streams_that_the_tester_closes_and_those_still_open_were_held() -> None:
    streams = OpenStreams()
    for number in range(3):
        streams.opened(number, "/api/events", 0)
    assert [finding.verdict for finding in streams.closed(0)] == ["pass"]
    assert streams.closed(0) == []
    assert [finding.verdict for finding in streams.still_open()] == ["pass", "pass"]
    assert streams.still_open() == []


def test_an_end_is_told_with_the_life_before_it() -> None:
    streams = OpenStreams()
    streams.opened("a", "/api/events", 10 * SECOND)
    (finding,) = streams.ended("a", 12 * SECOND, "without its last chunk")
    assert finding.verdict == "fail"
    assert finding.what == "/api/events: a stream was ended without its last chunk after 2.0 s"
    assert (finding.evidence["lived_s"], finding.evidence["how"]) == (2.0, "without its last chunk")
    assert streams.ended("a", 13 * SECOND, "without its last chunk") == []


def test_further_ends_show_that_they_come_after_the_same_time() -> None:
    streams = OpenStreams()
    for number, lived_s in enumerate((2, 2.1, 3)):
        streams.opened(number, "/api/events", 0)
        (finding,) = streams.ended(number, int(lived_s * SECOND), "by force")
    assert finding.what.endswith("after 3.0 s (3 so far, after 2.0 to 3.0 s, 2.1 s at the median)")
