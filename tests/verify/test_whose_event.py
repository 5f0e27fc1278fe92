"""Which call stands behind which event, at the very nanosecond and in the cases that look alike."""

from __future__ import annotations

import pytest

from studio.contract import EventKey
from studio.verify.actions import Action, ActionKind
from studio.verify.causality import UnansweredCreates, faults_of
from studio.verify.ownership import TaskLog, match_in_turn
from studio.verify.records import Arrival, EventRecord, Outcome
from studio.verify.timeline import Timeline
from studio.verify.weighing import window

CREATED, STATUS, STARTED, ENDED = "task.created", "task.status_changed", "session.started", "session.ended"


def call(
    kind: ActionKind, sent_ns: int, change: str = "", *, ok: bool = True, session: str = "", title: str = ""
) -> Action:
    key = EventKey("t", STATUS, change) if change else None
    return Action(kind, "t", title, sent_ns, sent_ns + 5, ok, key, session)


def seen(event_type: str, detail: str, at_ns: int, *, title: str = "", live: bool = True) -> EventRecord:
    live_ns = at_ns if live else 0
    name = f"{event_type} {detail} {at_ns}"
    return EventRecord(
        Arrival(name, event_type, "t", detail, title, at_ns, at_ns, live_ns, live_ns, at_ns, 1, 0, 0, 0, 0)
    )


def log_of(*told: Action | EventRecord) -> TaskLog:
    log = TaskLog("t", "t")
    for one in told:
        if isinstance(one, Action):
            log.add_action(one)
        else:
            log.add_record(one)
    log.match()
    return log


def watched_since(opened_ns: int, heard_ns: int = 10_000) -> Timeline:
    timeline = Timeline()
    timeline.heard_ns = heard_ns
    timeline.apply([[0, 0, opened_ns, True, None]])
    return timeline


def test_an_event_at_the_moment_of_the_call_may_be_the_calls() -> None:
    move = call("transition", 100, "todo>planning")
    assert match_in_turn([move], [seen(STATUS, "todo>planning", 100)])
    assert not match_in_turn([move], [seen(STATUS, "todo>planning", 99)])


def test_of_two_events_at_the_moment_of_the_second_call_each_call_gets_one() -> None:
    first, second = call("transition", 100, "todo>planning"), call("transition", 200, "todo>planning")
    one, two = seen(STATUS, "todo>planning", 200), seen(STATUS, "todo>planning", 200)
    two.id = "another"
    assert match_in_turn([first, second], [one, two]) == {one.id: first, two.id: second}


def test_an_event_from_the_moment_of_the_first_call_on_is_the_runs() -> None:
    log = log_of(call("create", 100))
    assert [log.owns(seen(STATUS, "todo>planning", at_ns)) for at_ns in (99, 100)] == [False, True]


@pytest.mark.parametrize(
    ("last", "over"),
    [
        (call("delete", 200), True),
        (call("delete", 200, ok=False), False),
        (call("transition", 200, "review>done"), True),
        (call("transition", 200, "review>done", ok=False), False),
        (call("transition", 200, "review>planning"), False),
    ],
)
def test_a_task_is_over_when_the_service_acknowledged_that_it_is_deleted_or_done(last: Action, over: bool) -> None:
    assert (log_of(call("create", 100), last).over_ns is not None) is over


@pytest.mark.parametrize(
    ("told", "over"),
    [
        ([seen(STATUS, "review>done", 200)], True),
        ([seen(STATUS, "review>done", 200), seen(ENDED, "s", 300)], True),
        ([seen(STATUS, "review>done", 200), seen(STATUS, "done>review", 300)], False),
        ([call("delete", 200), seen(STATUS, "todo>planning", 300)], True),
        ([call("delete", 200), seen(STARTED, "s", 300)], True),
        ([seen(STARTED, "s", 300)], False),
    ],
)
def test_only_a_status_takes_the_end_of_a_task_back_and_nothing_that_of_a_deleted_one(
    told: list[Action | EventRecord], over: bool
) -> None:
    assert (log_of(call("create", 100), *told).over_ns is not None) is over


def test_a_place_is_given_away_before_the_event_is_judged_as_well_as_after() -> None:
    event = seen(CREATED, "", 100)
    event.got = {"w": 0b11}
    event.release("w", 0b01)
    assert (event.got, event.outcome) == ({"w": 0b10}, None)
    event.outcome = Outcome(lost={"w": 0b11})
    event.release("w", 0b10)
    assert event.outcome == Outcome(lost={"w": 0b01})


