"""``python -m matrix``: every defect, and the check that must find it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from locust_eventsource.measure.exit_codes import FAILED, PASS
from matrix import page
from matrix.as_found import as_found_lines, as_found_section, find_known_defects
from matrix.command import asked
from matrix.load import LoadFailed
from matrix.rows import every_row
from matrix.rows.row import Row
from matrix.show import Table, listing, say
from matrix.trial import try_row
from matrix.undisturbed import clean_runs, clean_section


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of what the arguments ask."""
    rows = every_row()
    given = asked(sys.argv[1:] if arguments is None else arguments, [row.switch for row in rows])
    if given.list:
        say(listing(rows))
        return PASS
    if given.clean is not None:
        return _clean(given)
    if given.as_found:
        return _as_found(given, rows)
    return _matrix(given, [row for row in rows if not given.only or row.switch in given.only])


def _matrix(given: Namespace, rows: Sequence[Row]) -> int:
    shown = Table(rows)
    trials = []
    for row in rows:
        trials.append(try_row(row))
        shown.line(trials[-1])
    if given.page is not None:
        page.put(given.page, page.MATRIX, page.matrix_section(trials))
    differing = [trial.row.switch for trial in trials if trial.differences]
    say(page.count(trials))
    if differing:
        say(f"differing: {' '.join(differing)}")
    return FAILED if differing else PASS


def _clean(given: Namespace) -> int:
    runs = clean_runs(given.clean, busy=given.busy, arguments=given.locust)
    if given.page is not None:
        page.put(given.page, page.CLEAN, clean_section(runs, busy=given.busy, arguments=given.locust))
    passed = sum(not run.complaints for run in runs)
    say(f"in {passed} of {len(runs)} runs every check and target passed")
    return PASS if passed == len(runs) else FAILED


def _as_found(given: Namespace, rows: Sequence[Row]) -> int:
    try:
        findings = find_known_defects(rows, given.runs, given.locust, apart=given.apart)
    except LoadFailed as failure:
        say(f"✗ {failure}")
        return FAILED
    for line in as_found_lines(findings):
        say(line)
    if given.page is not None:
        page.put(given.page, page.AS_FOUND, as_found_section(findings, rows))
    return PASS if findings.exact else FAILED


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
