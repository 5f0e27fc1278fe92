"""Locust's web UI with the tab, the form and the links, in a real browser."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import chromium
from tests.support.locust_process import UNTIMED, LocustProcess, free_port, passed, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 900})


def test_a_run_from_the_web_form_to_its_report(tmp_path: Path, page: Page) -> None:
    port = str(free_port())
    web = [*UNTIMED, "--web-host", "127.0.0.1", "--web-port", port, "-u", "8", "-r", "8", "--turn-ms", "150"]
    with LocustProcess(tmp_path, web) as process:
        process.wait_for("Starting web interface")
        process.wait_for("embedded Studio serves")
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text("Custom parameters").click()
        assert page.get_by_label("Task Rate").first.is_visible()
        page.get_by_role("button", name="Start", exact=True).click()
        page.get_by_role("tab", name="Event streams").click()
        first = page.locator("table tbody tr").first
        expect(first).to_contain_text("verdict", timeout=20_000)
        expect(page.get_by_role("row").filter(has_text="delivery:p(99)")).to_contain_text("pass", timeout=30_000)
        page.get_by_role("button", name="Stop").click()
        wait_until(lambda: any(tmp_path.glob("*/report.html")), "the report is written when the test has stopped")
        page.get_by_role("tab", name="Download Data").click()
        link = page.get_by_role("link", name="Event stream report")
        answer = page.request.get(f"http://127.0.0.1:{port}{link.get_attribute('href')}")
        assert answer.status == 200
        assert "lost:count==0" in answer.text()
        process.send(signal.SIGTERM)
        code = process.wait()
        assert passed(code, process.result()), process.output
