"""report.md: the verdict and its evidence for a pull request (GitHub Flavored Markdown), in fewer than 60 lines.

What there is no room for is in report.html, and a line says how much that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from reports import certainty
from reports.capacity import rate_text, verdict_of
from reports.definitions import in_order, title
from reports.model import CheckRecord, Figures, Result, RowRecord
from reports.wording import (
    NOTHING,
    Offender,
    count,
    duration,
    figure,
    headline,
    identity,
    offenders,
    plain,
    seconds,
    share,
    span,
    symbol,
)

MAX_LINES: Final = 59
_COLUMNS = (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99.9", "p999"), ("max", "max"))
_LEGEND = (
    "In parentheses: the interval that holds the true value, where it is wider than the digits. "
    f"{certainty.FEW} Too few samples: n(1 - p) < 10."
)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&@$])")
_BACKTICKS = re.compile(r"`+")


_T = TypeVar("_T")


class _Room(NamedTuple):
    """How many of each there is room for; ``offenders`` of each check."""

    targets: int
    checks: int
    offenders: int
    measures: int
    notes: int
    steps: int


_ROOMS: Final = (
    _Room(14, 12, 5, 14, 8, 14),
    _Room(12, 10, 2, 8, 5, 10),
    _Room(10, 8, 1, 5, 4, 6),
    _Room(6, 5, 1, 4, 3, 0),
)
"""Tried in this order. The last fits whatever failed: 36 lines besides, and 23 of what it counts."""
_URGENCY: Final = {"fail": 0, "inconclusive": 1, "unknown": 1}


def render_markdown(result: Result) -> str:
    """The whole report.md. Text that is not our own cannot break a table, make a link or mention anybody."""
    texts = (_rendered(result, room) for room in _ROOMS)
    return next(each for each in texts if each.count("\n") <= MAX_LINES)


def _rendered(result: Result, room: _Room) -> str:
    parts = [
        _verdict(result),
        _capacity(result, room),
        _targets(result.rows, room),
        _deliveries(result, room),
        _latencies(result, room),
        _run(result),
        _notes(result, room),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value: object) -> str:
    """Text with every character escaped that Markdown or GitHub would act on."""
    # GitHub looks for mentions after the escapes are resolved, so only a zero-width space parts the sign from the name.
    return _SPECIAL.sub(r"\\\1", plain(value)).replace("\\@", "&#64;&#8203;")


def code(value: object) -> str:
    """Text as a code span, with a fence longer than any run of backticks inside."""
    content = plain(value)
    if not content:
        return ""
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(content)), default=0))
    space = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{space}{content}{space}{fence}"


def cell(value: object) -> str:
    """A code span inside a table, where a bare pipe would end the cell even within the fence."""
    return code(value).replace("|", "\\|")


def table(headings: Iterable[str], rows: Iterable[Iterable[str]], right: int = 0) -> str:
    """A table whose last ``right`` columns are figures."""
    heads = list(headings)
    rules = ["---"] * (len(heads) - right) + ["--:"] * right
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *map(list, rows)))


def _verdict(result: Result) -> str:
    verdict = result.verdict
    exit_code = "" if verdict.exit_code is None else f" (exit code {verdict.exit_code})"
    return f"# {symbol(verdict.result)} {text(headline(result))}{exit_code}\n\n{text(verdict.summary)}"


def _capacity(result: Result, room: _Room) -> str:
    """The last steps of a climb; what it found is the verdict's sentence."""
    steps = result.capacity.steps if result.capacity else []
    shown = steps[-room.steps :] if room.steps else []
    if not shown:
        return ""
    lines = [
        [
            f"{symbol(verdict_of(step))} {text(step.outcome)}",
            count(step.load.streams),
            rate_text(step.load.events_per_s),
            count(step.load.deliveries_per_s),
            duration(step.delivery_p99_us),
            duration(step.connect_p99_us),
            count(step.lost),
            count(step.errors),
        ]
        for step in shown
    ]
    heads = ["Step", "Streams", "Events/s", "Deliveries/s", "Delivery p99", "Connect p99", "Lost", "Failed requests"]
    if len(steps) > len(shown):
        lines.append([_more(len(steps) - len(shown)), *[""] * (len(heads) - 1)])
    return "## Capacity\n\n" + table(heads, lines, right=len(heads) - 1)


def _chosen(items: Sequence[_T], verdicts: Sequence[str], room: int) -> list[_T]:
    """As many as there is room for, in their order: what failed before what is open, and that before the rest."""
    urgent = sorted(range(len(items)), key=lambda at: _URGENCY.get(verdicts[at], 2))
    return [items[at] for at in sorted(urgent[:room])]


def _more(number: int) -> str:
    return f"and {number} more in report.html"


def _targets(rows: Sequence[RowRecord], room: _Room) -> str:
    if not rows:
        return "## Targets\n\nNo targets were set."
    shown = _chosen(rows, [row.verdict for row in rows], room.targets)
    lines = [_target(row) for row in shown]
    heads = ["Verdict", "Target", "Measured", "Margin", "n, 95 % confidence", "Reason", "From"]
    if len(rows) > len(shown):
        lines.append(["", _more(len(rows) - len(shown)), *[""] * (len(heads) - 2)])
    return "## Targets\n\n" + table(heads, lines)


