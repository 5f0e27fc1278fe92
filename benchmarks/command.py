"""The command line of `python -m benchmarks`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.bench import Asked
from benchmarks.messages import MODES, PATTERNS
from benchmarks.parts import PARTS
from benchmarks.programs import READERS


def command_parser() -> argparse.ArgumentParser:
    """All options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="The read path against what people use today, in one session on one machine.",
        epilog="Lists are separated by commas. Exit codes: 0 nothing lost, 2 wrong usage or a process failed, 3 a "
        "reader lost, duplicated or reordered events, 4 the source was late, or others used the reader's core.",
    )
    parser.add_argument("--part", type=_some_of(list(PARTS)), help=f"some of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--only", type=_some_of(list(READERS)), help=f"some of {', '.join(READERS)} (default: all)")
    parser.add_argument("--connections", type=_counts, help="numbers of connections, instead of the part's own")
    parser.add_argument("--modes", type=_some_of(MODES), help=f"some of {', '.join(MODES)} (default: the part's own)")
    parser.add_argument("--rate", type=_positive, default=10_000.0, help="events a second in all (default: 10000)")
    parser.add_argument("--seconds", type=_positive, help="of sending in each run (default: the part's own)")
    parser.add_argument("--body", choices=("chunked", "identity"), default="chunked", help="(default: chunked)")
    parser.add_argument(
        "--pattern",
        choices=PATTERNS,
        default="fan-out",
        help="fan-out: an event goes to all connections at once; even: the rate is spread evenly (default: fan-out)",
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run of the whole: few connections, short runs")
    parser.add_argument("--results", type=Path, help="write the document here (default, for a whole run: results.md)")
    parser.add_argument("--json", type=Path, help="write the findings as data here")
    return parser


def asked(options: argparse.Namespace) -> Asked:
    """What the options ask of the parts."""
    names = ("only", "connections", "modes", "rate", "seconds", "body", "pattern", "quick")
    return Asked(**{name: getattr(options, name) for name in names})


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _some_of(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        given = tuple(text.split(","))
        if unknown := [name for name in given if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return given

    return names


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(map(int, text.split(",")))
    if min(counts) < 1:
        raise ValueError(text)
    return counts
