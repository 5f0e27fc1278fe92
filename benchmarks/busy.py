"""Keeps one core busy until its standard input is closed: the neighbour that a load tester must stand."""

from __future__ import annotations

import argparse
import select
import sys

from benchmarks.messages import say
from benchmarks.resources import pin

_ROUNDS = 200_000


def main() -> None:
    """Count, and look now and then whether to end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.busy", description=__doc__)
    parser.add_argument("--core", type=int, help="the core to keep busy")
    pin(parser.parse_args().core)
    say(busy=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(_ROUNDS):
            pass


if __name__ == "__main__":
    main()
