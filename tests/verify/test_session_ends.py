"""Which sessions ended, which are stuck, and of which nobody can say."""

from __future__ import annotations

import pytest

from tests.verify.verify_world import MS, World

ALL = range(2)
S = 1_000


def at_work(workers: int = 2, stuck_after_s: int = 60) -> World:
    """A task whose first session is under way since second 2."""
    world = World(workers=workers, stuck_after_ns=stuck_after_s * S * MS)
    world.open(*ALL)
    world.create("t", S)
    world.created("t", S + 1, *ALL)
    world.execute("t", "s", 2 * S)
    world.status("t", "todo>planning", 2 * S + 1, *ALL)
    world.started("t", "s", 2 * S + 2, *ALL)
    return world


def verdicts(world: World) -> tuple[str, str]:
    return world.check("lifecycle.sessions_end").verdict, world.check("lifecycle.stuck").verdict


def state(world: World) -> str:
    counts = world.check("lifecycle.sessions_end").counts
    (found,) = [name for name in ("ended", "deleted", "running", "unknown", "failed") if counts[name]]
    assert counts["sessions"] == counts[found] == 1
    return found


def test_where_there_is_no_session_there_is_no_check() -> None:
    world = World()
    world.open(0)
    world.create("t", S)
    world.created("t", S + 1, 0)
    world.started("somebody's", "theirs", S + 2, 0)
    world.end()
    assert not {"lifecycle.sessions_end", "lifecycle.stuck"} & set(world.verdicts())


@pytest.mark.parametrize(("lasted_s", "stuck"), [(1, "pass"), (60, "pass"), (60.001, "fail"), (300, "fail")])
def test_a_session_that_ends_late_was_stuck_and_ended(lasted_s: float, stuck: str) -> None:
    world = at_work()
    world.ended("t", "s", 2 * S + 2 + lasted_s * S, *ALL)
    world.end(400 * S)
    assert (state(world), *verdicts(world)) == ("ended", "pass", stuck)
    if stuck == "fail":
        (offender,) = world.check("lifecycle.stuck").offenders
        assert f"was under way for {lasted_s:.1f} s, then ended" in str(offender["what"])
        assert offender["again"] == 'curl "$HOST/api/tasks/t"; curl "$HOST/api/sessions/s"'


def test_how_long_it_lasted_goes_by_the_servers_clock() -> None:
    world = at_work()
    world.ended("t", "s", 30 * S, *ALL, came=200 * S, replayed=True)
    world.end(400 * S)
    assert verdicts(world) == ("pass", "pass")


def test_an_end_may_be_told_before_the_beginning_by_another_worker() -> None:
    world = at_work()
    world.ended("t", "s", 3 * S, 1)
    world.report(4 * S, 1)
    world.end()
    assert state(world) == "ended"


def test_a_session_known_from_its_execute_alone_lasts_from_the_answer_on() -> None:
    world = World(stuck_after_ns=10 * S * MS)
    world.open(0)
    world.create("t", S)
    world.created("t", S + 1, 0)
    world.execute("t", "s", 2 * S)
    world.ended("t", "s", 13 * S, 0)
    world.end()
    assert verdicts(world) == ("pass", "fail")


@pytest.mark.parametrize(("end_s", "verdict"), [(61, "unknown"), (62.0025, "unknown"), (63, "fail")])
def test_a_session_under_way_at_the_end_is_unknown_while_it_is_young(end_s: float, verdict: str) -> None:
    world = at_work()
    world.end(end_s * S)
    assert (state(world), *verdicts(world)) == ("failed" if verdict == "fail" else "running", verdict, verdict)
    if verdict == "fail":
        (offender,) = world.check("lifecycle.sessions_end").offenders
        assert "session s of task t never ended" in str(offender["what"])
        assert "the task's last status is planning" in str(offender["what"])
        assert "and is still" in str(world.check("lifecycle.stuck").offenders[0]["what"])
    else:
        assert "1 were still under way at the end" in world.check("lifecycle.sessions_end").summary


