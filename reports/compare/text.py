"""The comparison in words: for the terminal, in Markdown and as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.compare.change import CONFIDENCE
from reports.compare.comparison import Comparison, Row
from reports.compare.sides import Side
from reports.definitions import title
from reports.markdown import table, text
from reports.wording import duration, plain, symbol

_TEMPLATES: Final = Path(__file__).parent.parent / "html" / "templates"
HEADINGS: Final = ("Metric", "Base", "New", "Change", "Finding", "Allowed")
_HEADLINES: Final = {0: "Nothing is worse than allowed", 3: "Worse than allowed", 4: "Undecided"}


def headline(comparison: Comparison) -> str:
    """The verdict in a few words."""
    if comparison.refused:
        return "Not compared: the runs are unlike"
    asked = any(row.allowance for row in comparison.rows)
    if asked or comparison.exit_code:
        return _HEADLINES[comparison.exit_code]
    found = [row.change.direction for row in comparison.rows]
    parts = [f"{found.count(way)} {way}" for way in ("worse", "better", "no difference", "undecided") if way in found]
    return ", ".join(parts).capitalize() or "No metric is in both"


def cells(row: Row) -> list[str]:
    """One row as texts, in the order of ``HEADINGS``."""
    change = row.change
    return [
        f"{title(row.metric)} p{row.percentile:g}",
        duration(change.base_us),
        duration(change.new_us),
        "" if change.ratio is None else " to ".join(_percent(bound) for bound in change.ratio),
        change.direction + (f": {change.why}" if change.why else ""),
        "" if row.allowance is None else f"{symbol(row.verdict)} {row.verdict}: {row.allowance.text}",
    ]


def how_sure() -> str:
    """What the intervals mean."""
    return (
        f"Change: where new / base lies with {CONFIDENCE:.2%} confidence for each figure, by drawing whole seconds "
        "anew. With one run a side it says nothing of how much runs of the same service differ: give several."
    )


def render_terminal(comparison: Comparison) -> str:
    """Plain text in columns."""
    lines = _sides(comparison)
    if comparison.unlike:
        lines += ["", "The runs differ in more than the service:", *(f"  {plain(each)}" for each in comparison.unlike)]
    if comparison.refused:
        lines += ["", "Compare them all the same with --anyway."]
    elif comparison.rows:
        rows = [list(HEADINGS), *map(cells, comparison.rows)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        shown = ["  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines += ["", shown[0], "-" * max(map(len, shown)), *shown[1:], "", how_sure()]
    return "\n".join([*lines, "", headline(comparison), ""])


def render_markdown(comparison: Comparison) -> str:
    """GitHub Flavored Markdown."""
    parts = [f"# {text(headline(comparison))}", "\n".join(f"- {text(line)}" for line in _sides(comparison))]
    if comparison.unlike:
        differing = "\n".join(f"- {text(each)}" for each in comparison.unlike)
        parts.append(f"The runs differ in more than the service:\n\n{differing}")
    if comparison.rows:
        parts.append(table(HEADINGS, (list(map(text, cells(row))) for row in comparison.rows)))
        parts.append(text(how_sure()))
    return "\n\n".join(parts) + "\n"


def render_html(comparison: Comparison) -> str:
    """One page that opens offline."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return environment.get_template("comparison.html.j2").render(
        title=headline(comparison),
        tone={0: "pass", 3: "fail", 4: "open"}[comparison.exit_code],
        sides=list(map(plain, _sides(comparison))),
        unlike=list(map(plain, comparison.unlike)),
        headings=HEADINGS,
        rows=[list(map(plain, cells(row))) for row in comparison.rows],
        how_sure=how_sure(),
        style=style,
    )


def _sides(comparison: Comparison) -> list[str]:
    return [f"{name}: {_side(side)}" for name, side in (("base", comparison.base), ("new", comparison.new))]


def _side(side: Side) -> str:
    return "; ".join(
        f"{result.run.id} of {result.run.started}, {result.run.duration_s:.0f} s, {result.verdict.result} ({folder})"
        for folder, result in zip(side.folders, side.results, strict=True)
    )


def _percent(ratio: float) -> str:
    return f"{(ratio - 1) * 100:+.1f} %"
