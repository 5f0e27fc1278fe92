"""junit.xml: each target and each check a case, for whatever shows test results in CI.

The format has no schema of its own; this is the common ground of what Jenkins, GitLab and GitHub's actions read:
``testsuites/testsuite/testcase`` with ``failure``, ``error`` or ``skipped``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reports.model import CheckRecord, Result, RowRecord
from reports.wording import headline, plain

_SHOWN_OFFENDERS: Final = 5
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document can hold (XML 1.0, production 2), escaped or not."""
_ELEMENTS: Final = {"fail": "failure", "inconclusive": "error", "unknown": "error", "not asked": "skipped"}
"""Evidence that carries no verdict is an error of the test, not a failure of the service."""


class _Case(NamedTuple):
    name: str
    verdict: str
    message: str
    details: str


def render_junit(result: Result) -> str:
    """The whole junit.xml."""
    root = Element("testsuites", {"name": _text(f"locust-eventsource {result.run.id}")})
    _suite(root, "targets", map(_of_row, result.rows), result)
    _suite(root, "checks", map(_of_check, result.checks), result)
    _suite(root, "run", [_of_run(result)], result)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, cases: Iterable[_Case], result: Result) -> None:
    found = list(cases)

    def count(element: str) -> str:
        return str(sum(_ELEMENTS.get(case.verdict) == element for case in found))

    suite = SubElement(
        root,
        "testsuite",
        {
            "name": name,
            "tests": str(len(found)),
            "failures": count("failure"),
            "errors": count("error"),
            "skipped": count("skipped"),
            "time": f"{result.run.duration_s:.3f}",
            "timestamp": _text(result.run.started),
        },
    )
    for case in found:
        _add(suite, name, case)


def _add(suite: Element, group: str, case: _Case) -> None:
    shown = SubElement(suite, "testcase", {"classname": group, "name": _text(case.name), "time": "0"})
    element = _ELEMENTS.get(case.verdict)
    if element is not None:
        SubElement(shown, element, {"message": _text(case.message)}).text = _text(case.details) or None
    elif case.message:
        SubElement(shown, "system-out").text = _text(case.message)


def _of_row(row: RowRecord) -> _Case:
    measured = f"measured {row.measured_text}, {row.margin_text}".rstrip(", ")
    return _Case(row.expression, row.verdict, measured, row.reason)


def _of_check(check: CheckRecord) -> _Case:
    shown = [str(offender.get("what", "")) for offender in check.offenders[:_SHOWN_OFFENDERS]]
    more = len(check.offenders) - len(shown)
    return _Case(check.name, check.verdict, check.summary, "\n".join([*shown, *([f"and {more} more"] if more else [])]))


def _of_run(result: Result) -> _Case:
    """The tester's own errors, which no target and no check stands for."""
    verdict = "unknown" if result.verdict.result == "internal error" else "pass"
    return _Case("verdict", verdict, f"{headline(result)}: {result.verdict.summary}", "\n".join(result.notes))


def _text(value: str) -> str:
    return "\n".join(plain(line) for line in _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", value).split("\n"))
