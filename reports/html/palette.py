"""Colours of the charts in light and dark. A line is told apart by its dashes too, never by its colour alone."""

from __future__ import annotations

from typing import NamedTuple


class Ink(NamedTuple):
    """One line's look: a colour on white, a colour on near-black, and a dash pattern in pixels."""

    light: str
    dark: str
    dash: tuple[int, ...] = ()

    @property
    def svg_dash(self) -> str:
        """The pattern as SVG's stroke-dasharray."""
        return " ".join(map(str, self.dash)) or "none"


INKS = (
    Ink("#1f5fae", "#7db4f5"),
    Ink("#b5530f", "#f0a368", (8, 3)),
    Ink("#2f7d32", "#86cf88", (3, 3)),
    Ink("#8a3fa6", "#d09be6", (10, 3, 2, 3)),
    Ink("#0b7a75", "#63cfc8", (6, 2, 2, 2, 2, 2)),
    Ink("#a8325e", "#f095b8", (5, 5)),
    Ink("#7a6410", "#d9c063", (1, 3)),
    Ink("#4d5b6b", "#a9b8c9", (12, 4)),
)
P50 = Ink("#1f5fae", "#7db4f5")
P99 = Ink("#b5530f", "#f0a368", (8, 3))
MAX = Ink("#6d7683", "#a3adba", (2, 3))
LIMIT = Ink("#b3261e", "#ff8a80", (6, 4))
TEXT = Ink("#56606d", "#a7b1bd")
GRID = Ink("#e3e7ec", "#30363f")
# Not pure white: Bokeh leaves out what equals its own default, and then nothing would stand there to be replaced.
PAPER = Ink("#fffffe", "#14171c")
GAP = Ink("#d9480f", "#ff9e64")
LOST = Ink("#c2185b", "#ff6fa5")
# One hue from light to dark (in dark mode from dark to light), which every eye and a grey printer can put in order.
HEAT = (
    Ink("#d3e3f4", "#1b2c45"),
    Ink("#a9cae8", "#23456f"),
    Ink("#74abdb", "#2d6099"),
    Ink("#4388c6", "#4483c4"),
    Ink("#2063a3", "#74abe8"),
    Ink("#123f73", "#aed0f7"),
    Ink("#0a2447", "#e2effd"),
)

_ALL = (*INKS, P50, P99, MAX, LIMIT, TEXT, GRID, PAPER, GAP, LOST, *HEAT)

# The page's script puts the right side into the charts' JSON before it draws, when the reader prefers dark.
DARK_FOR_LIGHT = {ink.light: ink.dark for ink in _ALL}
