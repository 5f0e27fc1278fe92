"""Runs on recordings: every stream plays one from its start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.locust_process import PATIENT_CONNECT, ROOT, LocustProcess, passed

RECORDING = ROOT / "tests" / "recordings" / "lifecycle-direct-events.jsonl"
_CAPTURES = os.environ.get("STUDIO_CAPTURES")
LOAD = (
    *PATIENT_CONNECT,
    "--headless",
    "--only-summary",
    "-u",
    "10",
    "-r",
    "10",
    "-t",
    "6s",
    "--replay",
    str(RECORDING),
)


def test_delivery_of_a_recording_is_not_asked(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, LOAD) as process:
        code = process.wait()
        result = process.result()
    verdicts = {row.metric: row.verdict for row in result.rows}
    assert passed(code, result), process.output
    assert verdicts["delivery"] == verdicts["lost"] == "not asked"
    assert verdicts["streams"] == verdicts["connect"] == "pass"
    assert result.deliveries.foreign > 0
    assert result.run.user_classes == ["StreamUser"]


def test_delivery_of_a_rebased_recording_is_judged(tmp_path: Path) -> None:
    with LocustProcess(tmp_path, [*LOAD, "--rebase", "--threshold", "delivery:p(99)<600s"]) as process:
        code = process.wait()
        result = process.result()
    (row,) = [row for row in result.rows if row.metric == "delivery"]
    assert passed(code, result), process.output
    assert row.verdict == "pass"
    assert row.samples == result.deliveries.foreign > 0


_OF_THE_SERVICE = (
    ("defect-i-dup-5clients-0.jsonl", "delivery.duplicated", "task.created came more than once"),
    ("defect-i-dup-20clients-0.jsonl", "delivery.duplicated", "task.created came more than once"),
)


@pytest.mark.skipif(not _CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings")
@pytest.mark.parametrize(("name", "check", "says"), _OF_THE_SERVICE, ids=[name for name, *_ in _OF_THE_SERVICE])
def test_a_recorded_defect_is_found_again(name: str, check: str, says: str, tmp_path: Path) -> None:
    load = [*LOAD[: LOAD.index("--replay")], "--replay", str(Path(str(_CAPTURES)) / name), "-t", "3s"]
    with LocustProcess(tmp_path, load) as process:
        code = process.wait()
        result = process.result()
    failed = {found.name: found for found in result.checks if found.verdict == "fail"}
    assert code == 3, process.output
    assert list(failed) == [check], process.output
    assert says in str(failed[check].offenders[0]["what"])
