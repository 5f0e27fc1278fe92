"""The command line of the matrix."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from locust_eventsource.measure.exit_codes import INTERNAL_ERROR

_DESCRIPTION = """\
Runs the load test against every defect in turn and insists that the check which must find it does, and no other.
Exit code: 0 everything as stated; 2 wrong usage; 3 something differs.
"""
_EPILOG = "What follows `--` goes to locust in a run of --clean or --as-found, such as `-- -t 60s`."


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(INTERNAL_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


def asked(arguments: Sequence[str], names: Sequence[str]) -> Namespace:
    """What the command line asks; one clear line and exit code 2 where that makes no sense."""
    own, passed_on = _split(arguments)
    parser = _parser()
    given = parser.parse_args(own)
    given.locust = passed_on
    unknown = [name for name in given.only or () if name not in names]
    if unknown:
        parser.error(f"no row is called {', '.join(unknown)}; `python -m matrix --list` shows them")
    if given.only and given.page is not None:
        parser.error("--page takes all rows: leave out --only")
    if given.busy and given.clean is None:
        parser.error("--busy goes with --clean N")
    if passed_on and given.clean is None and not given.as_found:
        parser.error("arguments after -- go with --clean or --as-found")
    return given


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The matrix's own arguments, and those behind ``--``."""
    given = [*arguments, "--"]
    at = given.index("--")
    return given[:at], given[at + 1 : -1]


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m matrix",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="list the rows and run none")
    what.add_argument("--only", nargs="+", metavar="NAME", help="run these rows only")
    what.add_argument("--clean", type=_whole, metavar="N", help="N runs with N seeds, no defect: all must pass")
    what.add_argument("--as-found", action="store_true", help="all known defects at once: exactly they must be found")
    parser.add_argument("--busy", action="store_true", help="with --clean: keep every core busy meanwhile")
    parser.add_argument("--runs", type=_whole, default=1, metavar="N", help="with --as-found: how many (default 1)")
    parser.add_argument("--apart", action="store_true", help="with --as-found: under each known defect's load, too")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the outcome into this Markdown page")
    return parser


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
