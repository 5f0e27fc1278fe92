"""Profiles: TOML files that Locust reads with ``--config``, and what Locust does not check about them.

Locust ignores a TOML file without a ``[tool.locust]`` table, so it is refused here before a run with the wrong
settings starts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from difflib import get_close_matches
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
    if file.suffix == ".toml" and not _settings(file):
        raise ProfileError(f"profile {path!r} has no [tool.locust] table, so Locust would ignore it; add one")


def check_names(path: str, flags: Collection[str]) -> None:
    """Raise ``ProfileError`` for a setting that is no option; ``flags`` are all flags that are."""
    if not path.endswith(".toml"):
        return
    for name in _settings(Path(path)):
        if f"--{name}" not in flags:
            close = get_close_matches(f"--{name}", flags, n=1)
            hint = f"did you mean {close[0][2:]!r}?" if close else "see locust --help"
            raise ProfileError(f"profile {path!r} sets {name!r}, which is no option; {hint}")


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
