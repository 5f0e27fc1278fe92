"""The read path against requests + sseclient-py, in one session on one machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.child import ChildFailed
from benchmarks.resources import allow_files, machine
from benchmarks.session import READERS, Plan, exit_code, run, share_cores
from benchmarks.table import document, placement, question, remarks, table
from locust_eventsource.measure.exit_codes import INTERNAL_ERROR

_RESULTS = Path(__file__).with_name("results.md")
_DEFAULTS = Plan(connections=1000, rate=10_000, seconds=10, body="chunked")


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
    parser.add_argument("--connections", type=int, default=_DEFAULTS.connections)
    parser.add_argument("--rate", type=_positive, default=_DEFAULTS.rate, help="deliveries a second in total")
    parser.add_argument("--seconds", type=_positive, default=_DEFAULTS.seconds)
    parser.add_argument("--only", choices=READERS, help="one reader; results.md then stays as it is")
    parser.add_argument("--body", choices=("chunked", "identity"), default=_DEFAULTS.body)
    return parser


def _plan(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Plan:
    plan = Plan(options.connections, options.rate, options.seconds, options.body)
    if plan.connections < 1:
        parser.error(f"--connections must be 1 or more, not {plan.connections}")
    if plan.events < 1:
        parser.error("fewer events than connections: raise --rate or --seconds, or lower --connections")
    if problem := allow_files(plan.connections):
        parser.error(problem)
    return plan


def _command(plan: Plan) -> str:
    asked = zip(plan._fields, plan, _DEFAULTS, strict=True)
    given = [f"--{name} {value}" for name, value, usual in asked if value != usual]
    return f"make bench ARGS='{' '.join(given)}'" if given else "make bench"


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = _parser()
    options = parser.parse_args()
    plan = _plan(parser, options)
    on = share_cores()
    print(f"{question(plan)}\n{placement(on)}")
    results = []
    try:
        for name in [options.only] if options.only else READERS:
            print(f"running {name} ...", flush=True)
            results.append(run(plan, name, on))
    except ChildFailed as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return INTERNAL_ERROR
    print("", table(results), "", *remarks(results, plan), f"machine: {machine()}", sep="\n")
    print(f"repeat with: {_command(plan)}")
    if not options.only:
        _RESULTS.write_text(document(results, plan, on, machine(), _command(plan)))
    return exit_code(results, plan)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
