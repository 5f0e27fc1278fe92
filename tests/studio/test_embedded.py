"""Starting the embedded Studio: its clock's settings reach it, and what it refuses is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SECOND = 1_000_000_000
SCRIPT = """
from gevent import monkey
monkey.patch_all()
import datetime, json, sys, time, urllib.request
from studio.embedded import EmbeddedStudio, EmbeddedStudioError
try:
    studio = EmbeddedStudio.start(["--turn-ms", "40"], **json.loads(sys.argv[1]))
except EmbeddedStudioError as error:
    print(json.dumps(str(error)))
    sys.exit()
body = json.dumps({"title": "t", "description": ""}).encode()
request = urllib.request.Request(studio.url + "/api/tasks", body, {"content-type": "application/json"})
sent = time.time()
created = json.load(urllib.request.urlopen(request, timeout=15))["created_at"]
told = datetime.datetime.fromisoformat(created[:26] + "+00:00").timestamp()
print(json.dumps([told - time.time(), told - sent]))
studio.stop()
"""


RESTART_SCRIPT = """
from gevent import monkey
monkey.patch_all()
import json, os, signal, sys, urllib.request
from studio.embedded import EmbeddedStudio
keeps, name, fault = json.loads(sys.argv[1])
arguments = ["--turn-ms", "40", *fault]
studio = EmbeddedStudio.start(arguments, keeps_database=keeps)
url, pid = studio.url, studio.pid
body = json.dumps({"title": "t", "description": ""}).encode()
request = urllib.request.Request(url + "/api/tasks", body, {"content-type": "application/json"})
urllib.request.urlopen(request, timeout=15).read()
stream = urllib.request.urlopen(url + "/api/events", timeout=15)
took = studio.restart(signal.Signals[name], 1.0)
tasks = json.load(urllib.request.urlopen(url + "/api/tasks", timeout=15))
in_order = took.signalled_ns <= (took.ended_ns or took.signalled_ns) <= took.ready_ns
print(json.dumps([studio.url == url, studio.pid == pid, len(tasks), took.ended_ns is not None, in_order]))
studio.stop()
try:
    os.kill(studio.pid, 0)
except ProcessLookupError:
    print(json.dumps("gone"))
"""


@pytest.mark.parametrize(
    ("keeps", "name", "fault", "ended"),
    [
        (True, "SIGTERM", [], True),
        (True, "SIGKILL", [], True),
        (False, "SIGTERM", [], True),
        (True, "SIGTERM", ["--fault", "sigterm-keeps-streams"], False),
    ],
)
def test_a_restart_serves_the_same_url_again_with_what_it_kept(
    keeps: bool, name: str, fault: list[str], ended: bool, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESTART_SCRIPT, json.dumps([keeps, name, fault])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    facts, gone = map(json.loads, done.stdout.splitlines())
    assert facts == [True, False, int(keeps), ended, True]
    assert gone == "gone"
    assert list(tmp_path.iterdir()) == []


def started(**settings: object) -> tuple[float, float] | str:
    """Start it in a process of its own, as Locust does; returns where its offset lies, in seconds, or the refusal."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[float] | str = json.loads(done.stdout)
    return said if isinstance(said, str) else (said[0], said[1])


@pytest.mark.parametrize(
    ("settings", "offset_s"),
    [
        ({}, 0),
        ({"clock_skew": "", "clock_drift": None, "clock_steps": []}, 0),
        ({"clock_skew": "-3600s"}, -3600),
        ({"clock_skew": "3600s", "clock_steps": ["-1800s@0s", "600s@1us"]}, 2400),
    ],
)
def test_its_clock_is_as_wrong_as_asked(settings: dict[str, object], offset_s: int) -> None:
    said = started(**settings)
    assert isinstance(said, tuple), said
    # The script reads microseconds only, and floats of this size round to a quarter of one.
    assert said[0] - 1e-5 <= offset_s <= said[1] + 1e-5


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"clock_skew": "-3"}, "--clock-skew takes a duration such as 3s or -250ms, not '-3'"),
        ({"clock_drift": "-1%"}, "--clock-drift takes parts per million such as 200ppm or -50ppm, not '-1%'"),
        (
            {"clock_steps": ["1s@1s", "-5s"]},
            "--clock-step takes a jump and its time after the start such as 500ms@6s or -2s@1500ms, not '-5s'",
        ),
    ],
)
def test_a_clock_that_cannot_be_is_refused_with_a_right_example(settings: dict[str, object], wrong: str) -> None:
    assert started(**settings) == f"python -m studio.reference: {wrong}"
