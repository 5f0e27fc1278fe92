"""The two readers, for tests that run with each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from locust_eventsource.errors import Misuse
from locust_eventsource.transport.reader import VARIABLE, reader_name

READERS = ("python", "compiled")


@contextmanager
def use_reader(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Insist on one reader for a test; skips it where that reader was not built, unless CI demands it."""
    monkeypatch.setenv(VARIABLE, name)
    reader_name.cache_clear()
    try:
        reader_name()
    except Misuse as error:
        if os.environ.get("REQUIRE_COMPILED_READER"):
            raise
        pytest.skip(str(error))
    try:
        yield name
    finally:
        reader_name.cache_clear()
