"""What the web form asks for, over the requests that it sends."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.locust_process import UNTIMED, LocustProcess, free_port, wait_until
from tests.support.studio_process import StudioProcess


class WebLocust:
    """A running web UI with the embedded Studio."""

    def __init__(self, process: LocustProcess, url: str) -> None:
        self.process = process
        self._url = url

    def start(self, **form: str) -> dict[str, object]:
        """Send the form; returns the answer that the page would show."""
        whole = {"user_count": "3", "spawn_rate": "3", **form}
        answer: dict[str, object] = requests.post(f"{self._url}/swarm", data=whole, timeout=30).json()
        return answer

    def stop(self) -> None:
        requests.post(f"{self._url}/stop", timeout=60).raise_for_status()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebLocust]:
    port = str(free_port())
    with LocustProcess(tmp_path, [*UNTIMED, "--web-host", "127.0.0.1", "--web-port", port]) as process:
        process.wait_for("embedded Studio serves")
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return requests.get(url, timeout=5).ok
            except requests.RequestException:
                return False

        wait_until(answers, "the web UI answers")
        yield WebLocust(process, url)


def test_wrong_values_are_refused_and_nothing_starts(web: WebLocust) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        silent = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for form, says in (
            ({"task_rate": "0"}, "--task-rate"),
            ({"settle": "-3"}, "--settle"),
            ({"clock_probe": "0.1"}, "--clock-probe"),
            ({"host": "studio.example"}, "write it with its scheme"),
            ({"host": silent}, "no service answers"),
        ):
            answer = web.start(**form)
            assert answer["success"] is False
            assert says in str(answer["message"])
    assert "Ramping" not in web.process.output
    assert "Traceback" not in web.process.output


def test_another_service_is_not_made_to_execute_unasked(web: WebLocust) -> None:
    with StudioProcess("--turn-ms", "100") as studio:
        assert web.start(host=studio.url)["success"] is True
        wait_until(lambda: bool(studio.call("GET", "/api/tasks").json), "tasks are created on the other service")
        web.stop()
        wait_until(lambda: any(web.process.results.glob("*/result.json")), "the result is written")
        web.process.send(signal.SIGTERM)
        web.process.wait()
        result = web.process.result()
        assert result.run.host == studio.url
        assert not result.run.embedded
        assert not any("execute" in request.name for request in result.requests)
        assert studio.call("GET", "/api/tasks").json == []
