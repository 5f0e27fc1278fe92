"""How many connections a second a reader opens."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.section import Section, Table, Target, Value
from benchmarks.text import amount

_NAMES = ("c", "ours", "ours_python", "go")
_WANTED = 4000.0


def measure(bench: Bench) -> Section:
    """Start all connections at once, and take the time until all are open."""
    connections = bench.connections((5000,), (500,))[0]
    section = Section(
        "connects",
        "Connects per second",
        f"{connections:,} connections started at once, on loopback without TLS: from the first connect until the last "
        "answer was read.",
    )
    rows: list[tuple[Value, ...]] = []
    for program in bench.readers(section, _NAMES):
        took_s = bench.hold(section, connections, program).open_s
        if took_s is None:
            section.remark(f"{program.name} does not say how long it took")
            continue
        speed = connections / took_s
        rows.append((program.title, took_s, speed))
        if program.name == "ours":
            wanted = f">= {amount(_WANTED)}"
            section.targets.append(Target("connects per second", wanted, amount(speed), speed >= _WANTED))
    if rows:
        section.tables.append(Table("connects", ("reader", "seconds", "connects/s"), rows))
    return section
