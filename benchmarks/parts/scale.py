"""Whether an event's cost depends on how many connections there are."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.section import Section, Table, Target, Value
from benchmarks.text import amount, ratio

_NAMES = ("c", "ours")
_SECONDS = 3.0
_MOST_TIMES = 1.5


def measure(bench: Bench) -> Section:
    """The same rate in all over more and more connections."""
    counts = bench.connections((20, 200, 1000, 5000, 10_000), (20, 1000))
    section = Section(
        "scale",
        "Cost per event from few to many connections",
        f"{amount(bench.asked.rate)} events/s in all, broadcast, {bench.asked.body} body, {bench.asked.pattern}.",
    )
    rows: list[tuple[Value, ...]] = []
    for program in bench.readers(section, _NAMES):
        costs = [bench.run(section, bench.plan(count, _SECONDS), program).reader.cpu_us for count in counts]
        times = max(costs) / min(costs)
        rows.append((program.title, *costs, times))
        if program.name == "ours":
            name = f"cost per event from {min(counts):,} to {max(counts):,} connections, most / least"
            section.targets.append(Target(name, f"<= {_MOST_TIMES:g} x", ratio(times), times <= _MOST_TIMES))
    if rows:
        columns = ("reader", *(f"{count:,}" for count in counts), "most / least")
        section.tables.append(Table("CPU, us per event", columns, rows))
    return section
