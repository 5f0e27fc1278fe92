"""A locustfile of somebody else, who has an SSE service and no Studio."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.locust_process import ROOT

LOCUSTFILE = """
from locust import constant, task
from locust_eventsource import EventSourceUser, events

seen = []

class Watcher(EventSourceUser):
    wait_time = constant(1)

    def on_start(self):
        self.stream = self.open_stream("/api/events", name="events")
        self.stream.wait_open(5)

    @task
    def create_and_wait(self):
        import requests

        self.stream.listen()
        task = requests.post(f"{self.host}/api/tasks", json={"title": "mine", "description": ""}, timeout=5).json()
        arrival = self.stream.wait_for(lambda arrival: task["id"] in arrival.event.data, timeout=5)
        print("FOUND", arrival.event.type, arrival.source, flush=True)

@events.connect.add_listener
def connected(stream, timing, **kwargs):
    print("CONNECTED", stream.name, timing.total_ns > 0, flush=True)

@events.deliveries.add_listener
def delivered(arrivals, **kwargs):
    print("DELIVERED", len(arrivals), flush=True)

@events.disconnect.add_listener
def disconnected(deliberate, **kwargs):
    print("DISCONNECTED", deliberate, flush=True)
"""


def test_the_user_class_and_the_hooks_serve_any_event_stream(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environment["PYTHONPATH"] = str(ROOT)
    studio = subprocess.Popen(
        [sys.executable, "-m", "studio.reference", "--port", "0", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with studio:
        assert studio.stdout is not None
        host = studio.stdout.readline().split('"')[3]
        locust = subprocess.run(
            [sys.executable, "-m", "locust", "--headless", "-u", "2", "-r", "2", "-t", "4s", "--host", host],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert studio.stdin is not None
        studio.stdin.close()
    assert locust.returncode == 0, locust.stderr
    assert locust.stdout.count("CONNECTED events True") == 2
    assert "FOUND task.created" in locust.stdout
    assert "DELIVERED" in locust.stdout
    assert locust.stdout.count("DISCONNECTED True") == 2
    assert "Traceback" not in locust.stderr
