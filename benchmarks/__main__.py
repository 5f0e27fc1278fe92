"""The read path against what people use today, in one session on one machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import Asked, Bench, say
from benchmarks.child import ChildFailed
from benchmarks.messages import MODES, PATTERNS
from benchmarks.parts import PARTS
from benchmarks.programs import READERS, Unavailable
from benchmarks.resources import allow_files, machine
from benchmarks.section import Section
from benchmarks.session import Cores, share_cores
from benchmarks.text import document, section, targets
from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, INTERNAL_ERROR, PASS

_RESULTS = Path(__file__).with_name("results.md")
_MOST_CONNECTIONS = 10_000


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _some_of(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        asked = tuple(text.split(","))
        if unknown := [name for name in asked if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return asked

    return names


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(map(int, text.split(",")))
    if min(counts) < 1:
        raise ValueError(text)
    return counts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="Lists are separated by commas. Exit codes: 0 nothing lost, 2 wrong usage or a process failed, 3 a "
        "reader lost, duplicated or reordered events, 4 the source was late, or the reader had to wait for its core.",
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


def _asked(options: argparse.Namespace) -> Asked:
    names = ("only", "connections", "modes", "rate", "seconds", "body", "pattern", "quick")
    return Asked(**{name: getattr(options, name) for name in names})


def _placement(on: Cores) -> str:
    if on.source is None:
        return "Source and reader shared one core: there was no second one to pin them apart."
    return f"The source was pinned to core {on.source}, each reader to core {on.reader}."


def _measure(bench: Bench, names: Sequence[str]) -> list[Section]:
    sections = []
    for name in names:
        say(f"\n--- {name}")
        sections.append(PARTS[name](bench))
        say("\n" + section(sections[-1]))
    return sections


def _write(options: argparse.Namespace, sections: Sequence[Section], on: Cores) -> None:
    whole = options.part is None and _asked(options) == Asked()
    path = options.results or (_RESULTS if whole else None)
    command = " ".join(["make bench", *([f"ARGS='{' '.join(sys.argv[1:])}'"] if sys.argv[1:] else [])])
    if path is not None:
        path.write_text(document(sections, _placement(on), machine(), command))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(each) for each in sections], indent=1))


def _exit_code(sections: Sequence[Section]) -> int:
    if any(each.faults for each in sections):
        return FAILED
    return INCONCLUSIVE if any(each.doubts for each in sections) else PASS


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = _parser()
    options = parser.parse_args()
    if problem := allow_files(max(options.connections or [_MOST_CONNECTIONS])):
        parser.error(problem)
    on = share_cores()
    say(_placement(on))
    try:
        sections = _measure(Bench(_asked(options), on), options.part or list(PARTS))
    except (ChildFailed, Unavailable) as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return INTERNAL_ERROR
    if found := [target for each in sections for target in each.targets]:
        say(f"\n{targets(found)}")
    say(f"\nmachine: {machine()}")
    _write(options, sections, on)
    return _exit_code(sections)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
