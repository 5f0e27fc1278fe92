"""What went wrong, by cause: which failures are told together, and which stay apart."""

from __future__ import annotations

import math
from dataclasses import replace

from reports.causes import FAILS, OF_CHECKS, OF_INFINITE, OF_TARGETS, TARGETS
from reports.model import CheckRecord, Result, Run, VerdictOfRun
from reports.stories import areas, stories, undecided
from studio.verify.catalogue import CHECKS
from tests.support.sample_result import passing_result, sample_result


def _failed(name: str, **offender: object) -> CheckRecord:
    return CheckRecord(name, "fail", f"1 of 2 failed: {CHECKS[name].holds}", {}, [{"what": "seen", **offender}])


def _result(*checks: CheckRecord, **run: object) -> Result:
    facts: Run = replace(sample_result().run, **run)  # type: ignore[arg-type]
    return Result(facts, VerdictOfRun("fail", 3, ""), checks=list(checks))


def test_every_check_has_its_words_and_every_explanation_names_checks_that_are_there() -> None:
    assert set(FAILS) == set(CHECKS)
    explained = {**OF_CHECKS, **OF_TARGETS, "infinite": OF_INFINITE}
    assert {name for pairs in explained.values() for name, _ in pairs} | set(OF_CHECKS) <= set(CHECKS)
    assert set(OF_TARGETS) <= set(TARGETS)


def test_three_faults_are_three_stories() -> None:
    result = _result(*(_failed(name) for name in ("delivery.lost", "execute.in_time", "replay.told")))
    assert [(story.title, story.follows) for story in stories(result)] == [
        ("Events were lost", []),
        ("Executes were answered too late", []),
        ("A Last-Event-ID that cannot be replayed was met with silence", []),
    ]


def test_a_target_that_says_the_same_as_a_check_is_told_with_it() -> None:
    row = replace(sample_result().rows[0], metric="lost", expression="lost:count==0", verdict="fail", measured=3.0)
    late = replace(row, metric="delivery", expression="delivery:p(99)<50ms", measured=math.inf)
    (story,) = stories(replace(_result(_failed("delivery.lost")), rows=[row, late]))
    assert [(each.subject, each.why) for each in story.follows] == [
        ("lost:count==0", "the same, as a target"),
        ("delivery:p(99)<50ms", "what never comes counts as infinitely late"),
    ]


def test_a_latency_that_is_finite_is_no_loss() -> None:
    late = replace(sample_result().rows[0], metric="delivery", verdict="fail", measured=80_000.0)
    found = stories(replace(_result(_failed("delivery.lost")), rows=[late, replace(late, type="task.created")]))
    assert [story.title for story in found] == ["Events were lost", "Events were delivered late"]
    assert len(found[1].follows) == 1


def test_a_check_is_told_with_another_only_where_both_accuse_the_same() -> None:
    cause = _failed("status.agrees", task_id="t1")
    (story,) = stories(_result(_failed("delivery.lost", task_id="t1", event_id="e1"), cause))
    assert (story.subject, [each.subject for each in story.follows]) == ("status.agrees", ["delivery.lost"])
    apart = stories(_result(_failed("delivery.lost", task_id="t2"), cause))
    assert [story.subject for story in apart] == ["delivery.lost", "status.agrees"]
    assert len(stories(_result(_failed("delivery.lost"), cause))) == 2


def test_what_follows_from_what_follows_is_told_with_the_first() -> None:
    checks = [_failed(name, session_id="s") for name in ("session.ends", "lifecycle.sessions_end", "lifecycle.stuck")]
    (story,) = stories(_result(*checks))
    assert (story.subject, len(story.follows)) == ("lifecycle.stuck", 2)


def test_the_line_that_runs_it_again_can_be_pasted() -> None:
    line = _failed("replay.told", again='curl "$HOST/api/events"')
    there = _result(line, _failed("stream.held"), host="http://studio:1", embedded=False, command="locust -u 2")
    assert [story.again for story in stories(there)] == ['curl "http://studio:1/api/events"', "locust -u 2"]
    (gone,) = stories(_result(line, embedded=True))
    assert gone.again == 'curl "$HOST/api/events"'


def test_what_passed_is_folded_by_area_and_what_is_open_is_listed() -> None:
    result = sample_result()
    assert [(area.name, len(area.checks)) for area in areas(result.checks)] == [("delivery", 1)]
    assert "lifecycle.transitions" in [each.subject for each in undecided(result)]
    assert stories(passing_result()) == []
    assert undecided(passing_result()) == []
