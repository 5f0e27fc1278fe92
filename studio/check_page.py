"""``python -m studio.check_page > docs/checks.md``: what each check promises, cannot see, and when it is unknown."""

from __future__ import annotations

import sys
from typing import Final

from studio.verify.catalogue import CHECKS
from studio.verify.findings import Check

_HEAD: Final = """\
# The checks

What each check promises, what it cannot see, and when it says unknown. `python -m studio.check_page > docs/checks.md`
makes this page anew from the checks' own descriptions.

- **Verdicts.** `pass`: it held wherever it was looked at. `fail`: it did not hold at least once; the first offenders
  are shown with their ids, streams, times, bytes or answers, and a command that shows the state again (`$HOST` stands
  for the service). `unknown`: the evidence carries neither. A check that could sometimes not say passes where it could,
  and its summary tells how often it could not and why; one that never could is unknown, and the run ends with exit
  code 4.
- **Made or not.** A check is listed when the run made it: most belong to a scenario (README, "Scenarios"). What no user
  of the run looked at is not listed, and nothing is said of it.
- **Over processes.** The checks on `delivery`, `fanout` and `lifecycle` are judged in one place over all streams of all
  processes. The others are made by the user that looks, and added up.
- **Who is to blame.** What the tester breaks on purpose, or cannot tell because it was late itself, is no offence of
  the service: such looks are unknown. `docs/fault-matrix.md` shows for every defect on offer which check finds it.
- **A stream's end.** A stream that the service or the network ended counts as open until its last byte; what it missed
  after that is the replay's matter (`replay.*`), not a loss.
"""


def document() -> str:
    """The whole page, the checks grouped by area."""
    areas: dict[str, list[Check]] = {}
    for check in CHECKS.values():
        areas.setdefault(check.name.partition(".")[0], []).append(check)
    return "\n".join([_HEAD, *(f"## {area}\n\n" + "\n".join(map(_entry, found)) for area, found in areas.items())])


def _entry(check: Check) -> str:
    return (
        f"### `{check.name}`\n\nPasses when {check.holds}.\n\n- **Promises:** {check.promise}.\n"
        f"- **Cannot see:** {check.blind}.\n- **Unknown:** {check.unknown}.\n"
    )


if __name__ == "__main__":
    sys.stdout.write(document())
