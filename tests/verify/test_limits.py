"""Refusals at the limit of streams, limits that were stated, and the streams that were open."""

from __future__ import annotations

from typing import Any

import pytest

from studio.verify.limits import (
    CHECKS,
    ENFORCED,
    REFUSED,
    UNHARMED,
    Attempt,
    HeldStream,
    enforced,
    how,
    refusal_problems,
    refused,
    unharmed,
)

CLEAN = Attempt(61, 8, 0.01, status=503, retry_after="1", body='{"error":"full"}', end="complete")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["1", " 120", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_refusal_with_a_reason_and_a_time_is_clean(status: int, retry_after: str) -> None:
    finding = refused(CLEAN._replace(status=status, retry_after=retry_after))
    assert (finding.check, finding.verdict) == (REFUSED, "pass")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"problem": "connection refused"}, "no connection came about: connection refused"),
        ({"status": None, "end": "reset"}, "its connection was reset without an answer"),
        ({"status": None, "end": "complete"}, "its connection was closed without an answer"),
        ({"status": None, "end": "cut"}, "its connection was closed without an answer"),
        ({"status": None, "end": "malformed"}, "its answer was no valid HTTP"),
        ({"status": None, "end": "open", "waited_s": 5.0}, "no answer within 5.0 s: the service let it hang"),
        ({"status": 200, "silent_for": 3}, "accepted with 200 and got none of the 3 events that came meanwhile"),
        ({"status": 500, "body": " oops "}, "answered 500, where 429 or 503 says that there is no room: oops"),
        ({"status": 404, "body": ""}, "there is no room: without a word"),
        ({"body": " "}, "the 503 carries no reason in its body"),
        ({"retry_after": None}, "the 503 carries no Retry-After"),
        ({"retry_after": "soon"}, "its Retry-After 'soon' is neither seconds nor a date"),
        ({"retry_after": "-1"}, "its Retry-After '-1' is neither"),
    ],
)
def test_what_is_unclean_is_said_in_words(changed: dict[str, Any], says: str) -> None:
    finding = refused(CLEAN._replace(**changed))
    assert finding.verdict == "fail"
    assert says in finding.what
    assert finding.what.startswith("stream 61 of the probe (8 others were open): ")
    assert finding.evidence["number"] == 61


def test_everything_that_is_wrong_is_said() -> None:
    assert len(refusal_problems(CLEAN._replace(body="", retry_after=None))) == 2
    long = refused(CLEAN._replace(retry_after=None, body="x" * 5_000))
    assert len(str(long.evidence["body"])) == 200


def test_silence_of_a_service_that_was_behind_before_is_no_refusal() -> None:
    silent = Attempt(61, 8, 5.0, end="open")
    finding = refused(silent, "with 40 streams, connecting took 205 ms")
    assert finding.verdict == "unknown"
    assert finding.what == "no answer came, and the service was behind before: with 40 streams, connecting took 205 ms"
    assert refused(silent).verdict == "fail"
    for told in (silent._replace(end="reset"), CLEAN._replace(status=500)):
        assert refused(told, "with 40 streams, connecting took 205 ms").verdict == "fail"


def test_how_it_was_refused_in_a_few_words() -> None:
    assert how(CLEAN) == 'refused with 503 ({"error":"full"})'
    assert how(CLEAN._replace(status=None, end="reset")) == "its connection was reset without an answer"


@pytest.mark.parametrize(
    ("held", "others", "refused_next", "all_known", "verdict"),
    [
        (52, (8, 8), True, True, "pass"),
        (51, (8, 9), True, True, "pass"),
        (52, (7, 9), True, True, "pass"),
        (53, (8, 8), True, True, "fail"),
        (61, (0, 0), False, False, "fail"),
        (50, (8, 9), True, True, "fail"),
        (50, (8, 9), True, False, "unknown"),
        (20, (8, 8), False, True, "unknown"),
        (52, (8, 8), False, True, "unknown"),
    ],
)
def test_a_stated_limit_is_neither_passed_nor_undercut(
    held: int, others: tuple[int, int], refused_next: bool, all_known: bool, verdict: str
) -> None:
    finding = enforced(60, held, *others, refused_next=refused_next, all_known=all_known)
    assert (finding.check, finding.verdict) == (ENFORCED, verdict)


def test_which_way_a_stated_limit_was_missed() -> None:
    over = enforced(60, 61, 3, 4, refused_next=True, all_known=True)
    assert "is to hold 60 streams, and held 64 at the same time (61 of the probe and 3 others)" in over.what
    assert over.evidence == {"limit": 60, "held": 61, "others": [3, 4]}
    under = enforced(60, 10, 3, 4, refused_next=True, all_known=True)
    assert "is to hold 60 streams, and refused one more than 14" in under.what
    assert "other processes" in enforced(60, 10, 3, 4, refused_next=True, all_known=False).what
    assert (
        "ended at 14 streams, before the limit of 60" in enforced(60, 10, 3, 4, refused_next=False, all_known=True).what
    )


def test_an_open_stream_with_all_its_events_is_unharmed() -> None:
    finding = unharmed(HeldStream("stream 3 of the probe", "open", None), after="the refusal of stream 61")
    assert (finding.check, finding.verdict) == (UNHARMED, "pass")


@pytest.mark.parametrize(("after_s", "says"), [(0.004, "0.004 s after"), (0.0, "0.000 s after"), (-1.0, "before")])
def test_an_open_stream_that_ended_is_harmed(after_s: float, says: str) -> None:
    finding = unharmed(
        HeldStream("stream 3 of the probe", "reset", after_s, 4, ("x",)), after="the refusal of stream 61"
    )
    assert finding.verdict == "fail"
    assert f"stream 3 of the probe was open and ended (reset) {says} the refusal of stream 61" in finding.what


def test_an_open_stream_that_lost_events_is_harmed() -> None:
    titles = tuple(f"task {number}" for number in range(7))
    finding = unharmed(HeldStream("stream 3 of the probe", "open", None, 9, titles), after="the refusal of stream 61")
    assert finding.verdict == "fail"
    assert "lost 7 of 9 events: the creation of task 0, task 1, task 2, task 3, task 4" in finding.what
    assert finding.evidence["missing"] == list(titles[:5])


def test_the_checks_are_documented() -> None:
    assert [check.name for check in CHECKS] == [REFUSED, ENFORCED, UNHARMED]
