"""Every test of streams runs with both readers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.readers import READERS, use_reader


@pytest.fixture(params=READERS, autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The reader in use."""
    with use_reader(request.param, monkeypatch) as name:
        yield name
