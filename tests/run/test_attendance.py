"""Which workers a run had to its end, and what the run says about those that it lost."""

from __future__ import annotations

import pytest

from run.attendance import LOCAL, Attendance

SECOND = 1_000_000_000


def test_a_run_without_workers_has_none_to_lose() -> None:
    attendance = Attendance()
    attendance.heard(LOCAL, 5 * SECOND, ended=False)
    assert attendance.lost() == [LOCAL]
    assert attendance.check(0) is None


def test_workers_that_reported_to_the_end_pass() -> None:
    attendance = Attendance()
    for number in (1, 2):
        attendance.joined(f"worker {number}")
        attendance.heard(f"worker {number}", 5 * SECOND, ended=False)
        attendance.heard(f"worker {number}", 9 * SECOND, ended=True)
    check = attendance.check(0)
    assert check is not None
    assert (check.verdict, check.counts, check.offenders) == ("pass", {"workers": 2, "lost": 0}, [])


def test_words_after_the_end_do_not_undo_it() -> None:
    attendance = Attendance()
    attendance.heard("worker 1", 9 * SECOND, ended=True)
    attendance.heard("worker 1", 8 * SECOND, ended=False)
    assert attendance.lost() == []


@pytest.mark.parametrize(
    ("heard", "expected"),
    [(False, "worker 2 was never heard of"), (True, "worker 2 was last heard of 2.5 s after the start")],
)
def test_a_lost_worker_is_named_with_its_last_word(heard: bool, expected: str) -> None:
    attendance = Attendance()
    attendance.heard("worker 1", 30 * SECOND, ended=True)
    attendance.joined("worker 2")
    if heard:
        attendance.heard("worker 2", 12 * SECOND + SECOND // 2, ended=False)
    check = attendance.check(10 * SECOND)
    assert check is not None
    assert (check.name, check.verdict, check.counts) == ("run.workers", "unknown", {"workers": 2, "lost": 1})
    assert check.summary.startswith("worker 2 was lost")
    assert str(check.offenders[0]["what"]).startswith(expected)


def test_several_lost_workers_are_all_named() -> None:
    attendance = Attendance()
    attendance.joined("worker 2")
    attendance.joined("worker 1")
    check = attendance.check(0)
    assert check is not None
    assert check.summary.startswith("worker 1 and worker 2 were lost")
