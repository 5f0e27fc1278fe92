"""``python -m run``: what is to be done after a run that was killed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from locust_eventsource.measure.exit_codes import INTERNAL_ERROR
from run.commands import cleanup
from run.commands.refusal import CommandError


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(INTERNAL_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


def _add_recover(commands: cleanup.Commands) -> None:
    parser = commands.add_parser(
        "recover",
        help="make the reports of a run whose tester was killed",
        description="Make the verdict and the reports of a run whose tester was killed, from the journal that it left.",
        epilog="Exit code: that of the run's verdict, 3 or 4; 2 when there is no journal that can be read.",
        allow_abbrev=False,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the run's folder of results")
    parser.set_defaults(act=_recover)


def _recover(given: argparse.Namespace) -> int:
    # Only this command needs Locust. It would patch the standard library for gevent, which comes too late here and is
    # of no use where nothing is sent.
    os.environ.setdefault("LOCUST_SKIP_MONKEY_PATCH", "1")
    from run.commands.recover import act

    return act(given)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command that the arguments name."""
    parser = _Parser(prog="python -m run", description="After a run that was killed.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    cleanup.add_command(commands)
    _add_recover(commands)
    given = parser.parse_args(arguments)
    try:
        return int(given.act(given))
    except CommandError as error:
        sys.stderr.write(f"{parser.prog} {given.command}: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