def test_a_session_is_caused_by_the_execute_that_named_it() -> None:
    log = log_of(call("execute", 100, session="one"), call("execute", 200, session="two"))
    assert [log.cause_ns(seen(kind, "one", 300)) for kind in (STARTED, ENDED)] == [100, 100]
    assert log.cause_ns(seen(ENDED, "two", 300)) == 200
    assert log.cause_ns(seen(ENDED, "of a further phase", 300)) == 200


def test_a_status_without_a_call_of_its_own_is_caused_by_an_execute_or_an_unanswered_call() -> None:
    status = seen(STATUS, "planning>planning_review", 400)
    execute, answered = call("execute", 100, session="s"), call("transition", 300, "todo>planning")
    assert log_of(execute, answered).cause_ns(status) == 100
    assert log_of(execute, call("transition", 200, "review>done", ok=False), answered).cause_ns(status) == 200
    assert log_of(answered).cause_ns(status) is None


def test_a_detail_that_reads_like_a_session_names_none() -> None:
    log = log_of(call("execute", 100, session="todo>planning"), call("execute", 200))
    assert log.cause_ns(seen(STATUS, "todo>planning", 300)) == 200


def test_a_status_that_the_event_itself_tells_was_told() -> None:
    event = seen(STATUS, "todo>planning", 150)
    later = seen(STATUS, "planning>todo", 250)
    log = log_of(call("transition", 100, "todo>planning"), event, call("transition", 200, "planning>review"), later)
    assert log.causes(event, False, "", untold=False).reached == frozenset()
    assert log.causes(later, False, "", untold=False).reached == {"review"}


def test_a_forgotten_event_counts_for_a_session_only_where_no_call_stands_behind_it() -> None:
    asked, unasked = seen(STATUS, "todo>planning", 150), seen(STATUS, "planning>planning_review", 250)
    log = log_of(call("transition", 100, "todo>planning"), asked, unasked)
    log.fold(asked)
    assert log.base.moved_ns == 0
    log.fold(unasked)
    assert log.base.moved_ns == 250
    assert (log.base.status, log.base_ns) == ("planning_review", 250)


def test_a_forgotten_execute_leaves_its_session_behind_and_no_other_call_does() -> None:
    moved, executed = log_of(call("transition", 100)), log_of(call("execute", 100, session="s"))
    for log in (moved, executed):
        log.forget_actions(1_000)
        assert log.actions == []
    assert (moved.base.executed, moved.base.known) == (False, frozenset())
    assert (executed.base.executed, executed.base.known, executed.base.open_executes) == (True, frozenset({"s"}), 0)


def test_a_replayed_event_was_on_its_way_since_the_first_call() -> None:
    replayed = seen(STATUS, "planning>planning_review", 900, live=False)
    assert window(log_of(call("create", 100), replayed), replayed, 50) == (100, 900)


def test_the_first_event_is_judged_by_a_stream_that_was_open_since_the_first_call() -> None:
    log = log_of(call("execute", 100, session="s"), seen(STARTED, "another", 150))
    assert faults_of({"w": watched_since(100)}, log, lambda _: "", 0) != {}
    assert faults_of({"w": watched_since(101)}, log, lambda _: "", 0) == {}


def test_no_cause_is_missed_after_the_moment_until_which_a_silent_worker_told_of_its_calls() -> None:
    silent = watched_since(0, heard_ns=300)
    silent.silent = True
    workers = {"silent": silent, "other": watched_since(0)}
    for at_ns, faults in ((200, 1), (201, 0)):
        log = log_of(call("create", 100), seen(STATUS, "todo>planning", at_ns))
        assert len(faults_of(workers, log, lambda _: "", 100)) == faults


@pytest.mark.parametrize(
    ("event", "adopted"),
    [
        (seen(CREATED, "", 100, title="mine"), True),
        (seen(CREATED, "", 99, title="mine"), False),
        (seen(CREATED, "", 150, title="somebody's"), False),
        (seen(STATUS, "todo>planning", 150, title="mine"), False),
    ],
    ids=["at the moment of the call", "before the call", "of another title", "no creation"],
)
def test_a_create_that_nobody_answered_is_known_by_the_title_of_a_creation_after_it(
    event: EventRecord, adopted: bool
) -> None:
    attempts, log = UnansweredCreates(), log_of(event)
    attempts.add(call("create", 100, ok=False, title="mine"))
    attempts.adopt(log)
    assert (log.since_ns is not None) is adopted
