"""How long verdict and report take after a long run, and how much memory."""

from __future__ import annotations

from benchmarks.bench import Bench, say
from benchmarks.child import Child, python
from benchmarks.section import Section, Table, Target
from benchmarks.text import amount

_DELIVERIES = 10_000_000
_QUICK = 300_000
_WITHIN_S = 420.0
_MOST_S = 5.0
_MOST_MIB = 300.0


def measure(bench: Bench) -> Section:
    """Merge what four workers would have said, judge it, and write the results."""
    deliveries = _QUICK if bench.asked.quick else _DELIVERIES
    section = Section(
        "report",
        "Verdict and report after a long run",
        f"{deliveries:,} deliveries on 1,000 streams in 4 workers, told in their deltas every 3 s of the run. "
        "`merging` is done while the run is under way; `verdict` and `report` when it has ended (the last judgement "
        "and the rows; result.json, the .hlog files, report.html and report.md). The memory is the peak of the whole "
        "process, which also plays the workers.",
    )
    if bench.asked.only:
        return section
    with Child(python("benchmarks.synthetic"), {"deliveries": deliveries, "core": bench.on.reader}) as child:
        found = child.hear("report", _WITHIN_S)
    took_s = found["verdict_s"] + found["report_s"]
    say(f"report: {took_s:.2f} s after {found['deliveries']:,} deliveries, {found['peak_mib']:.0f} MiB")
    columns = ("deliveries", "merging s", "verdict s", "report s", "MiB before the end", "peak MiB", "lost")
    names = ("deliveries", "merge_s", "verdict_s", "report_s", "before_mib", "peak_mib", "lost")
    section.tables.append(Table("report", columns, [tuple(found[name] for name in names)]))
    title = f"verdict and report after {deliveries:,} deliveries"
    section.targets += [
        Target(title, f"< {_MOST_S:g} s", f"{took_s:.2f} s", took_s < _MOST_S),
        Target(f"{title}, memory", f"< {amount(_MOST_MIB)} MiB", f"{amount(found['peak_mib'])} MiB", _fits(found)),
    ]
    return section


def _fits(found: dict[str, float]) -> bool:
    return found["peak_mib"] < _MOST_MIB
