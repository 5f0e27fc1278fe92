"""The README's table of options is the one that the code declares."""

from __future__ import annotations

from pathlib import Path

from config.option_list import OPTIONS
from config.options import table

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_has_every_option() -> None:
    assert table() in README.read_text("utf-8"), "run `python -m config` and put its table into the README"


def test_every_option_has_an_environment_variable_and_a_meaning() -> None:
    for option in OPTIONS:
        assert option.env_var.startswith("LOCUST_")
        assert option.help.rstrip().endswith(".")
