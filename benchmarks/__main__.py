"""The read path against what people use today, in one session on one machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import Asked, Bench, say
from benchmarks.child import ChildFailed
from benchmarks.command import asked, command_parser
from benchmarks.parts import PARTS
from benchmarks.programs import Unavailable
from benchmarks.resources import allow_files, machine
from benchmarks.section import Section, exit_code
from benchmarks.session import Cores, share_cores
from benchmarks.text import document, section, targets
from locust_eventsource.measure.exit_codes import INTERNAL_ERROR

_RESULTS = Path(__file__).with_name("results.md")
_MOST_CONNECTIONS = 10_000


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
    whole = options.part is None and asked(options) == Asked()
    path = options.results or (_RESULTS if whole else None)
    command = " ".join(["make bench", *([f"ARGS='{' '.join(sys.argv[1:])}'"] if sys.argv[1:] else [])])
    if path is not None:
        path.write_text(document(sections, _placement(on), machine(), command))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(each) for each in sections], indent=1))


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = command_parser()
    options = parser.parse_args()
    if problem := allow_files(max(options.connections or [_MOST_CONNECTIONS])):
        parser.error(problem)
    on = share_cores()
    say(_placement(on))
    try:
        sections = _measure(Bench(asked(options), on), options.part or list(PARTS))
    except (ChildFailed, Unavailable) as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return INTERNAL_ERROR
    if found := [target for each in sections for target in each.targets]:
        say(f"\n{targets(found)}")
    say(f"\nmachine: {machine()}")
    _write(options, sections, on)
    return exit_code(sections)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
