"""Checks that users make while they run: how often each passed, how often it failed, and the first failures.

One log a process; logs merge by addition, so several processes give what one would.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from studio.verify.checks import CheckResult

MAX_OFFENDERS: Final = 20

MEANINGS: Final[dict[str, str]] = {
    "execute.accepted": "every execute was answered 202",
    "activity.complete": "every session's activity was not empty and ended with `finished`",
    "session.ends": "every session that started ended in time",
    "status.agrees": "the stream's last word on a task's status agreed with REST",
    "stream.envelope": "every event of the global stream carried a well-formed envelope",
    "cleanup": "nothing of the run was left on the server",
}
"""Checks by name, and what each one holds."""


class CheckLog:
    """Outcomes by check name."""

    def __init__(self) -> None:
        self._passed: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._offenders: dict[str, list[dict[str, object]]] = {}

    def passed(self, name: str) -> None:
        """The check held once more."""
        self._passed[name] += 1

    def failed(self, name: str, what: str, **evidence: object) -> None:
        """The check did not hold; ``what`` says so in a maintainer's words."""
        self._failed[name] += 1
        offenders = self._offenders.setdefault(name, [])
        if len(offenders) < MAX_OFFENDERS:
            offenders.append({"what": what, **evidence})

    def take(self) -> dict[str, Any]:
        """What has come since the last call, fit for a message between processes."""
        delta = {"passed": dict(self._passed), "failed": dict(self._failed), "offenders": self._offenders}
        self.__init__()  # type: ignore[misc]
        return delta

    def add(self, delta: dict[str, Any]) -> None:
        """Add what another log took."""
        self._passed.update(delta["passed"])
        self._failed.update(delta["failed"])
        for name, offenders in delta["offenders"].items():
            kept = self._offenders.setdefault(name, [])
            kept += offenders[: MAX_OFFENDERS - len(kept)]

    def results(self) -> list[CheckResult]:
        """One result a check that was made at least once."""
        return [self._result(name) for name in MEANINGS if self._passed[name] or self._failed[name]]

    def _result(self, name: str) -> CheckResult:
        passed, failed = self._passed[name], self._failed[name]
        summary = MEANINGS[name] if not failed else f"{failed} of {passed + failed} failed: {MEANINGS[name]}"
        return CheckResult(
            name=name,
            verdict="fail" if failed else "pass",
            summary=summary,
            counts={"passed": passed, "failed": failed},
            offenders=list(self._offenders.get(name, ())),
        )
