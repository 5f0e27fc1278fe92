"""The page is HTML: a strict parser of the standard finds no error in it, and its ids and landmarks are in order."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from tests.reports.parsed_page import rendered

html5lib = pytest.importorskip("html5lib", reason="html5lib is one of requirements-dev.txt")

_XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(params=["sample", "passing", "hostile"])
def page(request: pytest.FixtureRequest) -> str:
    return rendered(request.param)


def test_the_strict_parser_finds_no_error(page: str) -> None:
    html5lib.HTMLParser(strict=True).parse(page)


def test_every_id_is_there_once_and_every_reference_has_its_target(page: str) -> None:
    elements = list(html5lib.parse(page).iter())
    ids = Counter(each.get("id") for each in elements if each.get("id"))
    assert set(ids.values()) == {1}
    for name in ("aria-labelledby", "aria-controls", "data-chart"):
        assert {each.get(name) for each in elements if each.get(name)} <= set(ids)
    links = {each.get("href")[1:] for each in elements if each.get("href", "").startswith("#")}
    assert links <= set(ids)


def test_headings_descend_one_by_one_and_tables_have_heads(page: str) -> None:
    elements = list(html5lib.parse(page).iter())
    tags = [str(each.tag).removeprefix(_XHTML) for each in elements]
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert tags.count("h1") == tags.count("main") == tags.count("header") == tags.count("nav") == 1
    for table in (each for each in elements if each.tag == f"{_XHTML}table"):
        assert any(cell.get("scope") for cell in table.iter(f"{_XHTML}th"))
    charts = [each for each in elements if each.get("class") == "chart"]
    assert charts
    assert all(each.get("role") == "img" and each.get("aria-label") for each in charts)
