"""Makes the recordings in ``tests/recordings`` anew: ``python -m tests.support.record_studio``.

They have the format of the recordings of the real service: ``*.jsonl`` holds one socket read a line, ``*-rest.json``
the REST calls of the same run. The embedded Studio writes them, so they pin its own bytes.
"""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path
from typing import Final

from tests.support.studio_process import ROOT, Answer, RawStream, StudioProcess
from tests.support.studio_scripts import Call, run_script

FOLDER: Final = ROOT / "tests" / "recordings"


def _write_reads(folder: Path, name: str, stream: RawStream) -> None:
    lines = [json.dumps({"t_ns": read.t_ns, "b": read.data.decode("latin-1")}) for read in stream.reads]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _body(answer: Answer) -> object:
    return answer.json if dict(answer.headers).get("content-type") == "application/json" else answer.text


def _write_calls(folder: Path, name: str, calls: list[Call]) -> None:
    entries = [
        {
            "t_ns": answer.t_ns,
            "method": step.method,
            "path": path,
            "request": step.request,
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": _body(answer),
            "duration_ms": round(answer.duration_ms, 3),
        }
        for step, path, answer in calls
    ]
    (folder / f"{name}-rest.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def record_lifecycles(folder: Path) -> None:
    """Both lifecycles: REST, the global stream and every phase's activity; the second ends with a keep-alive."""
    with StudioProcess("--turn-ms", "120", "--keep-alive-s", "1") as studio:
        for name in ("lifecycle-human", "lifecycle-direct"):
            run = run_script(studio, name)
            if name == "lifecycle-direct":
                run.events.wait_for(lambda stream: stream.raw.endswith(b"E\r\n: keep-alive\n\n\r\n"), "keep-alive")
            _write_calls(folder, name, run.calls)
            _write_reads(folder, f"{name}-events", run.events)
            for phase, stream in run.activities.items():
                _write_reads(folder, f"{name}-activity-{phase}", stream)


def record_replays(folder: Path) -> None:
    """A reader that comes back, and one whose id is unknown."""
    with StudioProcess() as studio:
        first = studio.stream()
        for number in range(3):
            studio.create(f"replayed {number}")
        acknowledged = first.wait_for_events(3)[0].id
        for name, last_event_id in (("replay-events", acknowledged), ("replay-unavailable-events", "unknown")):
            again = studio.stream(Last_Event_ID=last_event_id)
            again.wait_for(lambda stream: bool(stream.events), "the replay")
            _write_reads(folder, name, again)


def record_ends(folder: Path) -> None:
    """A plan of three phases that SIGTERM ends with the last chunk, and a stream that SIGKILL cuts off."""
    for name, number in (("phases-terminated-events", signal.SIGTERM), ("phases-killed-events", signal.SIGKILL)):
        with StudioProcess("--turn-ms", "20") as studio:
            stream = studio.stream()
            task_id = studio.create("Déjà vu in phases", "phases: 3")
            for ends in (1, 4):
                studio.execute(task_id)
                stream.wait_for(partial(_quiet, ends=ends), "the end of the turn")
            studio.stop(number)
            stream.wait_for(lambda stream: stream.closed, "the end of the stream")
            _write_reads(folder, name, stream)


def _quiet(stream: RawStream, ends: int) -> bool:
    types = stream.types
    return types.count("session.ended") == ends and types.count("task.status_changed") == (2 if ends == 1 else 3)


def record_all(folder: Path) -> None:
    """Every recording."""
    folder.mkdir(parents=True, exist_ok=True)
    record_lifecycles(folder)
    record_replays(folder)
    record_ends(folder)


if __name__ == "__main__":
    record_all(FOLDER)
