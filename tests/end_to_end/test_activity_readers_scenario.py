"""Readers of one session, as a user asks for them by name: what one of them missed is found and named."""

from __future__ import annotations

from pathlib import Path

from tests.support.locust_process import UNTIMED, LocustProcess

LOAD = ("--headless", "--only-summary", "-u", "6", "-r", "50", "-t", "4s", "--turn-ms", "300", "--executions", "0")
ASKED = ("--scenario", "activity-readers", "--fault", "activity-gap")


def test_the_one_message_that_a_reader_missed_is_named_and_nothing_else_fails(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*UNTIMED, *LOAD, *ASKED]) as process:
        code = process.wait()
        output, result = process.output, process.result()
    assert code == 3, output
    verdicts = {check.name: check.verdict for check in result.checks}
    assert {name for name, verdict in verdicts.items() if verdict != "pass"} == {"activity.agrees"}, output
    assert {"activity.complete", "activity.rereads", "activity.refused", "session.truthful"} <= set(verdicts)
    assert {row.expression for row in result.rows if row.verdict == "fail"} == set(), output
    offender = next(check for check in result.checks if check.name == "activity.agrees").offenders[0]
    assert "lacks 1 of" in str(offender["what"])
    assert "its ids run on over the hole" in str(offender["what"])
    readers = offender["readers"]
    assert isinstance(readers, list)
    assert {reader["missing"] for reader in readers} <= {0, 1}
    assert "activity" in result.metrics
    assert result.cleanup.left == []
