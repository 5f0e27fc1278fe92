"""Which workers took part in a run, and whether each was heard to its end."""

from __future__ import annotations

from typing import Final

from studio.verify.checks import CheckResult
from studio.verify.evidence import Offender

LOCAL: Final = "local"
"""What the only process of a run without workers is called."""


PATIENCE_NS: Final = 10_000_000_000
"""A worker reports every three seconds; after so long without a word it is missing."""


class Attendance:
    """The processes that ran users; a worker that is lost is the tester's loss, and says nothing of the service."""

    def __init__(self) -> None:
        self._heard_ns: dict[str, int | None] = {}
        self._ended: set[str] = set()
        self._cut_ns: int | None = None

    def joined(self, name: str) -> bool:
        """The process takes part; it may not have said anything yet. True when that is new."""
        new = name not in self._heard_ns
        self._heard_ns.setdefault(name, None)
        return new

    def heard(self, name: str, at_ns: int, *, ended: bool) -> None:
        """The process told of everything up to ``at_ns``; ``ended``: it has done its part, its clean-up included."""
        self._heard_ns[name] = max(self._heard_ns.get(name) or 0, at_ns)
        if ended:
            self._ended.add(name)

    def lost(self) -> list[str]:
        """Those that were not heard to their end, in order."""
        return sorted(name for name in self._heard_ns if name not in self._ended)

    def cut(self, at_ns: int) -> None:
        """The judging process itself was heard of no more: who had spoken shortly before was there to the end."""
        self._cut_ns = at_ns

    def _missing(self, name: str) -> bool:
        if self._cut_ns is None:
            return True
        return self._cut_ns - (self._heard_ns[name] or 0) > PATIENCE_NS

    def check(self, started_ns: int) -> CheckResult | None:
        """The check ``run.workers`` at the end of the run; None where there were no workers."""
        workers = [name for name in self._heard_ns if name != LOCAL]
        if not workers:
            return None
        lost = [name for name in self.lost() if name != LOCAL and self._missing(name)]
        offenders = [self._offender(name, started_ns) for name in lost]
        verb = "was" if len(lost) == 1 else "were"
        until = "to the end" if self._cut_ns is None else "until the tester was killed"
        summary = f"all {len(workers)} workers reported {until}"
        if lost:
            summary = f"{' and '.join(lost)} {verb} lost: what happened there after the last report is unknown"
        counts = {"workers": len(workers), "lost": len(lost)}
        return CheckResult("run.workers", "unknown" if lost else "pass", summary, counts, offenders)

    def _offender(self, name: str, started_ns: int) -> Offender:
        heard_ns = self._heard_ns[name]
        when = "never heard of"
        if heard_ns is not None:
            when = f"last heard of {(heard_ns - started_ns) / 1e9:.1f} s after the start"
        what = f"{name} was {when}: the requests it made and the events it got from then on are not accounted for"
        return {"what": what, "worker": name, "last_heard_ns": heard_ns}
