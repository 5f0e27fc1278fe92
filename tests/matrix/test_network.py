"""The network that does wrong; skipped where Toxiproxy is not installed (`make toxiproxy`)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import requests

from matrix.network import spoilt_network
from matrix.rows.row import Toxic

pytestmark = pytest.mark.skipif(
    not (Path(sys.executable).parent / "toxiproxy-server").exists(), reason="no Toxiproxy: run `make toxiproxy`"
)


@pytest.fixture
def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made


def test_a_delay_is_on_every_answer(session: requests.Session) -> None:
    with spoilt_network(Toxic("latency", {"latency": 200}), 300) as url:
        answer = session.get(f"{url}/health", timeout=10)
    assert answer.json()["status"] == "ok"
    assert answer.elapsed.total_seconds() >= 0.2


def test_what_comes_later_waits_for_the_first_task(session: requests.Session) -> None:
    with spoilt_network(Toxic("reset_peer", {"timeout": 0}, after_s=0.01), 300) as url:
        assert session.get(f"{url}/health", timeout=10).ok
        session.post(f"{url}/api/tasks", json={"title": "t", "description": "d"}, timeout=10)
        with pytest.raises(requests.ConnectionError):
            while True:
                session.get(f"{url}/health", timeout=10)
