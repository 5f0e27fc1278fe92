"""Runs on recordings: every stream plays one from its start."""

from __future__ import annotations

from pathlib import Path

from tests.support.locust_process import PATIENT_CONNECT, ROOT, LocustProcess, passed

RECORDING = ROOT / "tests" / "recordings" / "lifecycle-direct-events.jsonl"
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
