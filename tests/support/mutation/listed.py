"""The survivors that are known to change nothing, as docs/mutants.md lists them with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.mutation.mutants import Mutant

PAGE: Final = Path(__file__).parents[3] / "docs" / "mutants.md"
_ROW: Final = re.compile(
    r"^\| `(?P<module>[^`]+)` \| `(?P<function>[^`]*)` \| `(?P<change>[^`]+)` \| (?P<why>.*\S) *\|$"
)


class Key(NamedTuple):
    """What a mutant is known by, wherever its lines move."""

    module: str
    function: str
    change: str

    def row(self, why: str) -> str:
        """The line of the page."""
        return f"| `{self.module}` | `{self.function}` | `{self.change.replace('|', chr(92) + '|')}` | {why} |"


def key_of(mutant: Mutant) -> Key:
    """The key of a mutant."""
    return Key(mutant.path.name, mutant.function, mutant.change)


def listed(path: Path = PAGE) -> dict[Key, str]:
    """The mutants on the page and why each changes nothing."""
    found = map(_ROW.match, path.read_text("utf-8").splitlines())
    return {
        Key(match["module"], match["function"], match["change"].replace("\\|", "|")): match["why"]
        for match in found
        if match
    }


def complaints(survivors: Iterable[Mutant], known: Iterable[Key]) -> list[str]:
    """A line for each survivor that is not listed, and for each listed mutant that did not survive."""
    alive = {key_of(mutant): mutant for mutant in survivors}
    missing = [
        f"{mutant.path}:{mutant.lines.start} survives and is not listed: {key.row('why it changes nothing')}"
        for key, mutant in alive.items()
        if key not in set(known)
    ]
    stale = [f"listed, but no survivor: {key.module} {key.function}: {key.change}" for key in known if key not in alive]
    return missing + stale
