"""``python -m studio.recordings``: the verdicts on recordings of the real service, and on our own."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from studio.recordings.command import main

_OWN = Path(__file__).parent.parent / "recordings"
_CAPTURES = os.environ.get("STUDIO_CAPTURES")
_NOTHING: frozenset[str] = frozenset()
_DOUBLED = frozenset({"delivery.duplicated", "replay.exact"})


class Case(NamedTuple):
    """Recordings of the real service and the checks that must fail on them."""

    files: str
    """A pattern of files."""
    fail: frozenset[str]
    rest: str = ""
    options: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


_FIRST_ID = ("--last-event-id", "{first}")
_CASES = (
    Case("lifecycle-human-*.jsonl", _NOTHING, "lifecycle-human-rest.json"),
    Case("lifecycle-direct-*.jsonl", _NOTHING, "lifecycle-direct-rest.json"),
    Case("defect-i-dup-1clients-0.jsonl", _NOTHING, options=("--last-event-id", "the acknowledged one")),
    Case("defect-i-dup-2clients-0.jsonl", _DOUBLED, options=_FIRST_ID, says=("5 events came for 2",)),
    Case("defect-i-dup-5clients-0.jsonl", _DOUBLED, options=_FIRST_ID, says=("14 events came for 2", "4 times")),
    Case("defect-i-dup-20clients-0.jsonl", _DOUBLED, options=_FIRST_ID, says=("59 events came for 2", "19 times")),
    Case("defect-iii-gap-complete.jsonl", _NOTHING),
    Case("defect-iii-gap-*.jsonl", frozenset({"activity.agrees"}), says=("lacks 1 of 904 messages", "ids run on")),
    Case(
        "defect-iv-replay-filter-0.jsonl",
        frozenset({"replay.filtered"}),
        options=("--last-event-id", "the acknowledged one", "--task-ids", "{task}"),
        says=("events of other tasks",),
    ),
    # Whoever moved the task e0 to and fro wrote down none of those calls, so nothing is known to have caused them.
    Case(
        "defect-vi-events.jsonl",
        frozenset({"delivery.lost", "delivery.unexpected", "status.agrees", "execute.double_refused"}),
        "defects-vi-rest.json",
        says=("acknowledged the patch of task 5a785933", "last word is 'todo', REST says 'done'"),
    ),
    Case(
        "defect-viii-events.jsonl",
        frozenset({"status.agrees", "status.fresh", "execute.accepted", "execute.in_time"}),
        "defects-viii-rest.json",
        says=("last word is 'planning', REST says 'todo'", "202 came after 2.007 s", "timed out"),
    ),
    Case("defect-prompt500-activity.jsonl", frozenset({"activity.complete"}), says=("nothing but `finished`",)),
)


def _run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, set[str], str]:
    """The exit code, the checks that failed, and the whole text on one line."""
    code = main(arguments)
    out = capsys.readouterr().out
    return code, set(re.findall(r"^FAIL +([a-z._]+):", out, re.MULTILINE)), " ".join(out.split())


@pytest.mark.skipif(not _CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings")
@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.files)
def test_the_real_service_gets_the_verdicts_that_its_defects_deserve(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(str(_CAPTURES))
    files = sorted(folder.glob(case.files))
    text = "".join(json.loads(line)["b"] for line in files[0].read_text().splitlines())
    values = {"{first}": r"^id: (\S+)", "{task}": r'"task_id":"([^"]+)"'}
    found = {name: re.findall(pattern, text, re.MULTILINE) for name, pattern in values.items()}
    options = [found[option][0] if option in found else option for option in case.options]
    rest = ["--rest", str(folder / case.rest)] if case.rest else []
    code, failed, said = _run([*map(str, files), *rest, *options], capsys)
    assert failed == case.fail
    assert code == (3 if case.fail else 0)
    assert [words for words in case.says if words not in said] == []


def test_the_embedded_studio_passes_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, _OWN.glob("lifecycle-direct-*.jsonl")))
    code, failed, said = _run([*files, "--rest", str(_OWN / "lifecycle-direct-rest.json")], capsys)
    assert (code, failed) == (0, set())
    for check in ("delivery.lost", "lifecycle.transitions", "activity.complete", "status.agrees", "execute.in_time"):
        assert f"PASS {check}:" in said


def test_a_stream_that_was_recorded_for_less_than_a_second_owes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, _OWN.glob("lifecycle-human-*.jsonl")))
    code, failed, said = _run([*files, "--rest", str(_OWN / "lifecycle-human-rest.json")], capsys)
    assert (code, failed) == (4, set())
    assert "UNKNOWN delivery.lost: no delivery was owed" in said
    assert "PASS execute.done_refused:" in said


def _write(path: Path, *reads: str) -> str:
    path.write_text("".join(json.dumps({"t_ns": 10**18 + at, "b": data}) + "\n" for at, data in enumerate(reads)))
    return str(path)


_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\r\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "it holds no read"),
        ('{"t_ns": 1, "b": "x"}\nnonsense\n', "line 2 is no read of a stream"),
        ('{"t_ns": 1, "b": "HTTP/1.1 200 OK"}', "it ends inside the head of the answer"),
        ('{"t_ns": 1, "b": "GET / HTTP/1.1\\r\\n\\r\\n"}', "not the recording of a stream"),
        ('{"t_ns": 1, "b": "HTTP/1.1 404 Not Found\\r\\n\\r\\n"}', "the answer is 404"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(
    content: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit) as end:
        main([str(path)])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m studio.recordings: {path}: ") and said in line


def test_what_are_no_calls_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = tmp_path / "rest.json"
    calls.write_text('[{"t_ns": 1}]')
    with pytest.raises(SystemExit) as end:
        main([_write(tmp_path / "x.jsonl", _HEAD), "--rest", str(calls)])
    assert end.value.code == 2
    assert "no recorded REST calls; write a JSON array" in capsys.readouterr().err


def test_a_stream_without_an_event_says_little(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([_write(tmp_path / "x.jsonl", _HEAD)], capsys)[:2] == (0, set())


def test_readers_of_two_sessions_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def activity(session: int, *numbers: int) -> str:
        messages = [f'{{"type":"agent_message","text":"{session} {number}"}}' for number in numbers]
        blocks = [f"id: {at}\nevent: agent_message\ndata: {data}\n\n" for at, data in enumerate(messages)]
        return "".join([*blocks, f'id: 9\nevent: finished\ndata: {{"type":"finished","session":{session}}}\n\n'])

    first = _write(tmp_path / "a.jsonl", _HEAD, activity(1, 0, 1, 2))
    second = _write(tmp_path / "b.jsonl", _HEAD, activity(1, 0, 2))
    other = _write(tmp_path / "c.jsonl", _HEAD, activity(2, 0, 1))
    unknown = "stream.chunks"
    assert _run([first, other], capsys)[1] == set()
    code, failed, said = _run([first, second, other], capsys)
    assert (code, failed) == (3, {"activity.agrees"})
    assert "lacks 1 of 4 messages" in said and f"UNKNOWN {unknown}" in said
