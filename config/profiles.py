"""Profiles: TOML files that Locust reads with ``--config``, and what Locust does not check about them.

Locust ignores a TOML file without a ``[tool.locust]`` table, so it is refused here before a run with the wrong
settings starts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent


class ProfileError(ValueError):
    """A profile that cannot be used; the message says what to change."""


def named_on(arguments: Sequence[str]) -> list[str]:
    """The files that ``--config`` names on a command line."""
    files = [argument.partition("=")[2] for argument in arguments if argument.startswith("--config=")]
    return files + [value for flag, value in pairwise(arguments) if flag == "--config"]


def check(path: str) -> None:
    """Raise ``ProfileError`` when Locust could not read the profile, or would ignore it in silence."""
    file = Path(path)
    if not file.is_file():
        known = ", ".join(f"config/{profile.name}" for profile in sorted(FOLDER.glob("*.toml")))
        raise ProfileError(f"there is no profile {path!r}; name a file that exists, such as {known}")
    if file.suffix == ".toml" and not _settings(file):
        raise ProfileError(f"profile {path!r} has no [tool.locust] table, so Locust would ignore it; add one")


def thresholds(paths: Sequence[str]) -> list[str]:
    """The threshold expressions that the profiles set."""
    found: list[str] = []
    for path in paths:
        if path.endswith(".toml"):
            value = _settings(Path(path)).get("threshold", [])
            found += [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return found


def _settings(file: Path) -> dict[str, object]:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(f"profile {str(file)!r} cannot be read: {error}") from error
    tool = document.get("tool")
    settings = tool.get("locust") if isinstance(tool, dict) else None
    return settings if isinstance(settings, dict) else {}
