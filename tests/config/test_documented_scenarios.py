"""Every user class on offer is in the README's table with its scenario's name, and in the full profile."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ALONE = {"capacity"}
"""Scenarios that need the service for themselves."""

_ASK = "import json, locustfile as f; print(json.dumps({n: getattr(f, n).scenario for n in f.__all__}))"


@pytest.fixture(scope="module")
def offered() -> dict[str, str]:
    """Names of scenarios by user class, asked of another process: importing a locustfile adds options for good."""
    asked = subprocess.run([sys.executable, "-c", _ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(asked.stdout)
    return found


def test_every_user_class_is_in_the_readme(offered: dict[str, str]) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for user_class, scenario in offered.items():
        assert f"| `{user_class}`{f' ({scenario})' if scenario else ''} |" in readme


def test_the_full_profile_runs_every_scenario_that_shares_a_service(offered: dict[str, str]) -> None:
    profile = tomllib.loads((ROOT / "config" / "full.toml").read_text("utf-8"))
    asked = {text.partition(":")[0] for text in profile["tool"]["locust"]["scenario"]}
    assert asked == set(offered.values()) - ALONE - {""}
