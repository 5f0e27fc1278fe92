"""What an idle stream costs in memory."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.section import Section, Table, Target, Value

_NAMES = ("c", "ours", "ours_python", "ours_locust", "naive", "go")
_MOST_KIB = {"ours": 6.0, "ours_locust": 20.0}
_MOST_NAIVE = 1000
"""More greenlets with a response each than people would try."""


def measure(bench: Bench) -> Section:
    """Open connections that bring nothing, and take the growth of the process."""
    connections = bench.connections((10_000,), (1000,))[0]
    section = Section(
        "memory",
        "Memory per idle stream",
        "The growth of the resident set from before the first connect until all connections were open, for each. The "
        "kernel's socket buffers are not in it.",
    )
    rows: list[tuple[Value, ...]] = []
    for program in bench.readers(section, _NAMES):
        count = min(connections, _MOST_NAIVE) if program.name == "naive" else connections
        said = bench.hold(section, count, program)
        rows.append((program.title, count, said.connection_kib, said.memory_mib))
        if most := _MOST_KIB.get(program.name):
            name = f"memory per idle stream, {program.title}, {count:,} streams"
            kib = said.connection_kib
            section.targets.append(Target(name, f"<= {most:g} KiB", f"{kib:.1f} KiB", kib <= most))
    if rows:
        columns = ("reader", "streams", "KiB/stream", "whole process MiB")
        section.tables.append(Table("memory", columns, rows))
    return section
