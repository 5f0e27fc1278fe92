"""The report in a real browser: offline, without an error, drawn, and no wider than a phone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from reports.write import write_results
from tests.support.browser import Watched, chromium, watched
from tests.support.sample_result import hostile_result, sample_result, sample_series

pytestmark = pytest.mark.browser

CHARTS = 24
"""Those that are shown at once: of the tasks, one."""
HIDDEN = 2
ZOOM = """() => {
  const plot = Bokeh.documents.flatMap(each => each.roots()).find(each => each.x_range.first) ||
    Bokeh.documents.flatMap(each => each.roots()).at(-1);
  return plot.x_range.end - plot.x_range.start;
}"""
"""How many seconds the timeline that was drawn last, or zoomed, shows."""
# Bokeh draws inside shadow roots: a chart is there when a canvas in it has pixels that are not transparent.
DRAWN = """() => [...document.querySelectorAll('.chart')].filter(chart => {
  const canvases = [];
  const walk = root => root.querySelectorAll('*').forEach(node => {
    if (node.tagName === 'CANVAS') canvases.push(node);
    if (node.shadowRoot) walk(node.shadowRoot);
  });
  walk(chart);
  return canvases.some(canvas => canvas.width > 200 && canvas.height > 100 &&
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value !== 0));
}).length"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    series = sample_series()
    written = {}
    for name, result in (("sample", sample_result(series)), ("hostile", hostile_result())):
        written[name] = write_results(tmp_path_factory.mktemp(name), result, series).html
    return written


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [("sample", 1280, "light"), ("sample", 390, "dark"), ("hostile", 390, "light")]
)
def test_the_report_opens_offline_draws_and_fits(
    browser: Browser, reports: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    page, seen = _opened(browser, reports[name], width, scheme)
    page.wait_for_function(f"({DRAWN})() === {CHARTS}", polling=200, timeout=30_000)
    assert seen.requests == [reports[name].as_uri()]
    assert seen.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_a_chart_tells_the_figures_under_the_pointer_without_reading_them_as_html(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page, seen = _opened(browser, reports["hostile"], 1280, "light")
    page.wait_for_function(f"({DRAWN})() === {CHARTS}", polling=200, timeout=30_000)
    chart = page.locator("#chart-percentiles")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    told = page.get_by_text("percentile:")
    deadline = time.monotonic() + 30
    while not told.count() and time.monotonic() < deadline:
        for above in range(0, int(box["height"]), 2):
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + above)
            if told.count():
                break
    assert told.count()
    assert seen.complaints == []
    page.context.close()


def test_tabs_zoom_and_evidence_answer_to_pointer_and_keyboard(browser: Browser, reports: dict[str, Path]) -> None:
    page, seen = _opened(browser, reports["sample"], 1280, "light")
    page.wait_for_function(f"({DRAWN})() === {CHARTS}", polling=200, timeout=30_000)
    tabs = page.get_by_role("tab")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert not page.locator("#panel-task-0").is_visible()
    page.wait_for_function(f"({DRAWN})() === {CHARTS}", polling=200, timeout=30_000)
    before = page.evaluate(ZOOM)
    panel = page.locator("#panel-task-1")
    panel.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(f"({ZOOM})() < {before} * 0.6", polling=100, timeout=30_000)
    panel.get_by_role("button", name="All").click()
    page.wait_for_function(f"({ZOOM})() > {before} * 0.9", polling=100, timeout=30_000)
    panel.get_by_text("The same as a table").click()
    assert panel.get_by_role("table").is_visible()
    evidence = page.locator("#deliveries details").filter(has_text="First offenders: delivery.lost").first
    evidence.locator("summary").first.click()
    assert not evidence.get_by_role("table").first.is_visible()
    evidence.locator("summary").first.click()
    assert evidence.get_by_text('curl -N "$HOST/api/events"').first.is_visible()
    assert seen.requests == [reports["sample"].as_uri()]
    assert seen.complaints == []
    page.context.close()


def test_a_dark_page_is_printed_in_light_colours_with_every_chart(browser: Browser, reports: dict[str, Path]) -> None:
    page, seen = _opened(browser, reports["sample"], 1280, "dark")
    page.wait_for_function(f"({DRAWN})() === {CHARTS}", polling=200, timeout=30_000)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.wait_for_function(f"({DRAWN})() === {CHARTS + HIDDEN}", polling=200, timeout=30_000)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert "invert" in page.evaluate("getComputedStyle(document.querySelector('.chart')).filter")
    assert page.evaluate("[...document.querySelectorAll('details')].every(each => each.open)")
    assert seen.complaints == []
    page.context.close()


def _opened(browser: Browser, path: Path, width: int, scheme: str) -> tuple[Page, Watched]:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light", offline=True
    )
    page = context.new_page()
    seen = watched(page)
    page.goto(path.as_uri())
    return page, seen
