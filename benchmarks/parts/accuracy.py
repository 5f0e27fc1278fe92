"""Whether the stamps are right: held against the time at which each event was written, however busy the tester is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy import TOLERANCE_NS, Accuracy, accuracy
from benchmarks.bench import Bench
from benchmarks.certificate import write_certificate
from benchmarks.native import has_tls
from benchmarks.programs import Program
from benchmarks.section import Section, Table, Target, Value
from benchmarks.text import amount

_NAMES = ("ours", "ours_python")
_SECONDS = 3.0
_BLOCK_MS = 50.0
_BURST = 4
_SLOW: dict[str, object] = {"block_ms": _BLOCK_MS}
_LEAST_INSIDE = 0.999
_COLUMNS = (
    "reader",
    "connections",
    "inside %",
    "furthest out us",
    "shared a read %",
    "excluded",
    "width p50 ms",
    "p99 ms",
    "max ms",
    "read after p50 ms",
    "p99 ms",
    "max ms",
    "lost",
)


class Condition(NamedTuple):
    """What the tester is put through."""

    title: str
    connections: Sequence[int]
    changes: dict[str, object]


def measure(bench: Bench) -> Section:
    """Every condition, at every number of connections."""
    tolerance = f"{TOLERANCE_NS // 1000} us"
    section = Section(
        "accuracy",
        "Accuracy of the stamps",
        f"{amount(bench.asked.rate)} events/s in all, chunked. `inside`: events that end their read whose stamp lies "
        f"in the write (between the clock before and after it) with {tolerance} either side; `furthest out`: the worst "
        "distance from the write. `shared a read`: events that do not end their read, of which only an interval is "
        f"known; `excluded`: those whose interval does not meet the write with {tolerance} either side; `width`: of "
        "these intervals. `read after`: from the kernel's stamp to the reading, the tester's own lag.",
    )
    programs = bench.readers(section, _NAMES if bench.asked.only else _NAMES[:1])
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        for condition in _conditions(bench, section, Path(folder)):
            _measure(bench, section, condition, programs)
    return section


def _conditions(bench: Bench, section: Section, folder: Path) -> Iterator[Condition]:
    counts = bench.connections((20, 200, 1000, 5000), (20, 200))
    few = [count for count in counts if count <= 1000] or counts
    yield Condition("quiet", counts, {})
    yield Condition("a busy process on the tester's core", counts, {"busy": True})
    yield Condition(
        f"a listener that blocks the tester's loop for {_BLOCK_MS:g} ms, five times a second", counts, _SLOW
    )
    yield Condition(f"{_BURST} events in one write", few, {"burst": _BURST})
    if has_tls():
        yield Condition("TLS", few, {"certificate": write_certificate(folder)})
    else:
        section.remark("not measured: no OpenSSL headers, so the source cannot serve over TLS")


def _measure(bench: Bench, section: Section, condition: Condition, programs: Sequence[Program]) -> None:
    rows: list[tuple[Value, ...]] = []
    worst: list[Accuracy] = []
    for connections in condition.connections:
        for program in programs:
            plan = bench.plan(connections, _SECONDS, mode="distinct", detail=True, **condition.changes)
            run = bench.run(section, plan, program)
            if run.stamps is None:
                continue
            found = accuracy(run.truth, run.stamps)
            worst.append(found)
            rows.append((program.title, connections, *_figures(found), run.reader.lost))
            if found.user_stamps:
                section.remark(
                    f"{condition.title}, {connections:,}: {found.user_stamps:,} stamps were not the kernel's"
                )
    if worst:
        section.tables.append(Table(condition.title, _COLUMNS, rows))
        section.targets += _targets(condition.title, worst)


def _figures(found: Accuracy) -> tuple[Value, ...]:
    inside = f"{100 * found.inside:.3f}"
    return (
        inside,
        found.furthest_us,
        100 * found.coalesced,
        found.excluded,
        *found.width,
        *found.lag,
    )


def _targets(title: str, found: Sequence[Accuracy]) -> list[Target]:
    inside = min(each.inside for each in found)
    excluded = sum(each.excluded for each in found)
    return [
        Target(
            f"stamps of events that end their read, {title}: inside the write ± {TOLERANCE_NS // 1000} us",
            f"{_LEAST_INSIDE:.1%}",
            f"{inside:.3%}",
            inside >= _LEAST_INSIDE,
        ),
        Target(f"intervals of all others, {title}, that exclude the truth", "0", f"{excluded:,}", excluded == 0),
    ]