def test_one_young_session_does_not_spoil_the_word_on_the_others() -> None:
    world = at_work()
    world.ended("t", "s", 3 * S, *ALL)
    world.status("t", "planning>planning_review", 3 * S, *ALL)
    world.execute("t", "s2", 50 * S)
    world.started("t", "s2", 50 * S, *ALL)
    world.end(60 * S)
    assert verdicts(world) == ("pass", "pass")
    assert "1 of 2 cannot be judged" in world.check("lifecycle.sessions_end").summary
    assert "1 of 2 were not watched for so long" in world.check("lifecycle.stuck").summary


def test_how_long_is_too_long_is_for_the_run_to_say() -> None:
    world = at_work(stuck_after_s=3)
    world.end(10 * S)
    assert verdicts(world) == ("fail", "fail")


@pytest.mark.parametrize(("deleted_s", "stuck"), [(10, "pass"), (62.0005, "pass"), (100, "fail")])
def test_the_session_of_a_deleted_task_is_over(deleted_s: float, stuck: str) -> None:
    world = at_work()
    world.act("delete", "t", deleted_s * S)
    world.end(400 * S)
    assert (state(world), *verdicts(world)) == ("deleted", "pass", stuck)
    if stuck == "fail":
        assert "then its task was deleted" in str(world.check("lifecycle.stuck").offenders[0]["what"])


def test_whether_a_session_ended_in_time_before_its_task_was_deleted_takes_a_witness() -> None:
    world = at_work(workers=1)
    world.close(*ALL, at=10 * S)
    world.open(*ALL, at=20 * S)
    world.act("delete", "t", 100 * S)
    world.end(400 * S)
    assert verdicts(world) == ("pass", "unknown")


@pytest.mark.parametrize("moved_s", [5, 62.002])
def test_a_task_that_went_on_shows_that_the_session_is_over_though_nobody_was_told(moved_s: float) -> None:
    world = at_work()
    world.status("t", "planning>planning_review", moved_s * S, *ALL)
    world.end(400 * S)
    assert (state(world), *verdicts(world)) == ("unknown", "unknown", "pass")


def test_a_later_session_shows_that_the_one_before_is_over() -> None:
    world = at_work()
    world.execute("t", "s2", 10 * S)
    world.started("t", "s2", 10 * S + 1, *ALL)
    world.ended("t", "s2", 11 * S, *ALL)
    world.end(400 * S)
    counts = world.check("lifecycle.sessions_end").counts
    assert (counts["ended"], counts["unknown"], counts["failed"]) == (1, 1, 0)


def test_a_task_that_went_on_too_late_leaves_open_whether_it_was_stuck() -> None:
    world = at_work()
    world.status("t", "planning>planning_review", 100 * S, *ALL)
    world.end(400 * S)
    assert verdicts(world) == ("unknown", "unknown")


def test_a_transition_of_the_run_does_not_show_that_a_session_is_over() -> None:
    world = at_work()
    world.move("t", "planning>planning_review", 5 * S)
    world.status("t", "planning>planning_review", 5 * S + 1, *ALL)
    world.end(400 * S)
    assert verdicts(world) == ("fail", "fail")


@pytest.mark.parametrize(
    ("closed_s", "opened_s", "known"),
    [(10, 20, False), (62.1, 70, True), (61.9, 70, False), (1.5, 1.9, True), (1, 10, False)],
)
def test_what_no_stream_could_see_is_unknown(closed_s: float, opened_s: float, known: bool) -> None:
    world = at_work(workers=1)
    world.close(*ALL, at=closed_s * S)
    world.open(*ALL, at=opened_s * S)
    world.end(400 * S)
    assert verdicts(world) == (("fail", "fail") if known else ("unknown", "unknown"))


def test_streams_may_take_turns_at_watching() -> None:
    world = at_work(workers=1)
    for number in range(2, 70):
        world.open(number, at=number * S)
        world.close(number, at=number * S + 1_500)
    world.close(*ALL, at=3 * S)
    world.end(400 * S)
    assert verdicts(world) == ("fail", "fail")


@pytest.mark.parametrize(("task", "known"), [("t", True), ("x", False)])
def test_only_streams_whose_filter_passes_the_task_watch_it(task: str, known: bool) -> None:
    world = at_work(workers=1)
    world.open(7, group=(task,))
    world.close(*ALL, at=10 * S)
    world.end(400 * S)
    assert verdicts(world) == (("fail", "fail") if known else ("unknown", "unknown"))


