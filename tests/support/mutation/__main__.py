"""``python -m tests.support.mutation``: break each comparison of the checkers in turn and run their tests."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from locust_eventsource.measure.exit_codes import FAILED, INTERNAL_ERROR, PASS
from tests.support.mutation.listed import PAGE, complaints, listed
from tests.support.mutation.mutants import Mutant, mutants_of
from tests.support.mutation.suite import BrokenSuite, Suite, with_collected

_ROOT = Path(__file__).parents[3]
_CHECKERS = _ROOT / "studio" / "verify"
_TESTS = _ROOT / "tests" / "verify"
_SAID_EVERY = 50
_EPILOG = (
    "Exit code: 0 the survivors are those that docs/mutants.md lists; 2 wrong usage, or the tests fail without a "
    "mutant; 3 a survivor is not listed, or a mutant is listed in vain."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the mutation run."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.mutation", description=__doc__, epilog=_EPILOG)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="only these modules, such as judge (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--slowest", type=float, default=2.0, metavar="S", help="leave out tests above S s (default 2)")
    given = parser.parse_args(arguments)
    paths = [_CHECKERS / f"{name}.py" for name in given.modules] or sorted(_CHECKERS.glob("*.py"))
    if missing := [path.name for path in paths if not path.exists()]:
        parser.error(f"there is no {', '.join(missing)} in studio/verify")
    run = _Run(paths, given.processes, given.slowest)
    try:
        code = with_collected([str(_TESTS)], run.over)
    except BrokenSuite as reason:
        parser.exit(INTERNAL_ERROR, f"{parser.prog}: {reason}\n")
    if code:
        parser.exit(INTERNAL_ERROR, f"{parser.prog}: pytest could not collect the tests (its exit code {code})\n")
    return run.verdict()


class _Run:
    """The mutants of some modules and what became of them."""

    def __init__(self, paths: Sequence[Path], processes: int, slowest_s: float) -> None:
        self._paths = paths
        self._processes = processes
        self._slowest_s = slowest_s
        self.survivors: list[Mutant] = []

    def over(self, suite: Suite) -> None:
        """Try every mutant against the suite."""
        began = time.monotonic()
        mutants = [mutant for path in self._paths for mutant in mutants_of(path)]
        covered = suite.coverage(self._paths, self._slowest_s)
        self.survivors = suite.survivors(mutants, covered, self._processes, self._say)
        print(f"{len(mutants)} mutants, {len(self.survivors)} survived, {time.monotonic() - began:.0f} s")

    def verdict(self) -> int:
        """Compare the survivors with those that are listed."""
        modules = {path.name for path in self._paths}
        known = [key for key in listed(PAGE) if key.module in modules]
        said = complaints(self.survivors, known)
        for line in said:
            print(line)
        return FAILED if said else PASS

    def _say(self, tried: int, of: int) -> None:
        if tried % _SAID_EVERY == 0:
            print(f"{tried} of {of} tried", flush=True)


if __name__ == "__main__":
    sys.exit(main())
