"""A run that only measures: nothing is kept, and the judge says that it cannot say."""

from __future__ import annotations

from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.judge import Judge
from studio.verify.unverified import Unverified


def test_nothing_that_happens_is_kept() -> None:
    capture, judge = Unverified(), Judge()
    capture.stream_opened(0, 1)
    capture.acted(Action("create", "t", "title", 1, 2, True, None, ""))
    envelope = Envelope("e", "task.created", 1, 1, {"task_id": "t", "title": "title"})
    assert all(capture.arrived(0, envelope, at_ns, replayed=False) for at_ns in (2, 3))
    assert capture.lacking(EventKey("t", "task.created", ""), [0]) == ("", [])
    capture.stream_closed(0, 4)
    judge.add("w", capture.take(5))
    judge.finish()
    assert judge.tally.arrivals == judge.tally.expected == 0
    assert judge.retained == Judge().retained
