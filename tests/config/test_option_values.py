"""Option values: what is taken, and what the refusal says."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import values


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.number(0.1), "2.5", 2.5),
        (values.number(0, 600), "600", 600.0),
        (values.whole(0), "0", 0),
        (values.whole(1, 10), "10", 10),
        (values.threshold, "none", "none"),
        (values.threshold, "delivery:p(99)<50ms", "delivery:p(99)<50ms"),
        (values.header, "Authorization: Bearer x:y", "Authorization: Bearer x:y"),
        (values.alias, "session.completed=session.ended", "session.completed=session.ended"),
        (values.scenario, "slow-readers:4", "slow-readers:4"),
        (values.studio_option, "max-streams=50", "max-streams=50"),
        (values.choice("streams", "rate"), "rate", "rate"),
        (values.load, "20x2.5", "20x2.5"),
        (values.load_of, "20x2.5", (20, 2.5)),
        (values.zero_or(values.number(0.5)), "0", 0.0),
        (values.zero_or(values.number(0.5)), "0.5", 0.5),
        (values.clock_setting("skew"), "3s", "3s"),
        (values.clock_setting("skew"), "-1.5ms", "-1.5ms"),
        (values.clock_setting("drift"), "-200ppm", "-200ppm"),
        (values.clock_setting("step"), "-500ms@6s", "-500ms@6s"),
    ],
)
def test_a_right_value_is_taken(read: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (values.scenario, "slow readers", "write it such as reconnects or slow-readers:4"),
        (values.scenario, "reconnects:0", "write it such as"),
        (values.studio_option, "--max-streams 50", "write it such as max-streams=50"),
        (values.choice("streams", "rate"), "users", "'users' is none of streams, rate"),
        (values.load, "20", "write streams and events per second, such as 20x10"),
        (values.load, "0x10", "such as 20x10"),
        (values.load, "20x0", "such as 20x10"),
        (values.number(0.1), "0", "'0' is not a number of at least 0.1"),
        (values.number(0, 600), "nan", "from 0 to 600"),
        (values.number(0), "inf", "of at least 0"),
        (values.number(0), "fast", "'fast' is not a number"),
        (values.whole(1), "1.5", "'1.5' is not a whole number of at least 1"),
        (values.whole(1, 10), "11", "from 1 to 10"),
        (values.threshold, "delivery:p(99)<", "for example"),
        (values.threshold, "delivry:p(99)<50ms", "delivry"),
        (values.header, "Authorization", "write it as 'Name: value'"),
        (values.header, "X: a\nY: b", "write it as 'Name: value'"),
        (values.alias, "session.completed", "write it as"),
        (values.readable_file, "/nowhere/file", "No such file"),
        (values.zero_or(values.number(0.5)), "0.1", "'0.1' is not a number of at least 0.5, and not 0"),
        (values.clock_setting("skew"), "3", "write it such as 3s or -250ms"),
        (values.clock_setting("drift"), "200", "write it such as 200ppm"),
        (values.clock_setting("step"), "500ms@-6s", "write it such as 500ms@6s"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(read: Callable[[str], Any], text: str, says: str) -> None:
    with pytest.raises(ArgumentTypeError) as refusal:
        read(text)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value).replace("\\n", "")


@pytest.mark.parametrize("content", ["{", "[]", '[{"title": "no description"}]', '{"title": "t", "description": "d"}'])
def test_a_tasks_file_must_hold_a_list_of_tasks(tmp_path: Path, content: str) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(content)
    with pytest.raises(ArgumentTypeError, match=r"tasks\.json"):
        values.tasks_file(str(file))


def test_the_tasks_file_of_the_package_is_taken() -> None:
    from config.option_list import TASKS_FILE

    assert values.tasks_file(str(TASKS_FILE)) == str(TASKS_FILE)


def test_users_of_scenarios_are_counted_and_the_later_word_counts() -> None:
    assert values.scenario_counts(["a", "b:3", "a:2"]) == {"a": 2, "b": 3}
