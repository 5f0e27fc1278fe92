"""The page on the checks is the one that the checks describe, and says something in each place."""

from __future__ import annotations

from pathlib import Path

from studio.check_page import document
from studio.verify.catalogue import CHECKS

PAGE = Path(__file__).parent.parent.parent / "docs" / "checks.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == document(), "run `python -m studio.check_page > docs/checks.md`"


def test_every_check_says_what_it_promises_what_it_cannot_see_and_when_it_is_unknown() -> None:
    for check in CHECKS.values():
        assert all((check.holds, check.promise, check.blind, check.unknown)), check.name
        assert not any(text.endswith(".") for text in check[1:]), check.name
