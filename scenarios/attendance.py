"""Which workers took part in a run, and whether each was heard to its end."""

from __future__ import annotations

from typing import Final

from studio.verify.checks import CheckResult
from studio.verify.evidence import Offender

LOCAL: Final = "local"
"""What the only process of a run without workers is called."""


class Attendance:
    """The processes that ran users; a worker that is lost is the tester's loss, and says nothing of the service."""

    def __init__(self) -> None:
        self._heard_ns: dict[str, int | None] = {}
        self._ended: set[str] = set()

    def joined(self, name: str) -> None:
        """The process takes part; it may not have said anything yet."""
        self._heard_ns.setdefault(name, None)

    def heard(self, name: str, at_ns: int, *, ended: bool) -> None:
        """The process told of everything up to ``at_ns``; ``ended``: it has done its part, its clean-up included."""
        self._heard_ns[name] = max(self._heard_ns.get(name) or 0, at_ns)
        if ended:
            self._ended.add(name)

    def lost(self) -> list[str]:
        """Those that were not heard to their end, in order."""
        return sorted(name for name in self._heard_ns if name not in self._ended)

    def check(self, started_ns: int) -> CheckResult | None:
        """The check ``run.workers`` at the end of the run; None where there were no workers."""
        workers = [name for name in self._heard_ns if name != LOCAL]
        if not workers:
            return None
        lost = [name for name in self.lost() if name != LOCAL]
        offenders = [self._offender(name, started_ns) for name in lost]
        verb = "was" if len(lost) == 1 else "were"
        summary = f"all {len(workers)} workers reported to the end"
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
