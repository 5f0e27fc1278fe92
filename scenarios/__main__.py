"""``python -m scenarios``: what is to be done after a run that was killed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from locust_eventsource.measure.exit_codes import INTERNAL_ERROR
from scenarios import cleanup
from scenarios.refusal import CommandError


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(INTERNAL_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command that the arguments name."""
    parser = _Parser(prog="python -m scenarios", description="After a run that was killed.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    cleanup.add_command(commands)
    given = parser.parse_args(arguments)
    try:
        return int(given.act(given))
    except CommandError as error:
        sys.stderr.write(f"{parser.prog} {given.command}: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
