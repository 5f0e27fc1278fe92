"""What happens at the very nanosecond of a limit."""

from __future__ import annotations

from studio.verify.actions import Action
from studio.verify.ownership import TaskLog
from studio.verify.readings import Excerpts
from studio.verify.slots import SlotTable
from studio.verify.timeline import Timeline
from studio.verify.weighing import weigh


def _timeline(opened_ns: int, heard_ns: int) -> Timeline:
    timeline = Timeline()
    timeline.heard_ns = heard_ns
    timeline.apply([[0, 0, opened_ns, True, None]])
    return timeline


def test_a_stream_that_opened_at_the_cause_must_have_the_event() -> None:
    timeline = _timeline(opened_ns=100, heard_ns=500)
    assert timeline.open_through("t", 100, 200) == 1
    assert timeline.open_through("t", 99, 200) == 0


def test_so_does_one_whose_opening_is_only_remembered() -> None:
    timeline = _timeline(opened_ns=100, heard_ns=500)
    timeline.forget(150)
    assert timeline.open_through("t", 100, 200) == 1
    assert timeline.open_through("t", 99, 200) == 0


def test_a_worker_whose_word_reaches_to_the_very_end_is_asked() -> None:
    assert weigh({"w": _timeline(0, heard_ns=200)}, "t", 100, 200, 200, {}).expected == 1
    assert weigh({"w": _timeline(0, heard_ns=199)}, "t", 100, 200, 200, {}).expected == 0


def test_a_silent_worker_whose_word_reaches_to_the_settling_is_held_to_it() -> None:
    timeline = _timeline(0, heard_ns=300)
    timeline.silent = True
    assert weigh({"w": timeline}, "t", 100, 200, 300, {}).lost == {"w": 1}
    assert weigh({"w": timeline}, "t", 100, 200, 301, {}).lost == {}


def test_a_call_sent_at_the_very_moment_is_before() -> None:
    log = TaskLog("t", "t")
    log.add_action(Action("execute", "t", "", 100, 110, True, None, ""))
    assert log._before(100) == log.actions
    assert log._before(99) == []
    log.forget_actions(110)
    assert len(log.actions) == 1
    log.forget_actions(111)
    assert log.actions == []


def test_a_slot_is_taken_back_only_after_the_whole_time() -> None:
    table = SlotTable(50)
    table.open(7, 0, None)
    table.close(7, 100)
    assert table.release(150) == 0
    assert table.release(151) == 1


def test_a_message_that_just_fits_is_kept_whole() -> None:
    excerpts = Excerpts()
    excerpts.keep(1, "x" * 160)
    excerpts.keep(2, "x" * 161)
    assert excerpts.of(1) == "x" * 160
    assert excerpts.of(2) == "x" * 160 + "..."
