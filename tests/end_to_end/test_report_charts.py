"""Each chart has data in the report of a run, however the run was carried and ended."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.reports.parsed_page import charts_of, objects_in, sources_of
from tests.support.locust_process import UNTIMED, LocustProcess, free_port, wait_until

LOAD: Final = (*UNTIMED, "-u", "8", "-r", "8", "--task-rate", "4", "--turn-ms", "150", "--scenario", "statuses")
HEADLESS: Final = (*LOAD, "--headless", "--only-summary")
UNDER_WAY: Final = r"\d+ streams open \| [1-9]\d{2,} deliveries"
CHARTS: Final = {
    *("chart-rates", "chart-heat-delivery", "chart-percentiles", "chart-types-delivery", "chart-types-trigger"),
    *("chart-phases", "chart-streams", "chart-skew", "chart-time-skew", "chart-time-delivery", "chart-time-trigger"),
    *("chart-time-lag", "chart-time-loop_lag", "chart-time-disagreement", "chart-task-0"),
}


def _headless(results: Path) -> str:
    with LocustProcess(results, [*HEADLESS, "-t", "6s"]) as process:
        process.wait()
        return process.output


def _interrupted(results: Path) -> str:
    with LocustProcess(results, HEADLESS) as process:
        process.wait_for(UNDER_WAY)
        process.interrupt()
        process.wait()
        return process.output


def _distributed(results: Path) -> str:
    port = str(free_port())
    master = ["--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    with ExitStack() as stack:
        leader = stack.enter_context(LocustProcess(results, [*HEADLESS, "-t", "8s", *master]))
        for _ in range(2):
            stack.enter_context(LocustProcess(results, ["--worker", "--master-port", port]))
        leader.wait()
        return leader.output


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=30).ok
    except requests.ConnectionError:
        return False


def _web(results: Path) -> str:
    port = str(free_port())
    web = [*LOAD, "--web-host", "127.0.0.1", "--web-port", port]
    with LocustProcess(results, web) as process:
        process.wait_for("Starting web interface")
        process.wait_for("embedded Studio serves")
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(address), "the web interface answers")
        requests.post(f"{address}/swarm", data={"user_count": 8, "spawn_rate": 8, "run_time": "6s"}, timeout=30)
        wait_until(lambda: any(results.glob("*/report.html")), "the report is written when the test has stopped")
        process.send(signal.SIGTERM)
        process.wait()
        return process.output


@pytest.mark.parametrize("run", [_headless, _web, _distributed, _interrupted])
def test_each_chart_has_data(tmp_path: Path, run: Callable[[Path], str]) -> None:
    output = run(tmp_path)
    (report,) = tmp_path.glob("*/report.html")
    charts = charts_of(report.read_text(encoding="utf-8"))
    assert set(charts) >= CHARTS, output
    assert not [name for name, chart in charts.items() if not _has_data(chart)]


def _has_data(chart: Any) -> bool:  # noqa: ANN401
    if any(each.get("type") == "ndarray" for each in objects_in(chart)):
        return True
    columns = [column for source in sources_of(chart) for key, column in source.items() if key in ("y", "top", "x")]
    return any(isinstance(value, (int, float)) and math.isfinite(value) for column in columns for value in column)
