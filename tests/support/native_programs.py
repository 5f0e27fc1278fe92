"""The benchmark's compiled programs for tests: with sanitizers where there are some, skipped without a compiler."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from benchmarks.native import BuildFailed, build, can_build


def compiled(name: str) -> list[str]:
    """The command of a program; skips the test where it cannot be made."""
    missing = can_build(name)
    if missing:
        pytest.skip(missing)
    return [str(_build(name))]


@cache
def _build(name: str) -> Path:
    try:
        return build(name, sanitized=True)
    except BuildFailed:
        # A compiler without the sanitizers' libraries; what is wrong with the program itself fails here again.
        return build(name)
