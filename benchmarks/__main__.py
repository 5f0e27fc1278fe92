"""The read path against requests + sseclient-py, in one session on one machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.child import ChildFailed
from benchmarks.messages import PATTERNS
from benchmarks.resources import allow_files, machine
from benchmarks.session import READERS, Cores, Part, Plan, exit_code, run, share_cores
from benchmarks.table import document, placement, question, remarks, table
from locust_eventsource.measure.exit_codes import INTERNAL_ERROR

_RESULTS = Path(__file__).with_name("results.md")
_DEFAULTS = {"connections": 1000, "rate": 10_000.0, "seconds": 10.0, "body": "chunked", "pattern": "both"}


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="Exit codes: 0 nothing lost, 2 wrong usage or a process failed, 3 a reader lost, duplicated or "
        "reordered events, 4 the source was late or blocked, or the reader had to wait for its core.",
    )
    parser.add_argument("--connections", type=int)
    parser.add_argument("--rate", type=_positive, help="deliveries a second in total (default: 10000)")
    parser.add_argument("--seconds", type=_positive, help="of sending, for each reader and pattern (default: 10)")
    parser.add_argument("--body", choices=("chunked", "identity"), help="how the answer is framed (default: chunked)")
    parser.add_argument(
        "--pattern",
        choices=(*PATTERNS, "both"),
        help="fan-out: an event goes to all connections at once; even: the rate is spread evenly (default: both)",
    )
    parser.add_argument("--only", choices=READERS, help="one reader; results.md then stays as it is")
    parser.set_defaults(**_DEFAULTS)
    return parser


def _plans(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Plan]:
    patterns = PATTERNS if options.pattern == "both" else (options.pattern,)
    if options.connections < 1:
        parser.error(f"--connections must be 1 or more, not {options.connections}")
    plans = [Plan(options.connections, options.rate, options.seconds, options.body, pattern) for pattern in patterns]
    if plans[0].events < 1:
        parser.error("fewer events than connections: raise --rate or --seconds, or lower --connections")
    if problem := allow_files(options.connections):
        parser.error(problem)
    return plans


def _command(options: argparse.Namespace) -> str:
    asked = {name: getattr(options, name) for name in _DEFAULTS}
    given = [f"--{name} {value}" for name, value in asked.items() if value != _DEFAULTS[name]]
    return f"make bench ARGS='{' '.join(given)}'" if given else "make bench"


def _measure(plan: Plan, readers: list[str], on: Cores) -> Part:
    print(f"\n{question(plan)}", flush=True)
    part = Part(plan, [])
    for name in readers:
        print(f"running {name} ...", flush=True)
        part.runs.append(run(plan, name, on))
    print("", table(part.runs), "", *remarks(part), sep="\n", flush=True)
    return part


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = _parser()
    options = parser.parse_args()
    plans = _plans(parser, options)
    on = share_cores()
    print(placement(on))
    try:
        parts = [_measure(plan, [options.only] if options.only else list(READERS), on) for plan in plans]
    except ChildFailed as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return INTERNAL_ERROR
    print(f"\nmachine: {machine()}\nrepeat with: {_command(options)}")
    if not options.only:
        _RESULTS.write_text(document(parts, on, machine(), _command(options)))
    return exit_code(parts)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
