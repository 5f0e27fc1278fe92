"""``python -m reports``: show a run's verdict again, make its reports anew, compare runs, or print the schema."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reports.compare import command as compare
from reports.model import RESULT_FILE, ResultError, load
from reports.schema import render_schema
from reports.terminal import render_table, use_color
from reports.write import render_files

UNREADABLE: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it was done, for ``show`` the run's own exit code, for ``compare`` the comparison's; 1 when results cannot
    be read or written.

    argparse exits with 2.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except OSError as error:
        return _refused(f"{error.filename or 'results'}: {error.strerror or error}")
    except (ResultError, ValueError) as error:
        return _refused(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Reports of a load test.")
    commands = parser.add_subparsers(required=True)
    for run, words in ((_show, "print a verdict again, with its exit code"), (_render, "make all reports anew")):
        command = commands.add_parser(run.__name__.strip("_"), help=words)
        command.add_argument("directory", type=Path, metavar="RESULT_DIR", help="where result.json is")
        command.set_defaults(run=run)
    command = commands.add_parser("compare", help="hold two runs, or several a side, against each other")
    compare.add_arguments(command)
    command.set_defaults(run=compare.run)
    command = commands.add_parser("schema", help="print the JSON schema of result.json")
    command.set_defaults(run=_schema)
    return parser


def _show(options: argparse.Namespace) -> int:
    result = load(options.directory / RESULT_FILE)
    sys.stdout.write(render_table(result, use_color(sys.stdout, os.environ)))
    return result.verdict.exit_code or 0


def _render(options: argparse.Namespace) -> int:
    directory: Path = options.directory
    paths = render_files(directory, load(directory / RESULT_FILE))
    print(paths.html)
    print(paths.markdown)
    return 0


def _schema(_options: argparse.Namespace) -> int:
    sys.stdout.write(render_schema())
    return 0


def _refused(message: str) -> int:
    print(f"python -m reports: {' '.join(message.split())}", file=sys.stderr)
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
