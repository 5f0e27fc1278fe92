"""What the matrix makes of a run: the stated failures and no other."""

from __future__ import annotations

from dataclasses import replace

from matrix.as_found import as_found_lines, as_found_section, sort_out, under_load_of
from matrix.comparison import complaints, differences, failures
from matrix.load import Outcome
from matrix.rows.row import Row
from reports.model import CheckRecord, Result, RowRecord
from tests.support.sample_result import sample_result

_ROW = Row("drop", None, "events are left out", (), "delivery.lost", says=("7 of the 8",))


def _target(metric: str, verdict: str) -> RowRecord:
    row = sample_result().rows[0]
    row = replace(row, expression=f"{metric}:count==0", metric=metric, measured_text="3 of 9")
    return replace(row, verdict=verdict, reason="")


def _outcome(failing: tuple[str, ...] = (), targets: tuple[str, ...] = (), code: int = 3) -> Outcome:
    offender: dict[str, object] = {"what": "it reached 7 of the 8 streams", "task_id": "t1", "streams": ["local/6"]}
    checks = [CheckRecord(name, "fail", "some did not come", offenders=[offender], noticed_s=2.0) for name in failing]
    result: Result = replace(sample_result(), checks=checks, rows=[_target(metric, "fail") for metric in targets])
    return Outcome(code, result, 9.0)


def test_a_run_that_finds_what_the_row_states_is_as_stated() -> None:
    assert differences(_ROW, _outcome(("delivery.lost",))) == []


def test_a_target_that_a_check_tells_as_well_is_the_same_failure() -> None:
    assert differences(_ROW, _outcome(("delivery.lost",), ("lost",))) == []
    assert list(failures(_outcome((), ("duplicated", "execute")).result)) == ["delivery.duplicated", "execute:count==0"]


def test_a_percentile_among_lost_events_is_the_loss() -> None:
    outcome = _outcome(("delivery.lost",))
    row = replace(_target("delivery", "fail"), measured=float("inf"))
    assert differences(_ROW, outcome._replace(result=replace(outcome.result, rows=[row]))) == []
    late = replace(row, measured=60_000.0)
    (said,) = differences(_ROW, outcome._replace(result=replace(outcome.result, rows=[late])))
    assert said.startswith("delivery:count==0 failed, which is not stated")


def test_a_check_that_did_not_fail_differs() -> None:
    assert differences(_ROW, _outcome((), code=0)) == ["exit code 0 instead of 3", "delivery.lost did not fail"]


def test_another_check_that_fails_must_be_stated() -> None:
    outcome = _outcome(("delivery.lost", "session.ends"))
    (said,) = differences(_ROW, outcome)
    assert said.startswith("session.ends failed, which is not stated: it reached 7 of the 8 streams; task id: t1")
    assert differences(_ROW._replace(also={"session.ends": "its end was left out"}), outcome) == []


def test_a_stated_further_failure_must_come() -> None:
    row = _ROW._replace(also={"session.ends": "its end was left out"})
    assert differences(row, _outcome(("delivery.lost",))) == ["session.ends did not fail"]


def test_the_first_offender_must_say_the_words() -> None:
    (said,) = differences(_ROW._replace(says=("1 of the 8", "local/6")), _outcome(("delivery.lost",)))
    assert said.startswith("delivery.lost does not say '1 of the 8': it reached 7 of the 8")


def test_a_clean_run_complains_of_all_that_did_not_pass() -> None:
    passing = replace(sample_result(), checks=[], rows=[_target("lost", "pass")])
    assert complaints(Outcome(0, passing, 9.0)) == []
    doubtful = replace(passing, rows=[_target("lost", "inconclusive")])
    assert complaints(Outcome(4, doubtful, 9.0)) == ["lost:count==0 inconclusive: 3 of 9"]
    (said,) = complaints(Outcome(1, passing, 9.0))
    assert said.startswith("exit code 1: ")


def test_the_known_defects_are_sorted_by_the_checks_of_their_rows() -> None:
    rows = (
        _ROW._replace(switch="skip", defect=2),
        _ROW._replace(switch="stuck", defect=10, check="session.ends", also={"execute:count==0": "it waits"}),
        _ROW,
    )
    failed = failures(_outcome(("delivery.lost", "cleanup"), ("execute",)).result)
    findings = sort_out(rows, failed)
    assert findings.found == {2: ("delivery.lost",), 10: ()}
    assert [failure.name for failure in findings.strange] == ["cleanup"]
    assert not findings.exact
    lines = as_found_lines(findings)
    assert lines[:2] == ["✓ defect  2  delivery.lost", "✗ defect 10  not found"]
    assert lines[2].startswith("✗ cleanup failed, which no known defect states: ")
    page = as_found_section(findings, rows)
    assert "| 10 | events are left out | **not found** |  |" in page
    assert "- **Not stated**: `cleanup`" in page


def test_exactly_the_known_defects() -> None:
    rows = (_ROW._replace(defect=2),)
    assert sort_out(rows, failures(_outcome(("delivery.lost",)).result)).exact


def test_all_known_defects_take_the_place_of_a_rows_own_and_conditions_stay() -> None:
    arguments = ("--fault", "execute-waits", "--executions", "2", "--fault", "backend-down")
    load = under_load_of(_ROW._replace(arguments=arguments))
    assert load[-5:] == ["--executions", "2", "--fault", "backend-down", "--as-found"]
    assert "execute-waits" not in load
