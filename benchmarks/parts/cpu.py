"""What an event costs each reader, and how late it says the events were."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.accuracy import Percentiles, reported, writing
from benchmarks.bench import Bench
from benchmarks.programs import READERS
from benchmarks.section import Section, Table, Target, Value
from benchmarks.session import Run
from benchmarks.text import amount, ratio

_NAMES = ("c", "ours", "ours_python", "ours_locust", "naive", "locust_naive", "go", "k6")
_SECONDS = 3.0
_MOST_OF_C = 1.5
_LEAST_OF_NAIVE = 4.0

Runs = dict[tuple[str, int], Run]


def measure(bench: Bench) -> Section:
    """Every reader at every number of connections, in each mode."""
    asked = bench.asked
    section = Section(
        "cpu",
        "CPU per event",
        f"{amount(asked.rate)} events/s in all, {asked.body} body, {asked.pattern}. CPU is user and system time of the "
        "reader's process with all its threads from the start of sending, per event. The latency that each reader "
        "reports is its own stamp minus the time before the write; `the write itself` is how long the write took, and "
        "no event was longer on its way than that.",
    )
    programs = bench.readers(section, _NAMES)
    counts = bench.connections((20, 200, 1000), (20, 200))
    for mode in bench.modes(("broadcast", "distinct")):
        runs: Runs = {}
        for connections in counts:
            plan = bench.plan(connections, _SECONDS, mode=mode)
            for program in programs:
                runs[program.name, connections] = bench.run(section, plan, program)
        section.tables += [_cost(mode, counts, runs), _latency(mode, counts, runs)]
        if mode == "broadcast":
            section.targets += _targets(counts, runs)
    return section


def _cost(mode: str, counts: Sequence[int], runs: Runs) -> Table:
    names = list(dict.fromkeys(name for name, _ in runs))
    rows: list[tuple[Value, ...]] = [
        (READERS[name].title, *(runs[name, connections].reader.cpu_us for connections in counts)) for name in names
    ]
    for over, under in (("ours", "c"), ("naive", "ours")):
        if {over, under} <= set(names):
            rows.append((f"{over} / {under}", *(_times(runs, connections, over, under) for connections in counts)))
    columns = ("reader", *(f"{connections:,} connections" for connections in counts))
    return Table(f"{mode}: CPU, us per event", columns, rows)


def _times(runs: Runs, connections: int, over: str, under: str) -> float:
    return runs[over, connections].reader.cpu_us / runs[under, connections].reader.cpu_us


def _latency(mode: str, counts: Sequence[int], runs: Runs) -> Table:
    rows: list[tuple[Value, ...]] = []
    for connections in counts:
        those = [run for (_, at), run in runs.items() if at == connections]
        if those:
            rows.append((f"{connections:,} connections: the write itself", *writing(those[0].truth), None))
        rows += [(run.program.title, *_reported(run), run.reader.lost) for run in those]
    columns = ("reader", "p50 ms", "p99 ms", "max ms", "lost")
    return Table(f"{mode}: reported latency", columns, rows)


def _reported(run: Run) -> Percentiles | tuple[float | None, float | None, float | None]:
    if run.stamps is not None:
        return reported(run.truth, run.stamps)
    if run.plan.mode == "distinct":
        return (run.reader.p50_ms, run.reader.p99_ms, run.reader.max_ms)
    return (None, None, None)


def _targets(counts: Sequence[int], runs: Runs) -> list[Target]:
    found = []
    for connections in counts:
        where = f"CPU per event, {connections:,} connections, broadcast"
        if {("ours", connections), ("c", connections)} <= runs.keys():
            times = _times(runs, connections, "ours", "c")
            found.append(Target(where, f"<= {_MOST_OF_C} x C", ratio(times), times <= _MOST_OF_C))
        if {("ours", connections), ("naive", connections)} <= runs.keys():
            times = _times(runs, connections, "naive", "ours")
            found.append(Target(where, f">= {_LEAST_OF_NAIVE:g} x below naive", ratio(times), times >= _LEAST_OF_NAIVE))
    return found
