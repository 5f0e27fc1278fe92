"""The report's page taken apart: as a browser's parser cuts it, and the charts that it draws."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from typing import Any

from reports.html import render_html
from reports.intervals import Courses, course
from reports.model import Run
from tests.support.sample_result import hostile_result, passing_result, sample_result, sample_series

REQUESTING = {"src", "href", "srcset", "data", "poster", "action", "formaction", "background"}


class ParsedPage(HTMLParser):
    """The page as a browser's parser would cut it: tags, addresses, scripts and text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles = ""
        self.text = ""
        self.headings: list[str] = []
        self._heading = False
        self._inside: tuple[str, dict[str, str | None]] | None = None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in REQUESTING]
        if tag in ("h1", "h2", "h3"):
            self._heading = True
            self.headings.append("")
        if tag in ("script", "style"):
            self._inside = (tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None
        if tag in ("td", "th", "dt", "dd"):
            self.text += " "
        self._heading = self._heading and tag not in ("h1", "h2", "h3")

    def handle_data(self, data: str) -> None:
        if self._inside is None:
            self.text += data
            if self._heading:
                self.headings[-1] += data
        elif self._inside[0] == "script":
            self.scripts.append((self._inside[1], data))
        else:
            self.styles += data


@cache
def sample_courses() -> Courses:
    """The sample's latencies over time."""
    return courses_since(sample_result().run)


def courses_since(run: Run) -> Courses:
    """The sample's latencies over the time of this run."""
    series = sample_series()
    started_s = run.started_ns / 1e9
    return {name: course(series.sealed(name), started_s, run.duration_s) for name in series.metrics()}


@cache
def rendered(kind: str) -> str:
    """The page of the ``sample``, of the ``passing`` or of the ``hostile`` result."""
    results = {"sample": sample_result, "passing": passing_result, "hostile": hostile_result}
    return render_html(results[kind](), sample_courses())


def shown_text(kind: str) -> str:
    """The text of the page on one line, with a tilde where it has an en dash."""
    return " ".join(ParsedPage(rendered(kind)).text.split()).replace("\N{EN DASH}", "~")


def charts_of(source: str) -> Any:  # noqa: ANN401
    """The charts of a page by their key, as the chart library takes them."""
    return next(json.loads(text) for attributes, text in ParsedPage(source).scripts if attributes.get("id") == "charts")


def objects_in(value: object) -> list[dict[str, Any]]:
    """Every object of a chart: its own attributes are under ``attributes``."""
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in objects_in(item))]
    return [found for item in value for found in objects_in(item)] if isinstance(value, list) else []


def sources_of(chart: object) -> list[dict[str, list[Any]]]:
    """The columns that a chart draws."""
    maps = [each["entries"] for each in objects_in(chart) if each.get("type") == "map" and "entries" in each]
    return [{key: column for key, column in entries if isinstance(column, list)} for entries in maps]
