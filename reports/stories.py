"""What went wrong, told by cause: a failure that follows from another one is told with it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from reports.causes import FAILS, OF_CHECKS, OF_INFINITE, OF_TARGETS, TARGETS
from reports.model import CheckRecord, Result, RowRecord
from reports.wording import figure, plain, seconds

_IDS: Final = ("task_id", "session_id", "event_id", "stream")
_MADE: Final = re.compile(r"(\d+) of (\d+) failed: ")
_OPEN: Final = ("inconclusive", "unknown")


class Follows(NamedTuple):
    """Another target or check that failed for the same reason."""

    subject: str
    found: str
    why: str


class Story(NamedTuple):
    """One cause: what it comes to in a few words, what was found, its first evidence, and what follows from it."""

    title: str
    subject: str
    """The check or target that tells of it."""
    found: str
    """How often, or by how much."""
    evidence: str
    """The first offender, in a sentence; empty without one."""
    again: str
    """The line that runs it again; empty when none is known."""
    noticed: str
    """When the running test first said so."""
    follows: list[Follows]
    anchor: str
    """Where on the page the rest of the evidence is."""


class Area(NamedTuple):
    """The checks of one area that passed."""

    name: str
    checks: list[CheckRecord]


def anchor(subject: str) -> str:
    """An id for the place of a check in a page."""
    return "check-" + "".join(letter if letter.isalnum() else "-" for letter in subject)


def stories(result: Result) -> list[Story]:
    """The causes of a failed run: checks first, in their order, then targets that no check explains."""
    checks = {check.name: check for check in result.checks if check.verdict == "fail"}
    causes = {name: _cause_of_check(check, checks) for name, check in checks.items()}
    follows: dict[str, list[Follows]] = {}
    for row in (row for row in result.rows if row.verdict == "fail"):
        cause = _cause_of_row(row, checks)
        if cause:
            follows.setdefault(_root(cause[0], causes), []).append(Follows(row.expression, _measured(row), cause[1]))
    for name, explained in causes.items():
        if explained:
            found = Follows(name, plain(checks[name].summary), explained[1])
            follows.setdefault(_root(name, causes), []).append(found)
    told = [_of_check(check, follows.get(name, []), result) for name, check in checks.items() if not causes[name]]
    return told + _of_rows(
        [row for row in result.rows if row.verdict == "fail" and not _cause_of_row(row, checks)], result
    )


def undecided(result: Result) -> list[Follows]:
    """What the evidence carries no verdict on, and why."""
    rows = [
        Follows(row.expression, "", figure(row.reason or row.measured_text))
        for row in result.rows
        if row.verdict in _OPEN
    ]
    return rows + [Follows(check.name, "", plain(check.summary)) for check in result.checks if check.verdict in _OPEN]


def areas(checks: Iterable[CheckRecord]) -> list[Area]:
    """The checks that passed, by their area: the first part of their names."""
    found: dict[str, list[CheckRecord]] = {}
    for check in checks:
        if check.verdict == "pass":
            found.setdefault(check.name.partition(".")[0], []).append(check)
    return [Area(name, members) for name, members in found.items()]


def again(offender: Mapping[str, object], result: Result) -> str:
    """The line that looks at an offender again, fit to be pasted; else the line that repeats the run."""
    line = str(offender.get("again") or "") or result.run.command
    gone = result.run.embedded or not result.run.host
    return plain(line if gone else line.replace("$HOST", plain(result.run.host)))


def _of_check(check: CheckRecord, follows: list[Follows], result: Result) -> Story:
    first = check.offenders[0] if check.offenders else {}
    noticed = "" if check.noticed_s is None else f"first noticed {seconds(check.noticed_s)} into the run"
    title = FAILS.get(check.name, f"{check.name} failed")
    evidence = plain(first.get("what") or first.get("type") or "")
    found = _MADE.sub(r"\1 of \2 times this did not hold: ", plain(check.summary), count=1)
    return Story(plain(title), check.name, found, evidence, again(first, result), noticed, follows, anchor(check.name))


def _of_rows(rows: Sequence[RowRecord], result: Result) -> list[Story]:
    """Targets of the same meaning, such as the same metric in total and for a type, are one story."""
    together: dict[str, list[RowRecord]] = {}
    for row in rows:
        together.setdefault(TARGETS.get(row.metric, f"{row.metric} missed its target"), []).append(row)
    return [
        Story(
            plain(title),
            first.expression,
            _measured(first),
            figure(first.reason),
            result.run.command,
            "",
            [Follows(row.expression, _measured(row), "another target of the same") for row in others],
            "targets",
        )
        for title, (first, *others) in together.items()
    ]


def _measured(row: RowRecord) -> str:
    return ", ".join(part for part in (figure(row.measured_text), figure(row.margin_text)) if part)


def _cause_of_row(row: RowRecord, failed: Mapping[str, CheckRecord]) -> tuple[str, str] | None:
    never = row.measured is not None and math.isinf(row.measured)
    candidates = (*(OF_INFINITE if never else ()), *OF_TARGETS.get(row.metric, ()))
    return next((each for each in candidates if each[0] in failed), None)


def _cause_of_check(check: CheckRecord, failed: Mapping[str, CheckRecord]) -> tuple[str, str] | None:
    """A check is explained by another one only where all whom it accuses are accused there too."""
    own = [_ids(offender) for offender in check.offenders]
    for name, why in OF_CHECKS.get(check.name, ()):
        accused = {each for offender in failed[name].offenders for each in _ids(offender)} if name in failed else set()
        if own and all(ids & accused for ids in own):
            return name, why
    return None


def _ids(offender: Mapping[str, object]) -> set[str]:
    return {str(offender[key]) for key in _IDS if offender.get(key) not in (None, "")}


def _root(name: str, causes: Mapping[str, tuple[str, str] | None]) -> str:
    """The cause of the cause; the table of causes has no circle."""
    while (cause := causes.get(name)) is not None:
        name = cause[0]
    return name
