"""report.md: the verdict and its evidence for a pull request (GitHub Flavored Markdown)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports import certainty
from reports.definitions import in_order, title
from reports.model import CheckRecord, Figures, Metric, Result
from reports.wording import (
    NOTHING,
    count,
    evidence,
    figure,
    headline,
    identity,
    plain,
    reasons,
    seconds,
    share,
    span,
    symbol,
)

MAX_OFFENDERS = 5
MAX_REASONS = 10
_COLUMNS = (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99.9", "p999"), ("max", "max"))
_LEGEND = (
    "In parentheses: the interval that holds the true value, where it is wider than the digits. "
    f"{certainty.FEW} Too few samples: n(1 - p) < 10."
)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&@$])")
_BACKTICKS = re.compile(r"`+")


def render_markdown(result: Result) -> str:
    """The whole report.md. Text that is not our own cannot break a table, make a link or mention anybody."""
    parts = [
        _verdict(result),
        _targets(result),
        _deliveries(result),
        *(_offenders(check, result.run.started_ns) for check in result.checks if check.offenders),
        _latencies(result),
        _connections(result),
        _instrument(result),
        _facts(result),
        _notes(result),
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
    against = reasons(result)
    lines = [f"# {symbol(verdict.result)} {text(headline(result))}{exit_code}", "", text(verdict.summary)]
    if against:
        lines += ["", *(f"- {symbol(r.verdict)} {code(r.subject)}: {text(r.text)}" for r in against[:MAX_REASONS])]
    if len(against) > MAX_REASONS:
        lines.append(f"- and {len(against) - MAX_REASONS} more")
    return "\n".join(lines)


def _targets(result: Result) -> str:
    if not result.rows:
        return "## Targets\n\nNo targets were set."
    rows = (
        [
            f"{symbol(row.verdict)} {text(row.verdict)}",
            cell(row.expression),
            text(figure(row.measured_text)) or NOTHING,
            text(figure(row.margin_text)) or NOTHING,
            certainty.samples(row, "; "),
            text(row.reason),
            text(row.origin),
        ]
        for row in result.rows
    )
    return "## Targets\n\n" + table(
        ["Verdict", "Target", "Measured", "Margin", "n, 95 % confidence", "Reason", "From"], rows
    )


def _deliveries(result: Result) -> str:
    checks = ([f"{symbol(c.verdict)} {text(c.verdict)}", text(c.name), text(c.summary)] for c in result.checks)
    parts = ["## Deliveries", f"{identity(result)}."]
    if result.checks:
        parts.append(table(["Verdict", "Check", "Found"], checks))
    return "\n\n".join(parts)


def _offenders(check: CheckRecord, started_ns: int) -> str:
    found = evidence(check, started_ns)
    shown = found.rows[:MAX_OFFENDERS]
    heading = f"### First offenders: {text(check.name)}"
    more = len(found.rows) - len(shown)
    parts = [heading, table(map(text, found.columns), (map(cell, row) for row in shown))]
    return "\n\n".join([*parts, f"and {more} more in report.html"] if more else parts)


def _latencies(result: Result) -> str:
    if not result.metrics:
        return ""
    named = [(text(title(name)), result.metrics[name]) for name in in_order(list(result.metrics))]
    figures = ([name, count(metric.samples), *_figures(metric)] for name, metric in named)
    heads = ["Measure", "n", *(column for column, _ in _COLUMNS)]
    parts = ["## Latency", table(heads, figures, right=len(heads) - 1), _LEGEND, *_confidences(named)]
    return "\n\n".join(parts)


def _figures(metric: Figures) -> list[str]:
    return [certainty.summed_up(metric, key) for _, key in _COLUMNS]


def _confidences(named: list[tuple[str, Metric]]) -> list[str]:
    """The confidence of every percentile, folded: it is about the number of samples and belongs to each figure."""
    rows = [
        [name, *(certainty.confidence(metric.bounds[key].confidence) for key in certainty.PERCENTILES)]
        for name, metric in named
        if metric.bounds
    ]
    if not rows:
        return []
    heads = ["Measure", "p50", "p90", "p95", "p99", "p99.9"]
    summary = "<details><summary>95 % confidence intervals</summary>"
    return [summary, table(heads, rows, right=5), "</details>"]


def _connections(result: Result) -> str:
    seen = result.connections
    line = f"{seen.opened} opened, {seen.failed} failed, {seen.reconnects} reconnects, at most {seen.peak} at a time"
    gaps = f"; {len(seen.gaps)} gaps" if seen.gaps else ""
    gaps += f"; {seen.dropped} let go on purpose" if seen.dropped else ""
    network = certainty.network_text(result.network)
    return f"## Connections\n\n{line}{gaps}." + (f" {network}" if network else "")


def _instrument(result: Result) -> str:
    """How far the figures can be trusted: the clocks, what widens the intervals, the tester's own health."""
    steps = (
        f"- {text(process.name)}: the offset jumped by {certainty.offset(step.low_us, step.high_us)} between "
        f"{seconds(step.after_s)} and {seconds(step.before_s)}"
        for process, step in certainty.steps_of(result.clock)[:MAX_OFFENDERS]
    )
    lines = ["## Clocks and tester", text(certainty.clock_summary(result.clock)), "\n".join(steps)]
    if result.uncertainty.text:
        lines.append(f"What widens the intervals of delivery: {text(figure(result.uncertainty.text))}.")
    row = certainty.row_of_tester(result.rows)
    fit = f"{symbol(row.verdict)} {certainty.fitness(row)}: " if row else ""
    lines.append(f"The tester: {fit}{text(certainty.health_text(result.health))}.")
    return "\n\n".join(line for line in lines if line)


def _facts(result: Result) -> str:
    run, tally = result.run, result.deliveries
    stamped = tally.kernel_stamps + tally.user_stamps
    facts = [
        ("Target", "embedded Studio" if run.embedded else run.host),
        ("Started", run.started),
        ("Duration", span(run.duration_s)),
        ("Load", f"{NOTHING if run.users is None else run.users} users ({', '.join(run.user_classes) or NOTHING})"),
        ("Processes", str(run.processes)),
        ("Kernel stamps", share(tally.kernel_stamps, stamped)),
        ("Versions", f"locust-eventsource {run.package}, Locust {run.locust}, Python {run.python}"),
        ("Platform", run.platform),
    ]
    return "## The run\n\n" + table(["", ""], ([name, cell(value)] for name, value in facts))


def _notes(result: Result) -> str:
    left = [f"left on the server: {item}" for item in result.cleanup.left]
    lines = [*result.health.warnings, *left, *result.notes]
    return "## Notes\n\n" + "\n".join(f"- {text(line)}" for line in lines) if lines else ""
