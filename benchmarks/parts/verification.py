"""What it costs to account for every event, and whether the memory stays flat."""

from __future__ import annotations

from statistics import median
from typing import Final

from benchmarks import verified_load
from benchmarks.bench import Bench, say
from benchmarks.section import Section, Table, Target, Value
from benchmarks.text import amount, ratio
from benchmarks.verified_load import Load, Used

_PAIRS: Final = 3
_SECONDS: Final = 20.0
_MOST_TIMES: Final = 1.3
_LONG_S: Final = 300.0
"""From so long a run on its memory is judged: what a capture keeps is full after some minutes."""
_FLAT_MIB: Final = 8.0


def measure(bench: Bench) -> Section:
    """Pairs of the same run with and without verification, and the resident set over a long one."""
    streams = bench.connections((1000,), (100,))[0]
    seconds = bench.asked.seconds or (5.0 if bench.asked.quick else _SECONDS)
    section = Section(
        "verification",
        "The cost of accounting for every event",
        f"A whole load test (`locust --headless`, embedded Studio) with {streams:,} streams at "
        f"{amount(bench.asked.rate)} deliveries/s, for {seconds:g} s, with all checks and with `--measure-only`, in "
        "turn. CPU is that of the tester's process with all its threads, for each delivery.",
    )
    pairs = _PAIRS if seconds < _LONG_S else 1
    runs = [
        (_run(bench, section, streams, seconds, True), _run(bench, section, streams, seconds, False))
        for _ in range(pairs)
    ]
    section.tables.append(_cost(runs))
    times = median(checked.cpu_us / plain.cpu_us for checked, plain in runs)
    where = f"CPU with all checks, {streams:,} streams, {amount(bench.asked.rate)} deliveries/s"
    section.targets.append(Target(where, f"<= {_MOST_TIMES} x without", ratio(times), times <= _MOST_TIMES))
    _judge_memory(section, runs[0][0], seconds)
    return section


def _run(bench: Bench, section: Section, streams: int, seconds: float, verify: bool) -> Used:
    load = Load(streams, bench.asked.rate, seconds, verify)
    used = verified_load.run(load, (bench.on.source, bench.on.reader))
    words = "with all checks" if verify else "measuring only"
    say(f"{words}: {used.cpu_us:.1f} us/delivery, {used.resident_mib[-1]:.0f} MiB, {_came(used):,} deliveries")
    section.faults += [f"{words}: {check['name']}: {check['summary']}" for check in _failed(used)]
    return used


def _failed(used: Used) -> list[dict[str, str]]:
    return [check for check in used.result["checks"] if check["verdict"] == "fail"]


def _came(used: Used) -> int:
    stamps = used.result["deliveries"]
    return int(stamps["kernel_stamps"] + stamps["user_stamps"])


def _cost(runs: list[tuple[Used, Used]]) -> Table:
    rows: list[tuple[Value, ...]] = [
        (f"pair {number}", checked.cpu_us, plain.cpu_us, checked.cpu_us / plain.cpu_us)
        for number, (checked, plain) in enumerate(runs, 1)
    ]
    return Table("CPU, us per delivery", ("", "all checks", "--measure-only", "times"), rows)


def _judge_memory(section: Section, checked: Used, seconds: float) -> None:
    resident = checked.resident_mib
    middle, end = median(resident[len(resident) // 2 :][:10]), median(resident[-10:])
    rows: list[tuple[Value, ...]] = [("all checks", resident[0], middle, end, max(resident))]
    section.tables.append(Table("resident set, MiB", ("", "begin", "half-time", "end", "most"), rows))
    if seconds >= _LONG_S:
        growth = end - middle
        name = f"memory over the second half of {seconds:g} s with all checks"
        section.targets.append(Target(name, f"<= {_FLAT_MIB:g} MiB more", f"{growth:+.1f} MiB", growth <= _FLAT_MIB))
