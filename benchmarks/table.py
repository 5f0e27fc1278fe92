"""The results in words and tables, for the terminal and for benchmarks/results.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.messages import ReaderReport, SourceReport
from benchmarks.payload import EVENT_BYTES
from benchmarks.session import Cores, Part, Plan, Run, doubts, faults

_TITLES = {
    "ours": "ours: EventStream",
    "naive": "naive: requests + sseclient-py, a greenlet each",
}
_COLUMNS = (
    "reader",
    "reported p50 ms",
    "p99 ms",
    "max ms",
    "read at p50 ms",
    "p99 ms",
    "lost",
    "CPU us/event",
    "memory MiB",
    "KiB/connection",
)


def _figure(value: float, unit: str = "") -> str:
    return f"{value:,.3f}{unit}" if value < 10 else f"{value:,.1f}{unit}"


def _cells(reader: ReaderReport) -> list[str]:
    return [
        _TITLES[reader.name],
        _figure(reader.p50_ms),
        _figure(reader.p99_ms),
        _figure(reader.max_ms),
        _figure(reader.user_p50_ms),
        _figure(reader.user_p99_ms),
        str(reader.lost),
        f"{reader.cpu_us:.1f}",
        f"{reader.memory_mib:.0f}",
        f"{reader.connection_kib:.1f}",
    ]


def _ratios(ours: ReaderReport, naive: ReaderReport) -> list[str]:
    def ratio(mine: float, theirs: float) -> str:
        return f"{mine / theirs:.3g}" if theirs else "-"

    return [
        "ratio ours / naive",
        ratio(ours.p50_ms, naive.p50_ms),
        ratio(ours.p99_ms, naive.p99_ms),
        ratio(ours.max_ms, naive.max_ms),
        ratio(ours.user_p50_ms, naive.user_p50_ms),
        ratio(ours.user_p99_ms, naive.user_p99_ms),
        "",
        ratio(ours.cpu_us, naive.cpu_us),
        ratio(ours.memory_mib, naive.memory_mib),
        ratio(ours.connection_kib, naive.connection_kib),
    ]


def table(results: Sequence[Run]) -> str:
    """One row a reader, and the ratio where both ran; a Markdown table that reads well as it is."""
    rows = [_cells(result.reader) for result in results]
    by_name = {result.reader.name: result.reader for result in results}
    if {"ours", "naive"} <= by_name.keys():
        rows.append(_ratios(by_name["ours"], by_name["naive"]))
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    first, *others = widths
    lines = [_line(_COLUMNS, widths), "|-" + "-" * first + "-|" + "".join(f"-{'-' * n}:|" for n in others)]
    return "\n".join(lines + [_line(row, widths) for row in rows])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cells[0].ljust(widths[0]), *(cell.rjust(n) for cell, n in zip(cells[1:], widths[1:], strict=True))]
    return f"| {' | '.join(padded)} |"


def remarks(part: Part) -> list[str]:
    """What each run's source and reader did, and every reason not to take its figures as they stand."""
    lines = []
    for result in part.runs:
        name = result.reader.name
        lines += [f"{name}: {_sent(result.source)}", f"{name}: {_got(result.reader)}"]
        lines += [f"{name}: FAILED: {fault}" for fault in faults(result)]
        lines += [f"{name}: INCONCLUSIVE: {doubt}" for doubt in doubts(result, part.plan)]
    return lines


def _sent(source: SourceReport) -> str:
    return (
        f"{sum(source.written):,} events written in {source.seconds:.2f} s, {source.blocked} writes blocked, "
        f"behind schedule {_figure(source.behind_p99_ms)} ms at p99 and {_figure(source.behind_max_ms)} ms at most"
    )


def _got(reader: ReaderReport) -> str:
    return f"{reader.delivered:,} delivered, {_stamps(reader)}; {reader.waited:.1%} of the run spent waiting for a core"


def _stamps(reader: ReaderReport) -> str:
    if reader.coalesced is None:
        return "stamped in user space"
    share = 100 * reader.coalesced / max(reader.delivered, 1)
    return f"{reader.kernel_stamps:,} with kernel stamps, {share:.2g} % not the last of their read"


_PATTERNS = {
    "fan-out": "sent to all connections at once, as a server with subscribers does",
    "even": "spread evenly over time",
}


def question(plan: Plan) -> str:
    """What was asked, in one sentence."""
    return (
        f"{plan.pattern}: {plan.connections:,} connections in one process, {plan.rate:,.0f} deliveries/s in total for "
        f"{plan.seconds:g} s, {_PATTERNS[plan.pattern]} ({plan.events} events of {EVENT_BYTES} bytes a connection, "
        f"{plan.body} body)"
    )


def placement(on: Cores) -> str:
    """Where the processes ran."""
    if on.source is None:
        return "Source and reader shared one core: there was no second one to pin them apart."
    return f"The source was pinned to core {on.source}, each reader to core {on.reader}."


_MEANING = """\
- **reported**: the latency that the reader gives its user, its own stamp minus the source's `time_ns()` of the write:
  the kernel's receive stamp for ours, the time at which the event comes out for naive.
- **read at**: the same with the time at which the reader's process had read the bytes, so that the effect of kernel
  stamps is visible: `reported` says how late the event *arrived*, `read at` how late a busy tester *noticed*.
- **lost**: events written and not handed out while the connection was open; they rank as infinitely late. With an
  identity body naive never hands out a connection's last event: requests reads 128 bytes at a time and waits for more.
- **CPU**: user and system time of the reader per event, from the start of sending. It falls as the load grows, since
  one round of the event loop then serves more connections. **memory**: resident set at the end; a connection's share
  is the growth until all were open.
- Every event differs from all others, so the decode cache, which a broadcast to many streams hits, never does here."""


def document(parts: Sequence[Part], on: Cores, machine: str, command: str) -> str:
    """The whole of benchmarks/results.md."""
    return (
        f"# Benchmark results\n\n{''.join(_section(part) for part in parts)}## What the columns say\n\n{_MEANING}\n\n"
        f"{placement(on)} The readers ran one after the other, each against a fresh source.\n"
        f"Machine: {machine}.\n\nRepeat with `{command}`. Written by `python -m benchmarks`; do not edit.\n"
    )


def _section(part: Part) -> str:
    said = "\n".join(f"- {line}" for line in remarks(part))
    return f"## {part.plan.pattern}\n\n{question(part.plan)}.\n\n{table(part.runs)}\n\n{said}\n\n"
