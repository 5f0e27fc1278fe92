"""The live page /streams during a run and after it, in a real browser: no complaint, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.support.browser import Watched, chromium, watched
from tests.support.locust_process import UNTIMED, LocustProcess, free_port, over

pytestmark = pytest.mark.browser

LOAD = (*UNTIMED, "--web-host", "127.0.0.1", "-u", "6", "-r", "6", "--task-rate", "4", "--turn-ms", "150")
DRAWN = re.compile(r"^M[\d. ]+(L[\d. ]+){3,}")
"""A path of a chart that joins four points and more."""
DEADLINE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def opened(browser: Browser, url: str, *, width: int = 1280, scheme: str = "light") -> tuple[Page, Watched]:
    dark = scheme == "dark"
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    seen = watched(page)
    page.goto(url)
    return page, seen


def test_a_run_is_watched_on_its_own_page_to_its_end_and_into_the_next(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    arguments = [*LOAD, "--web-port", str(port), "--fault", "drop:20%", "--web-base-path", "/load"]
    with LocustProcess(tmp_path, arguments) as process:
        process.wait_for("Starting web interface")
        process.wait_for("embedded Studio serves")
        url = f"http://127.0.0.1:{port}/load"
        page, seen = opened(browser, f"{url}/streams")
        expect(page.locator("#run")).to_have_text("No test has been started yet.")
        start: dict[str, str | float | bool] = {"user_count": "6", "spawn_rate": "6"}
        assert page.request.post(f"{url}/swarm", form=start).json()["success"]
        _watch(page)
        _pause(page)
        assert page.request.post(f"{url}/stop").ok
        report = page.get_by_role("link", name="report.html")
        expect(report).to_be_visible(timeout=DEADLINE_MS)
        expect(page.locator("#verdict")).to_have_text("Failed")
        _download_all(page, url)
        assert page.request.post(f"{url}/swarm", form=start).json()["success"]
        expect(page.locator("#run")).to_contain_text(" for ", timeout=DEADLINE_MS)
        expect(page.get_by_role("link", name="report.html")).to_have_count(0)
        assert seen.complaints == []
        assert {urlsplit(request).netloc for request in seen.requests} == {f"127.0.0.1:{port}"}
        page.context.close()
        process.send(signal.SIGTERM)
        process.wait()


def _watch(page: Page) -> None:
    """Everything on the page, by pointer and by keys, while the run goes on."""
    expect(page.locator("#verdict")).to_have_text("Failing", timeout=DEADLINE_MS)
    expect(page.locator("#chart-rate path.line.one").last).to_have_attribute("d", DRAWN, timeout=DEADLINE_MS)
    for window in ("30 s", "10 min", "all", "2 min"):
        page.get_by_role("radio", name=window, exact=True).check()
    check = page.locator("details", has_text="delivery.lost")
    check.locator("summary").click()
    expect(check.locator("li").first).to_contain_text("did not get it")
    expect(check.locator("li").first).to_contain_text("task id")
    expect(page.get_by_role("row").filter(has_text="lost:count==0")).to_contain_text("fail")
    chart = page.get_by_role("img", name="Delivery over time")
    chart.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#chart-delivery .reading")).to_contain_text("p99")
    page.locator("#chart-streams .plot").hover()
    expect(page.locator("#chart-streams .reading")).to_contain_text(re.compile(r"open \d+, connecting"))


def _pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    button = page.get_by_role("button", name="Go on")
    expect(button).to_have_attribute("aria-pressed", "true")
    shown = page.locator("#run").inner_text()
    with pytest.raises(PlaywrightTimeout):
        page.wait_for_event("request", timeout=2_500)
    assert page.locator("#run").inner_text() == shown
    with page.expect_request("**/streams/data*", timeout=DEADLINE_MS):
        button.click()


def _download_all(page: Page, url: str) -> None:
    names = page.locator("#files a").all_inner_texts()
    assert {"report.html", "report.md", "result.json", "junit.xml", "offenders.jsonl", "delivery.hlog"} <= set(names)
    assert "journal.bin" not in names
    for name in names:
        answer = page.request.get(f"{url}/streams/files/{name}")
        assert (answer.status, len(answer.body()) > 0) == (200, True), name
    for elsewhere in ("nothing.html", "..%2f..%2fpyproject.toml", "journal.bin"):
        assert page.request.get(f"{url}/streams/files/{elsewhere}").status == 404


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "dark")])
def test_the_page_fits_and_answers_in_bounds_with_workers(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    port = free_port()
    with LocustProcess(tmp_path, [*LOAD, "--web-port", str(port), "--autostart", *over(2)]) as process:
        process.wait_for("Starting web interface")
        process.wait_for("embedded Studio serves")
        page, seen = opened(browser, f"http://127.0.0.1:{port}/streams", width=width, scheme=scheme)
        expect(page.locator("#chart-rate path.line.one").last).to_have_attribute("d", DRAWN, timeout=DEADLINE_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        document = page.request.get(f"http://127.0.0.1:{port}/streams/data?window=all")
        assert len(document.body()) < 60_000
        assert ["Processes", "2", "quiet"] in json.loads(document.body())["tester"]
        assert seen.complaints == []
        page.context.close()


LOCUSTFILE = """
from locust import events
from scenarios.streams import StreamUser

@events.init.add_listener
def guard(environment, **kwargs):
    environment.web_ui.app.secret_key = "secret"
    environment.web_ui.login_manager.user_loader(lambda name: None)
"""


def test_nothing_of_it_is_shown_to_who_has_not_logged_in(browser: Browser, tmp_path: Path) -> None:
    port, locustfile = free_port(), tmp_path / "locustfile.py"
    locustfile.write_text(LOCUSTFILE)
    arguments = [*LOAD, "-f", str(locustfile), "--web-port", str(port), "--web-login"]
    with LocustProcess(tmp_path / "results", arguments) as process:
        process.wait_for("embedded Studio serves")
        url = f"http://127.0.0.1:{port}"
        page, _ = opened(browser, f"{url}/streams")
        expect(page).to_have_url(re.compile("/login"))
        for path in ("", "/data", "/evidence?check=delivery.lost", "/files/report.html", "/page.js"):
            answer = page.request.get(f"{url}/streams{path}", max_redirects=0)
            assert answer.status in (302, 401), path
        page.context.close()