def _target(row: RowRecord) -> list[str]:
    return [
        f"{symbol(row.verdict)} {text(row.verdict)}",
        cell(row.expression),
        text(figure(row.measured_text)) or NOTHING,
        text(figure(row.margin_text)) or NOTHING,
        certainty.samples(row, "; "),
        text(row.reason),
        text(row.origin),
    ]


def _deliveries(result: Result, room: _Room) -> str:
    against = [check for check in result.checks if check.verdict in _URGENCY]
    passed = len(result.checks) - len(against)
    told = f"{identity(result)}." + (f" {passed} of {len(result.checks)} checks passed." if result.checks else "")
    shown = _chosen(against, [check.verdict for check in against], room.checks)
    lines = [line for check in shown for line in _check(check, result.run.started_ns, room.offenders)]
    if len(against) > len(shown):
        lines.append(f"- {_more(len(against) - len(shown))}")
    return "\n\n".join(part for part in ("## Deliveries and checks", told, "\n".join(lines)) if part)


def _check(check: CheckRecord, started_ns: int, room: int) -> list[str]:
    """What the check found, and its first offenders; where there are more, the last line says so."""
    found = offenders(check, started_ns)
    lines = [f"  - {_offender(each)}" for each in found[:room]]
    if len(found) > room:
        lines[-1] += f" ({_more(len(found) - room)})"
    return [f"- {symbol(check.verdict)} {code(check.name)}: {text(check.summary)}", *lines]


def _offender(offender: Offender) -> str:
    again = [("look again", offender.again)] if offender.again else []
    facts = [*offender.event, *offender.streams, *offender.times, *again]
    told = "; ".join(f"{text(name)} {code(value)}" for name, value in facts)
    return f"{text(offender.what)}: {told}" if told else text(offender.what)


def _latencies(result: Result, room: _Room) -> str:
    if not result.metrics:
        return ""
    names = in_order(list(result.metrics))
    shown = names[: room.measures]
    rows = [[text(title(name)), count(result.metrics[name].samples), *_figures(result.metrics[name])] for name in shown]
    heads = ["Measure", "n", *(column for column, _ in _COLUMNS)]
    if len(names) > len(shown):
        rows.append([_more(len(names) - len(shown)), *[""] * (len(heads) - 1)])
    return "\n\n".join(["## Latency", table(heads, rows, right=len(heads) - 1), _LEGEND])


def _figures(metric: Figures) -> list[str]:
    return [certainty.summed_up(metric, key) for _, key in _COLUMNS]


def _run(result: Result) -> str:
    """Who was asked and by whom, and how far the figures can be trusted."""
    lines = [_load(result), _connections(result), _clocks(result), _tester(result), _versions(result)]
    return "## The run\n\n" + "\n".join(f"- {line}" for line in lines)


def _load(result: Result) -> str:
    run = result.run
    host = "the embedded Studio" if run.embedded else code(run.host)
    users = NOTHING if run.users is None else str(run.users)
    classes = text(", ".join(run.user_classes)) or NOTHING
    processes = "one process" if run.processes == 1 else f"{run.processes} processes"
    return f"Load: {users} users ({classes}) in {processes} on {host}, {span(run.duration_s)}."


def _connections(result: Result) -> str:
    seen = result.connections
    line = f"{seen.opened} opened, {seen.failed} failed, {seen.reconnects} reconnects, at most {seen.peak} at a time"
    gaps = f"; {len(seen.gaps)} gaps" if seen.gaps else ""
    gaps += f"; {seen.dropped} let go on purpose" if seen.dropped else ""
    network = certainty.network_text(result.network)
    return f"Connections: {line}{gaps}." + (f" {network}" if network else "")


def _clocks(result: Result) -> str:
    told = [text(certainty.clock_summary(result.clock))]
    for process, step in certainty.steps_of(result.clock)[:1]:
        jump = certainty.offset(step.low_us, step.high_us)
        between = f"{seconds(step.after_s)} and {seconds(step.before_s)}"
        told.append(f"As {text(process.name)} saw it, the offset jumped by {jump} between {between}.")
    if result.uncertainty.text:
        told.append(f"What widens the intervals of delivery: {text(figure(result.uncertainty.text))}.")
    return f"Clocks: {' '.join(told)}"


def _tester(result: Result) -> str:
    row = certainty.row_of_tester(result.rows)
    fit = f"{symbol(row.verdict)} {certainty.fitness(row)}: " if row else ""
    return f"The tester: {fit}{text(certainty.health_text(result.health))}."


def _versions(result: Result) -> str:
    run, tally = result.run, result.deliveries
    stamped = share(tally.kernel_stamps, tally.kernel_stamps + tally.user_stamps)
    programs = f"locust-eventsource {run.package}, Locust {run.locust}, Python {run.python}, {run.platform}"
    return f"Started {code(run.started)}; kernel stamps {stamped}; {text(programs)}."


def _notes(result: Result, room: _Room) -> str:
    left = [f"left on the server: {item}" for item in result.cleanup.left]
    lines = [text(line) for line in (*result.notes, *result.health.warnings, *left)]
    shown = lines[: room.notes]
    if len(lines) > len(shown):
        shown.append(_more(len(lines) - len(shown)))
    return "## Notes\n\n" + "\n".join(f"- {line}" for line in shown) if lines else ""
