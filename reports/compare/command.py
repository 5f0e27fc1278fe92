"""``python -m reports compare BASE NEW``: two runs, or several a side, held against each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from reports.compare.allowance import Allowance, AllowanceError, parse_allowance
from reports.compare.comparison import compare
from reports.compare.sides import read_side
from reports.compare.text import render_html, render_markdown, render_terminal
from reports.model import write_atomically

_WRITERS: Final = {".html": render_html, ".md": render_markdown}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    command.add_argument("base", type=_folders, metavar="BASE", help="result folder; several with commas between them")
    command.add_argument("new", type=_folders, metavar="NEW", help="the same for the other side")
    command.add_argument(
        "--fail-on",
        type=_allowance,
        action="append",
        default=[],
        metavar="METRIC:p(N)+X%",
        help="by how much a percentile may rise, such as 'delivery:p(99)+10%%'; repeatable",
    )
    command.add_argument("--anyway", action="store_true", help="compare runs that differ in more than the service")
    command.add_argument(
        "--write", type=_written, action="append", default=[], metavar="FILE", help="also write FILE.html or FILE.md"
    )


def run(options: argparse.Namespace) -> int:
    """Compare and print; returns 0, 3 when a figure is worse than allowed, 4 when undecided or unlike.

    Raises OSError, `reports.model.ResultError`, or ValueError naming the file that cannot be read.
    """
    comparison = compare(read_side(options.base), read_side(options.new), options.fail_on, anyway=options.anyway)
    for path in options.write:
        write_atomically(path, _WRITERS[path.suffix](comparison))
    print(render_terminal(comparison), end="")
    return comparison.exit_code


def _folders(text: str) -> list[Path]:
    return [Path(part) for part in text.split(",") if part]


def _allowance(text: str) -> Allowance:
    try:
        return parse_allowance(text)
    except AllowanceError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _written(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _WRITERS:
        raise argparse.ArgumentTypeError(f"{text!r} must end in .html or .md")
    return path
