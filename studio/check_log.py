"""Checks that users make while they run: how often each passed, failed or could not say, and the first offenders.

One log a process; logs merge by addition, so several processes give what one would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from studio.verify.catalogue import CHECKS
from studio.verify.checks import CheckResult
from studio.verify.findings import CheckVerdict, Finding, failed, passed, unknown

MAX_OFFENDERS: Final = 20
_COUNTED_AS: Final[dict[CheckVerdict, str]] = {"pass": "passed", "fail": "failed", "unknown": "unknown"}


class CheckLog:
    """Outcomes by check name.

    A check that failed once has failed. One that could sometimes not say has passed where it could, and its summary
    tells how often it could not; it is unknown where it never could.
    """

    def __init__(self, doubt: Callable[[], str] = lambda: "") -> None:
        """``doubt`` says why what fails at this moment may be the run's own doing; empty when it cannot be."""
        self._doubt = doubt
        self._clear()

    def _clear(self) -> None:
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED_AS.values()}
        self._offenders: dict[str, list[dict[str, object]]] = {}
        self._doubts: dict[str, str] = {}

    def note(self, findings: Iterable[Finding], *, certain: bool = False) -> None:
        """Take in what a checker found. Raise ``KeyError`` for a check that the catalogue does not have.

        A failure that may be the run's own doing says nothing, unless it is ``certain`` that it is not.
        """
        for finding in findings:
            name, verdict, what, evidence = finding if certain else self._doubted(finding)
            self._counts[_COUNTED_AS[verdict]][CHECKS[name].name] += 1
            if verdict == "fail":
                self._keep(name, [{"what": what, **evidence}])
            elif verdict == "unknown":
                self._doubts.setdefault(name, what)

    def passed(self, name: str) -> None:
        """The check held once more."""
        self.note([passed(name)])

    def failed(self, name: str, what: str, **evidence: object) -> None:
        """The check did not hold; ``what`` says so in a maintainer's words."""
        self.note([failed(name, what, **evidence)])

    def unknown(self, name: str, why: str) -> None:
        """Whether the check held cannot be said, and why not."""
        self.note([unknown(name, why)])

    def take(self) -> dict[str, Any]:
        """What has come since the last call, fit for a message between processes."""
        counts = {outcome: dict(counter) for outcome, counter in self._counts.items()}
        delta = {"counts": counts, "offenders": self._offenders, "doubts": self._doubts}
        self._clear()
        return delta

    def add(self, delta: dict[str, Any]) -> None:
        """Add what another log took."""
        for outcome, counts in delta["counts"].items():
            self._counts[outcome].update(counts)
        for name, offenders in delta["offenders"].items():
            self._keep(name, offenders)
        for name, why in delta["doubts"].items():
            self._doubts.setdefault(name, why)

    def results(self) -> list[CheckResult]:
        """One result a check that was made at least once."""
        return [self._result(name) for name in CHECKS if any(counter[name] for counter in self._counts.values())]

    def _doubted(self, finding: Finding) -> Finding:
        why = self._doubt() if finding.verdict == "fail" else ""
        return unknown(finding.check, f"{why}: {finding.what}") if why else finding

    def _keep(self, name: str, offenders: list[dict[str, object]]) -> None:
        kept = self._offenders.setdefault(name, [])
        kept += offenders[: MAX_OFFENDERS - len(kept)]

    def _result(self, name: str) -> CheckResult:
        counts = {outcome: counter[name] for outcome, counter in self._counts.items()}
        if not counts["unknown"]:
            del counts["unknown"]
        return CheckResult(
            name=name,
            verdict=_verdict(counts),
            summary=self._summary(name, counts),
            counts=counts,
            offenders=list(self._offenders.get(name, ())),
        )

    def _summary(self, name: str, counts: dict[str, int]) -> str:
        holds, made = CHECKS[name].holds, sum(counts.values())
        doubts = counts.get("unknown", 0)
        if counts["failed"]:
            return f"{counts['failed']} of {made} failed: {holds}"
        if not doubts:
            return holds
        why = self._doubts[name]
        return f"nothing can be said: {why}" if doubts == made else f"{holds}; {doubts} of {made} cannot be said: {why}"


def _verdict(counts: dict[str, int]) -> CheckVerdict:
    if counts["failed"]:
        return "fail"
    return "pass" if counts["passed"] else "unknown"
