"""``python -m reports render RESULT_DIR``: report.html and report.md anew from result.json and the .hlog files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reports.model import RESULT_FILE, ResultError, load
from reports.write import render_files


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both reports were written, 1 when the results cannot be read or written; argparse exits with 2."""
    parser = argparse.ArgumentParser(prog="python -m reports", description="Reports of a load test.")
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="make report.html and report.md anew from a result directory")
    render.add_argument("directory", type=Path, metavar="RESULT_DIR", help="where result.json and the .hlog files are")
    directory: Path = parser.parse_args(arguments).directory
    try:
        paths = render_files(directory, load(directory / RESULT_FILE))
    except OSError as error:
        return _refused(f"{error.filename or directory}: {error.strerror or error}")
    except (ResultError, ValueError) as error:
        return _refused(str(error))
    print(paths.html)
    print(paths.markdown)
    return 0


def _refused(message: str) -> int:
    print(f"python -m reports: {' '.join(message.split())}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
