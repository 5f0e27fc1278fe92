"""What happens at the very nanosecond of a limit."""

from __future__ import annotations

from studio.verify.actions import Action
from studio.verify.fanout import weigh_foreign
from studio.verify.ownership import TaskLog
from studio.verify.readings import Excerpts
from studio.verify.records import Arrival, EventRecord
from studio.verify.sessions import SessionBook
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


def test_streams_are_asked_for_a_strangers_event_whose_settling_they_have_just_seen() -> None:
    came = EventRecord(Arrival("e", "task.created", "t", "", "", 200, 200, 200, 200, 200, 0, 0, 0, 0, 0))
    assert weigh_foreign({"w": _timeline(0, heard_ns=300)}, came, 100).missed == {"w": 1}
    assert weigh_foreign({"w": _timeline(0, heard_ns=299)}, came, 100).missed == {}


def test_only_a_stream_that_ended_before_what_was_judged_is_judged_anew() -> None:
    opened, ended = [0, 0, 50, True, None], [0, 0, 100, False, None]
    assert Timeline().apply([opened], judged_ns=101) == 0
    assert Timeline().apply([opened, ended], judged_ns=101) == 1
    assert Timeline().apply([opened, ended], judged_ns=100) == 0


def test_a_stream_that_opened_again_at_the_very_moment_covers_what_follows() -> None:
    timeline = _timeline(opened_ns=100, heard_ns=500)
    timeline.apply([[0, 0, 150, False, None], [0, 0, 200, True, None]])
    for forgotten_ns in (0, 300):
        timeline.forget(forgotten_ns)
        assert timeline.covers("t", 200, 400)
        assert not timeline.covers("t", 199, 400)


def _session(begun_ns: int, since_ns: int, stuck_after_ns: int) -> tuple[SessionBook, TaskLog]:
    book, log = SessionBook(stuck_after_ns), TaskLog("t", "t")
    log.add_action(Action("create", "t", "", since_ns, since_ns, True, None, ""))
    started = EventRecord(Arrival("e", "session.started", "t", "s", "", begun_ns, begun_ns, 0, 0, 0, 1, 0, 0, 0, 0))
    book.told(started)
    return book, log


def test_a_session_that_began_with_the_first_call_is_the_runs() -> None:
    for since_ns, sessions in ((100, 1), (101, 0)):
        book, log = _session(100, since_ns, stuck_after_ns=50)
        assert len(book.fates({}, log, 120)) == sessions


def test_what_was_open_is_noted_when_the_judge_has_come_to_the_limit() -> None:
    for horizon_ns, state in ((150, "failed"), (149, "unknown")):
        book, log = _session(100, 100, stuck_after_ns=50)
        timeline = _timeline(opened_ns=0, heard_ns=500)
        book.watch({"w": timeline}, horizon_ns)
        timeline.apply([[0, 0, 400, False, None]])
        timeline.forget(450)
        assert [fate.state for fate in book.fates({"w": timeline}, log, 500)] == [state]


def test_a_task_that_was_deleted_at_the_limit_was_not_stuck_whoever_watched() -> None:
    for deleted_ns, stuck in ((150, False), (151, None)):
        book, log = _session(100, 100, stuck_after_ns=50)
        log.add_action(Action("delete", "t", "", 140, deleted_ns, True, None, ""))
        assert [fate.stuck for fate in book.fates({}, log, 500)] == [stuck]


def test_a_session_has_failed_where_a_silent_worker_told_of_its_calls_up_to_the_limit() -> None:
    for told_ns, state in ((150, "failed"), (149, "unknown")):
        book, log = _session(100, 100, stuck_after_ns=50)
        silent = _timeline(0, heard_ns=told_ns)
        silent.silent = True
        log.callers = {"silent"}
        workers = {"silent": silent, "other": _timeline(0, heard_ns=500)}
        assert [fate.state for fate in book.fates(workers, log, 500)] == [state]


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
