"""What the event hooks tell of connections becomes findings."""

from __future__ import annotations

from typing import cast

import pytest

from locust_eventsource.errors import (
    BadFraming,
    ConnectionLost,
    DialError,
    EventSourceError,
    IdleTimeout,
    IncompleteRead,
    RefusedResponse,
)
from locust_eventsource.stream import EventStream
from studio.check_log import CheckLog
from studio.stream_lives import StreamLives, how_it_ended


class FakeStream:
    name = "/api/events"
    url = "http://studio/api/events"


def lives() -> tuple[StreamLives, CheckLog, EventStream]:
    checks = CheckLog()
    return StreamLives(checks), checks, cast(EventStream, FakeStream())


def counts(checks: CheckLog) -> dict[str, dict[str, int]]:
    return {result.name: result.counts for result in checks.results()}


def test_a_connection_that_opens_is_an_event_stream_and_held_until_the_end() -> None:
    one, checks, stream = lives()
    one.connect(stream=stream, at_ns=1)
    assert counts(checks) == {"stream.content_type": {"passed": 1, "failed": 0}}
    one.end()
    assert counts(checks)["stream.held"] == {"passed": 1, "failed": 0}


def test_only_ends_that_nobody_asked_for_fail() -> None:
    one, checks, stream = lives()
    for deliberate in (True, False):
        one.connect(stream=stream, at_ns=0)
        one.disconnect(stream=stream, at_ns=2_000_000_000, error=None, deliberate=deliberate)
    assert counts(checks)["stream.held"] == {"passed": 1, "failed": 1}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "in order, with its last chunk"),
        (IncompleteRead("x"), "without its last chunk"),
        (ConnectionLost("reset by peer"), "by force (reset by peer)"),
        (IdleTimeout("nothing for 45 s"), "by its silence (nothing for 45 s)"),
        (BadFraming("no chunk"), "because of what it sent (no chunk)"),
    ],
)
def test_each_end_is_put_into_words(error: EventSourceError | None, words: str) -> None:
    assert how_it_ended(error).startswith(words)


def test_another_content_type_is_named_and_a_refusal_is_not() -> None:
    one, checks, stream = lives()
    one.failure(stream=stream, error=RefusedResponse("answered 503", 503), at_ns=1, final=True)
    one.failure(stream=stream, error=DialError("refused", "tcp"), at_ns=1, final=False)
    assert counts(checks) == {}
    one.failure(stream=stream, error=RefusedResponse("the Content-Type is 'text/plain'", 200), at_ns=1, final=True)
    (result,) = checks.results()
    assert (result.name, result.verdict) == ("stream.content_type", "fail")
    assert "text/plain" in str(result.offenders[0]["what"])


def test_an_end_that_the_run_itself_brought_about_is_held_against_nobody() -> None:
    checks, stream = CheckLog(), cast(EventStream, FakeStream())
    one = StreamLives(checks, excuses=lambda at_ns: at_ns == 5)
    one.connect(stream=stream, at_ns=1)
    one.disconnect(stream=stream, at_ns=5, error=IncompleteRead("cut"), deliberate=False)
    one.end()
    assert counts(checks).get("stream.held", {"failed": 0})["failed"] == 0
