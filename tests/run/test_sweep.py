"""The end of a run deletes what no process of it could: found by the mark, only where something may be left."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

import pytest

from run.ledger import Ledger
from run.outcome.facts import RunFacts
from run.outcome.notes import notes
from run.sweep import sweep
from tests.support.locust_process import free_port
from tests.support.studio_process import StudioProcess

RUN = "lt-1f2e3d4c"
TITLES = [f"mine [{RUN} 1a 1]", "somebody else's", "another run's [lt-00000000 1a 1]"]


def options() -> Namespace:
    return Namespace(
        run_id=RUN,
        settle=5.0,
        stuck_after=60.0,
        run_time=None,
        clock_probe=0.0,
        replay=None,
        measure_only=False,
        ca=None,
        insecure=False,
        header=None,
    )


def facts(host: str) -> RunFacts:
    return RunFacts(options(), host, False, 1, [], True, False, [])


def ledger() -> Ledger:
    made = Ledger(options(), owes_events=True)
    made.cleanup_command = f"remove {RUN}"
    return made


def cleanup(made: Ledger) -> tuple[str, str]:
    made.finish(made.started_ns + 1)
    (check,) = [check for check in made.check_results() if check.name == "cleanup"]
    return check.verdict, check.summary


@pytest.mark.parametrize("reason", ["a lost worker", "an unanswered creation", "an interrupted end", "a task left"])
def test_marked_tasks_are_found_and_deleted(reason: str) -> None:
    made = ledger()
    if reason == "a lost worker":
        made.attendance.joined("worker 1")
    elif reason == "an unanswered creation":
        made.unanswered_creates = 1
    elif reason == "an interrupted end":
        made.cut_short = "the end was interrupted"
    else:
        made.left.append({"task_id": "t", "title": "x", "problem": "500"})
    with StudioProcess() as studio:
        for title in TITLES:
            studio.create(title)
        sweep(made, facts(studio.url))
        assert {task["title"] for task in studio.call("GET", "/api/tasks").json} == set(TITLES[1:])
    assert made.deleted == 1 and made.left == []
    assert cleanup(made)[0] == "pass"


def test_a_run_that_left_nothing_asks_for_no_list() -> None:
    made = ledger()
    made.deleted = 1
    sweep(made, facts(f"http://127.0.0.1:{free_port()}"))
    assert cleanup(made)[0] == "pass"
    assert notes(made, options(), embedded=False) == []


def test_where_the_service_is_gone_what_is_left_is_unknown_and_the_command_is_named() -> None:
    made = ledger()
    made.deleted = 1
    made.attendance.joined("worker 1")
    sweep(made, facts(f"http://127.0.0.1:{free_port()}"))
    verdict, summary = cleanup(made)
    assert "worker 1 did not delete its tasks" in summary
    assert verdict == "unknown" and "the service did not list them (Connection refused)" in summary
    assert any(note.endswith(f"This deletes them: remove {RUN}") for note in notes(made, options(), embedded=False))


def test_a_task_that_stays_fails_with_the_command_that_deletes_it() -> None:
    made = ledger()
    made.left.append({"task_id": "t", "title": "x", "problem": "500"})
    sweep(made, replace(facts("http://127.0.0.1:1"), host=f"http://127.0.0.1:{free_port()}"))
    assert cleanup(made)[0] == "fail"
    (offender,) = next(check.offenders for check in made.check_results() if check.name == "cleanup")
    assert offender["remove_with"] == f"remove {RUN}"
