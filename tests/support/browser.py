"""The browser of the browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_ARGUMENTS: Final = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; the test is skipped where there is none."""
    if _CHROMIUM is None:
        pytest.skip("no Chromium: set CHROMIUM to its path, or have it on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


class Watched(NamedTuple):
    """What a page asked for and complained about."""

    requests: list[str]
    complaints: list[str]


def watched(page: Page) -> Watched:
    """Take down, from now on, what the page asks for, and its errors and warnings."""
    seen = Watched([], [])
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda said: seen.complaints.append(said.text) if _is_complaint(said) else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    return seen


def _is_complaint(said: ConsoleMessage) -> bool:
    # A test that looks at a canvas again and again is told so: that is its own doing.
    return said.type in ("error", "warning") and "getImageData" not in said.text
