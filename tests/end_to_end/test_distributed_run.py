"""A master and workers as processes of their own, as on several machines."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.support.locust_process import UNTIMED, LocustProcess, free_port


def test_a_master_judges_what_its_workers_saw(tmp_path: Path) -> None:
    port = str(free_port())
    master = ["--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    load = [*UNTIMED, "--headless", "--only-summary", "-u", "12", "-r", "12", "-t", "6s", "--turn-ms", "150"]
    with ExitStack() as stack:
        leader = stack.enter_context(LocustProcess(tmp_path / "results", [*load, *master, "--fault", "drop:2%"]))
        workers = [
            stack.enter_context(LocustProcess(tmp_path / f"worker-{number}", ["--worker", "--master-port", port]))
            for number in range(2)
        ]
        code = leader.wait()
        result = leader.result()
        assert code == 3, leader.output
        assert result.run.processes == 2
        assert result.deliveries.lost > 0
        assert result.deliveries.expected == result.deliveries.delivered + result.deliveries.lost
        assert result.deliveries.unknown == 0
        assert [worker.wait() for worker in workers] == [0, 0], workers[0].output
        assert not any((tmp_path / f"worker-{number}").exists() for number in range(2))
