"""Children are spoken to in lines, and what they do not say is an error with words."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.child import Child, ChildFailed

ECHO = "import sys; [print('{\"said\": \"' + line.strip() + '\"}', flush=True) for line in sys.stdin]"


def child(program: str, options: dict[str, object] | None = None) -> Child:
    return Child([sys.executable, "-c", program], options or {})


def test_lines_go_in_and_messages_come_out() -> None:
    with child(ECHO) as echo:
        echo.tell(b"one\ntwo\n")
        assert echo.hear("said", 10) == "one"
        assert echo.hear("said", 10) == "two"


def test_options_that_are_none_or_false_are_left_out_and_lists_are_spread() -> None:
    program = "import json, sys; print(json.dumps({'got': sys.argv[1:]}), flush=True)"
    options: dict[str, object] = {"one_two": 3, "none": None, "no": False, "flag": True, "tls": ("a", "b")}
    with child(program, options) as told:
        assert told.hear("got", 10) == ["--one-two", "3", "--flag", "--tls", "a", "b"]


def test_variables_are_set_beside_the_drivers_own() -> None:
    program = "import json, os; print(json.dumps({'got': [os.environ['X'], 'PATH' in os.environ]}), flush=True)"
    with Child([sys.executable, "-c", program], {}, {"X": "1"}) as told:
        assert told.hear("got", 10) == ["1", True]


@pytest.mark.parametrize(
    ("program", "within_s", "words"),
    [
        ("import sys; sys.exit(7)", 10, r"ended before it said 'port' \(exit code 7\)"),
        ("print('{\"open\": 3}', flush=True)", 10, r"said \{'open': 3\} instead of 'port'"),
        (ECHO, 0.05, r"did not say 'port' within 0.05 s"),
    ],
)
def test_a_child_that_does_not_say_what_it_owes_is_an_error(program: str, within_s: float, words: str) -> None:
    with pytest.raises(ChildFailed, match=words), child(program) as silent:
        silent.hear("port", within_s)


def test_leaving_ends_the_process() -> None:
    with child(ECHO) as echo:
        pid = echo.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
