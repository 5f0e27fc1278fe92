"""The mark that tells a run's tasks from everybody else's."""

from __future__ import annotations

import pytest

from studio.marks import is_run_id, mark_of, marked, new_run_id, run_of


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