@pytest.mark.parametrize("silent_s", [30, 62.0025, 70])
def test_nobody_knows_what_the_streams_of_a_silent_worker_saw(silent_s: float) -> None:
    world = at_work(workers=2)
    world.open(2)
    world.close(0, 2, at=2 * S + 500)
    world.open(0, at=90 * S)
    world.report(silent_s * S)
    for second in range(71, 120):
        world.report(second * S, 0)
    world.judge.finish()
    assert verdicts(world) == (("fail", "fail") if silent_s > 60 else ("unknown", "unknown"))


@pytest.mark.parametrize("closed_s", [None, 1.5, 30])
def test_who_watched_is_remembered_beyond_the_details(closed_s: float | None) -> None:
    world = at_work(workers=1)
    if closed_s is not None:
        world.close(*ALL, at=closed_s * S)
        world.open(*ALL, at=closed_s * S + 100)
    for second in range(3, 300):
        world.report(second * S)
    world.end(300 * S)
    assert verdicts(world) == (("unknown", "unknown") if closed_s == 30 else ("fail", "fail"))


@pytest.mark.parametrize("stuck_after_s", [10, 60, 100])
def test_what_became_of_sessions_outlives_the_memory_of_their_tasks(stuck_after_s: int) -> None:
    world = World(max_events=1, capture_events=1, stuck_after_ns=stuck_after_s * S * MS)
    world.open(*ALL)
    for number in range(20):
        at = (number + 1) * S
        world.create(f"t{number}", at)
        world.created(f"t{number}", at + 1, *ALL)
        world.execute(f"t{number}", f"s{number}", at + 10)
        world.started(f"t{number}", f"s{number}", at + 11, *ALL)
        if number % 2:
            world.ended(f"t{number}", f"s{number}", at + 12, *ALL)
        world.act("delete", f"t{number}", at + 100)
        world.report(at + 900)
    for second in range(22, 200):
        world.report(second * S)
    assert world.judge.retained < 40
    world.end(200 * S)
    counts = world.check("lifecycle.sessions_end").counts
    assert (counts["sessions"], counts["ended"], counts["deleted"]) == (20, 10, 10)
    assert world.check("lifecycle.stuck").counts == {"sessions": 20, "stuck": 0, "unknown": 0}


@pytest.mark.parametrize("lost", [True, False])
def test_a_lost_worker_may_have_deleted_the_task(lost: bool) -> None:
    world = at_work()
    world.act("transition", "t", 3 * S, ok=False, worker=1)
    world.report(10 * S)
    for second in range(11, 120):
        world.report(second * S, 0)
    if lost:
        world.judge.lose("w1")
    world.judge.finish()
    assert verdicts(world) == ("unknown", "unknown")


def test_a_worker_that_ended_in_order_told_all_its_calls() -> None:
    world = at_work()
    world.act("transition", "t", 3 * S, ok=False, worker=1)
    world.report(10 * S)
    world.judge.end("w1")
    for second in range(11, 120):
        world.report(second * S, 0)
    world.judge.finish()
    assert verdicts(world) == ("fail", "fail")


def test_a_session_belongs_to_the_task_whose_execute_named_it() -> None:
    world = at_work()
    world.create("u", S)
    world.created("u", S + 1, *ALL)
    world.started("u", "s2", 4 * S, *ALL)
    world.report(4 * S + 500)
    world.execute("t", "s2", 3 * S, answered=5 * S)
    world.ended("t", "s", 4 * S, *ALL)
    world.ended("t", "s2", 6 * S, *ALL)
    world.end()
    assert "belongs to task t" in world.blamed("lifecycle.transitions")[0]
    assert world.check("lifecycle.sessions_end").counts["sessions"] == 2
    assert verdicts(world) == ("pass", "pass")


def test_a_session_that_began_before_the_run_called_upon_its_task_is_not_the_runs() -> None:
    world = World()
    world.open(0)
    world.started("t", "theirs", S, 0)
    world.move("t", "todo>planning", 2 * S)
    world.status("t", "todo>planning", 2 * S + 1, 0)
    world.ended("t", "only-its-end-was-told", 3 * S, 0)
    world.end(400 * S)
    assert "lifecycle.sessions_end" not in world.verdicts()
