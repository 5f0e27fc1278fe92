"""The bytes on the wire are those of the recordings: of the real service where there are some, and of our own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.studio_process import StudioProcess, chunks_of
from tests.support.studio_scripts import SCRIPTS, Run, run_script

OWN = Path(__file__).parent.parent / "recordings"
CAPTURES = os.environ.get("STUDIO_CAPTURES")
_SERVICE = pytest.param(
    Path(CAPTURES or "."),
    id="service",
    marks=pytest.mark.skipif(
        not CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings in it"
    ),
)
FOLDERS = [pytest.param(OWN, id="own"), _SERVICE]

_VARIABLE = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"(ses|prt)_[0-9A-Za-z]{26}"), r"<\1>"),
    (re.compile(r"call_[0-9a-f]{10}"), "<call>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"), "<exact time>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<second>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r'("content": ?")(?:[^"\\]|\\.)*"'), r'\1<text>"'),
]


def normal(text: str) -> str:
    """What must be the same in every run."""
    for pattern, replacement in _VARIABLE:
        text = pattern.sub(replacement, text)
    return text


def recorded(path: Path) -> bytes:
    """The bytes of a recorded stream."""
    return b"".join(json.loads(line)["b"].encode("latin-1") for line in path.read_text("utf-8").splitlines())


def split(raw: bytes) -> tuple[str, list[str]]:
    """Head and chunks of a stream, made normal; every chunk's size was checked on the way."""
    head, _, body = raw.partition(b"\r\n\r\n")
    chunks, rest = chunks_of(body)
    assert rest == b""
    return normal(head.decode()), [normal(chunk.decode()) for chunk in chunks]


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, Run]]:
    """Both lifecycles on one fresh Studio; the second waits for its keep-alive."""
    with StudioProcess("--turn-ms", "120", "--keep-alive-s", "1") as studio:
        made = {name: run_script(studio, name) for name in SCRIPTS}
        made["lifecycle-direct"].events.wait_for(lambda stream: b": keep-alive" in stream.blocks[-1], "keep-alive")
        yield made


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_global_stream_has_the_recorded_bytes(folder: Path, name: str, runs: dict[str, Run]) -> None:
    expected_head, expected = split(recorded(folder / f"{name}-events.jsonl"))
    head, chunks = split(runs[name].events.raw)
    assert head == expected_head
    assert chunks[: len(expected)] == expected


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_activity_stream_has_messages_of_the_recorded_shapes(
    folder: Path, name: str, runs: dict[str, Run]
) -> None:
    for phase, stream in runs[name].activities.items():
        expected_head, expected = split(recorded(folder / f"{name}-activity-{phase}.jsonl"))
        head, chunks = split(stream.raw)
        messages = [chunk for chunk in chunks if chunk != ": keep-alive\n\n"]
        assert head == expected_head
        assert {_without_id(chunk) for chunk in expected} - {": keep-alive\n\n"} == set(map(_without_id, messages))
        assert [chunk.split("\n")[0] for chunk in messages] == [f"id: {number}" for number in range(len(messages))]
        assert messages[-1].split("\n")[1] == "event: finished"


def _without_id(chunk: str) -> str:
    return chunk.partition("\n")[2] if chunk.startswith("id: ") else chunk


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_planning_turn_has_the_recorded_sequence_of_messages(folder: Path, runs: dict[str, Run]) -> None:
    _, expected = split(recorded(folder / "lifecycle-human-activity-planning.jsonl"))
    _, chunks = split(runs["lifecycle-human"].activities["planning"].raw)
    assert [chunk for chunk in chunks if chunk.startswith("id: ")] == expected


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_rest_answers_are_the_recorded_ones(folder: Path, name: str, runs: dict[str, Run]) -> None:
    expected = json.loads((folder / f"{name}-rest.json").read_text("utf-8"))
    calls = runs[name].calls
    assert [(call.step.method, normal(call.path)) for call in calls] == [
        (entry["method"], normal(entry["path"])) for entry in expected
    ]
    for call, entry in zip(calls, expected, strict=True):
        answer = call.answer
        assert answer.status == entry["status"], call
        assert _headers(answer.headers) == _headers(list(entry["headers"].items())), call
        assert _sorted_sessions(normal(answer.text)) == _sorted_sessions(normal(_text(entry["body"]))), call
        assert dict(answer.headers)["content-length"] == str(len(answer.raw))


def _text(body: object) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, "" if name == "content-length" else normal(value)) for name, value in headers]


def _sorted_sessions(text: str) -> object:
    """The service sorts sessions by whole seconds, so that their order depends on the time of day."""
    value: Any = json.loads(text) if text.startswith("[") else text
    return sorted(map(json.dumps, value)) if isinstance(value, list) else value


def test_deleting_patching_and_completing_answer_as_recorded() -> None:
    with StudioProcess("--turn-ms", "20") as studio:
        task_id = studio.create("before")
        path = f"/api/tasks/{task_id}"
        changed = studio.call("PATCH", path, {"title": "new"})
        assert changed.json["title"] == "new"
        assert normal(json.dumps(changed.json["created_at"])) == '"<second>"'
        assert normal(json.dumps(changed.json["updated_at"])) == '"<exact time>"'
        studio.call("PATCH", path, {"status": "review"})
        completed = studio.call("POST", path + "/complete", {"action": "complete_only", "cleanup_worktree": True})
        assert completed.text == '{"success":true,"pr":null,"merge_result":null,"worktree_cleaned":true}'
        deleted = studio.call("DELETE", path)
        assert (deleted.status, deleted.raw) == (204, b"")
        assert [name for name, _ in deleted.headers] == [
            "vary",
            "access-control-allow-origin",
            "access-control-expose-headers",
            "date",
        ]
