"""The service is killed and started again in the middle of a run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.locust_process import ROOT, LocustProcess


@contextmanager
def studio(db: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "studio.reference", "--port", str(port), "--db", str(db), "--turn-ms", "150"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        yield process, int(url.rpartition(":")[2])
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_streams_come_back_and_the_gap_is_shown(tmp_path: Path) -> None:
    db, results = tmp_path / "studio.db", tmp_path / "results"
    load = ["--headless", "--only-summary", "-u", "10", "-r", "10", "-t", "14s", "--task-rate", "3"]
    with ExitStack() as stack:
        first, port = stack.enter_context(studio(db))
        host = f"http://127.0.0.1:{port}"
        process = stack.enter_context(LocustProcess(results, [*load, "--host", host]))
        process.wait_for(r"10 streams open \| [1-9]\d* deliveries")
        first.send_signal(signal.SIGKILL)
        first.wait()
        stack.enter_context(studio(db, port))
        code = process.wait()
        result = process.result()
        assert "Traceback" not in process.output, process.output
    assert code in (0, 3, 4), process.output
    assert result.connections.reconnects >= 10
    assert len([gap for gap in result.connections.gaps if gap.to_s is not None]) >= 10
    assert result.metrics["reconnect"].count >= 10
    assert result.deliveries.expected == result.deliveries.delivered + result.deliveries.lost
    (directory,) = results.iterdir()
    assert "reconnect" in (directory / "report.html").read_text("utf-8").lower()
