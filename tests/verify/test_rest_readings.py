"""What GETs showed of tasks: told once a change, and only of tasks that the judge knows."""

from __future__ import annotations

import pytest

from studio.verify import capture as capture_module
from studio.verify.actions import Action
from studio.verify.capture import Capture
from studio.verify.judge import Judge
from studio.verify.task_stories import Span


def test_only_what_differs_from_the_last_reading_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_module, "_READ_KEPT", 1)
    capture = Capture()
    for at_ns, status in ((1, "todo"), (2, "todo"), (3, "planning")):
        capture.read("t", at_ns, status)
    capture.read("u", 4, "todo")
    capture.read("t", 5, "planning")
    assert [row[1] for row in capture.take(10)["readings"]] == [1, 3, 4, 5]
    assert capture.take(20)["readings"] == []


def test_a_reading_is_part_of_the_life_of_its_task() -> None:
    capture, judge = Capture(), Judge()
    capture.acted(Action("create", "t", "title", 1, 2, True, None, ""))
    capture.read("t", 5, "planning")
    capture.read("theirs", 6, "done")
    judge.add("w", capture.take(10))
    judge.finish()
    (picked,) = judge.stories.picked()
    assert Span("REST status", "planning", 5, None) in picked.life.spans
