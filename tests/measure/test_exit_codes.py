"""The exit code for every combination of rows, checks and an internal error, in the stated precedence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import pytest

from locust_eventsource.measure import exit_codes
from locust_eventsource.measure.exit_codes import exit_code
from locust_eventsource.measure.verdicts import Row, Verdict


class Check(NamedTuple):
    verdict: str


def rows(*verdicts: Verdict, metric: str = "delivery") -> list[Row]:
    return [
        Row("", metric, None, "", "", "", 0, verdict, "", "default", None, 0.0, "", None, None, None, False)
        for verdict in verdicts
    ]


def checks(*verdicts: str) -> list[Check]:
    return [Check(verdict) for verdict in verdicts]


EVERY_ROWS = [chosen for size in range(5) for chosen in combinations(Verdict, size)]
EVERY_CHECKS = [chosen for size in range(4) for chosen in combinations(("pass", "fail", "unknown"), size)]


@pytest.mark.parametrize("row_verdicts", EVERY_ROWS)
@pytest.mark.parametrize("check_verdicts", EVERY_CHECKS)
def test_the_worst_decides(row_verdicts: Sequence[Verdict], check_verdicts: Sequence[str]) -> None:
    code = exit_code(rows(*row_verdicts), checks(*check_verdicts), internal_error=False)
    if Verdict.FAIL in row_verdicts or "fail" in check_verdicts:
        assert code == 3
    elif Verdict.INCONCLUSIVE in row_verdicts or "unknown" in check_verdicts:
        assert code == 4
    elif not row_verdicts:
        assert code is None
    elif Verdict.PASS in row_verdicts or "pass" in check_verdicts:
        assert code == 0
    else:
        assert code == 4
    assert exit_code(rows(*row_verdicts), checks(*check_verdicts), internal_error=True) == 2


def test_the_codes_are_as_documented() -> None:
    codes = (
        exit_codes.PASS,
        exit_codes.LOCUST_FAILURE,
        exit_codes.INTERNAL_ERROR,
        exit_codes.FAILED,
        exit_codes.INCONCLUSIVE,
    )
    assert codes == (0, 1, 2, 3, 4)


def test_rows_may_come_from_a_generator() -> None:
    assert exit_code(iter(rows(Verdict.PASS)), iter(checks("pass")), internal_error=False) == 0


@pytest.mark.parametrize("tester", Verdict)
@pytest.mark.parametrize("others", EVERY_ROWS)
def test_the_tester_s_own_row_can_only_make_a_judged_run_inconclusive(
    tester: Verdict, others: Sequence[Verdict]
) -> None:
    alone = exit_code(rows(*others), [], internal_error=False)
    code = exit_code([*rows(*others), *rows(tester, metric="tester")], [], internal_error=False)
    assert code == (4 if alone == 0 and tester is Verdict.INCONCLUSIVE else alone)


@pytest.mark.parametrize(
    ("code", "words"), [(0, "pass"), (2, "internal error"), (3, "fail"), (4, "inconclusive"), (None, "not asked")]
)
def test_a_code_in_words(code: int | None, words: str) -> None:
    assert exit_codes.outcome(code) == words
