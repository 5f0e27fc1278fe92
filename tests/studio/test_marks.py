"""The mark that tells a run's tasks from everybody else's."""

from __future__ import annotations

import pytest

from studio.marks import MAX_TITLE, is_run_id, mark_of, marked, new_run_id, run_of, short_title


def test_a_marked_title_names_its_run() -> None:
    run_id = new_run_id()
    assert is_run_id(run_id)
    assert run_of(marked("Fix the login", mark_of(run_id, 4711), 3)) == run_id


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Fix the login",
        "[lt-1f2e3d4c",
        "[lt-1f2e3d4c 1a]",
        "lt-1f2e3d4c 1a 2",
        "[lt-1f2e3d 1a 2]",
        "[LT-1f2e3d4c 1a 2]",
    ],
)
def test_a_title_without_a_whole_mark_is_somebody_elses(title: str) -> None:
    assert run_of(title) is None


@pytest.mark.parametrize("text", ["", "lt-", "lt-1f2e3d4", "lt-1f2e3d4c5", "xt-1f2e3d4c", "lt-1f2e3d4c\n"])
def test_what_is_no_run_id(text: str) -> None:
    assert not is_run_id(text)


def test_a_long_title_is_kept_in_a_form_that_tells_it_from_others_and_holds_its_mark() -> None:
    long = marked("x" * 1_000_000, mark_of("lt-0123abcd", 77), 5)
    short = short_title(long)
    assert len(short) < 500
    assert f" ... {len(long)} characters (SHA-256 " in short
    assert run_of(short) == "lt-0123abcd"
    assert short_title(short) == short
    assert short_title(long.replace("x" * 10, "x" * 9 + "y", 1)) != short
    assert short_title("\ud800" * 2_000) != short_title("\ud801" * 2_000)
    assert short_title("y" * MAX_TITLE) == "y" * MAX_TITLE
