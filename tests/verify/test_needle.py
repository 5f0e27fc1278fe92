"""One fault in a million deliveries is found and named, on one process and on two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.capture import Capture
from studio.verify.judge import Judge
from tests.verify.verify_world import MS, SECOND, envelope, over_the_wire

STREAMS, EVENTS = 1_000, 1_000
EVENT, STREAM = 617, 389
"""Where the fault is."""


class Arrived(NamedTuple):
    event: Envelope
    call: Action
    at_ns: int


def happenings() -> Iterator[Arrived]:
    """A thousand tasks are created, a hundred a second."""
    for number in range(EVENTS):
        task, sent_ns = f"t{number}", SECOND + number * 10 * MS
        event = envelope(f"e{number}", "task.created", task, sent_ns / MS + 0.5, title="")
        call = Action("create", task, "", sent_ns, sent_ns + MS, True, EventKey(task, "task.created", ""), "")
        yield Arrived(event, call, sent_ns + 2 * MS)


def with_fault(came: list[Arrived], fault: str) -> list[Arrived]:
    """What the one stream gets."""
    at = next((place for place, arrived in enumerate(came) if arrived.event.id == f"e{EVENT}"), None)
    if at is None:
        return came
    needle, after = came[at], came[at + 1]
    instead = {"drop": [after], "duplicate": [needle, needle, after], "swap": [after, needle], "": [needle, after]}
    return [*came[:at], *instead[fault], *came[at + 2 :]]


def deliver(capture: Capture, streams: range, came: list[Arrived], fault: str) -> None:
    """Each stream of one process gets its events, in the order in which the service writes them."""
    others = [stream for stream in streams if stream != STREAM]
    for event, _, at_ns in came:
        for stream in others:
            capture.arrived(stream, event, at_ns, replayed=False)
    if STREAM in streams:
        for event, _, at_ns in with_fault(came, fault):
            capture.arrived(STREAM, event, at_ns, replayed=False)


def judged(workers: int, fault: str) -> Judge:
    """The run in which stream 389 meets the fault at event 617."""
    judge, came = Judge(), list(happenings())
    captures = [Capture() for _ in range(workers)]
    for stream in range(STREAMS):
        captures[stream % workers].stream_opened(stream, 0)
    for second in range(EVENTS // 100):
        batch = came[second * 100 : second * 100 + 100]
        for worker, capture in enumerate(captures):
            deliver(capture, range(worker, STREAMS, workers), batch, fault)
        for arrived in batch:
            captures[0].acted(arrived.call)
        now_ns = (second + 2) * SECOND
        for worker, capture in enumerate(captures):
            judge.add(f"w{worker}", over_the_wire(capture.take(now_ns)))
        judge.settle(now_ns)
    for worker, capture in enumerate(captures):
        judge.add(f"w{worker}", over_the_wire(capture.take(60 * SECOND)))
    judge.finish()
    return judge


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        ("drop", "delivery.lost", "reached 999 of the 1000 streams that were open for it; 1 did not get it"),
        ("duplicate", "delivery.duplicated", "came more than once on 1 of the streams"),
        ("swap", "delivery.reordered", f"came after task.created (e{EVENT + 1}), which comes later everywhere else"),
    ],
)
def test_one_in_a_million_is_found_and_named(workers: int, fault: str, check: str, words: str) -> None:
    judge = judged(workers, fault)
    results = {result.name: result for result in judge.checks()}
    assert [name for name, result in results.items() if result.verdict != "pass"] == [check]
    assert judge.tally.expected == STREAMS * EVENTS
    assert results[check].counts[check.partition(".")[2]] == 1
    (offender,) = results[check].offenders
    assert (offender["event_id"], offender["task_id"]) == (f"e{EVENT}", f"t{EVENT}")
    assert offender["streams"] == [f"w{STREAM % workers}/{STREAM}"]
    assert words in str(offender["what"])
    assert f"Behind it is the create of task t{EVENT}" in str(offender["what"])


def test_a_million_without_a_fault_pass() -> None:
    judge = judged(2, "")
    assert {result.verdict for result in judge.checks()} == {"pass"}
    assert judge.tally.delivered == judge.tally.arrivals == STREAMS * EVENTS
