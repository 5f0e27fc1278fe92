"""A table at the foot of the terminal while a headless run goes on; log lines and Locust's tables pass above it."""

from __future__ import annotations

import atexit
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from locust_eventsource.measure.exit_codes import exit_code, outcome
from locust_eventsource.measure.metrics import METRICS
from locust_eventsource.measure.verdict_text import latency_text
from locust_eventsource.measure.verdict_types import Row
from reports.wording import count, figure, plain, span, symbol
from run.ledger import SECOND_NS, Ledger
from studio.verify.checks import CheckResult

_STYLES: Final = {"pass": "green", "fail": "red", "internal error": "red", "inconclusive": "yellow"}
_SHOWN: Final = ("delivery", "delivery_large", "activity", "trigger", "execute", "connect", "reconnect")
_WRONG: Final = ("lost", "duplicated", "reordered", "unexpected")
_CHECKS_NAMED: Final = 5


def wanted(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a table can move there: a terminal that understands it, and not in CI, whose logs keep every frame."""
    return stream.isatty() and environ.get("TERM") != "dumb" and environ.get("CI", "").lower() not in ("true", "1")


class TerminalTable:
    """The table from its first ``show`` to ``close``."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
            vertical_overflow="ellipsis",
        )
        self._redirected: list[tuple[logging.StreamHandler[TextIO], TextIO]] = []
        self._streams = sys.stdout, sys.stderr
        self._before = (0.0, 0)

    def show(self, ledger: Ledger, rows: Sequence[Row]) -> None:
        """Draw the run as it is now."""
        if not self._live.is_started:
            self._start()
        self._live.update(drawing(ledger, rows, self._rate(ledger)), refresh=True)

    def close(self) -> None:
        """Take the table away, so that what follows stands where it always does."""
        atexit.unregister(self.close)
        while self._redirected:
            handler, stream = self._redirected.pop()
            handler.setStream(stream)
        if self._live.is_started:
            sys.stdout, sys.stderr = self._streams
            self._live.stop()

    def _start(self) -> None:
        self._streams = sys.stdout, sys.stderr
        above = {id(stream): cast(TextIO, _Above(self._console, stream)) for stream in self._streams if stream.isatty()}
        # Handlers keep the stream that they were made with; what they write must go above the table as well.
        for handler in _handlers():
            if id(handler.stream) in above:
                self._redirected.append((handler, handler.stream))
                handler.setStream(above[id(handler.stream)])
        sys.stdout, sys.stderr = (above.get(id(stream), stream) for stream in self._streams)
        self._live.start()
        atexit.register(self.close)

    def _rate(self, ledger: Ledger) -> float:
        """Deliveries a second since the last look."""
        (then_s, before), now_s = self._before, time.monotonic()
        now = ledger.series.counter("deliveries")
        self._before = now_s, now
        return (now - before) / (now_s - then_s) if then_s and now_s > then_s else 0.0


def drawing(ledger: Ledger, rows: Sequence[Row], rate: float) -> RenderableType:
    """The verdict so far, what came, latencies, targets, and the checks that fail."""
    checks = ledger.check_results()
    failing = [check for check in checks if check.verdict == "fail"]
    return Group(
        Text(),
        _head(ledger, rows, checks),
        _counts(ledger, rate),
        _latencies(ledger),
        _targets(rows),
        *_failing(failing),
    )


def _head(ledger: Ledger, rows: Sequence[Row], checks: Sequence[CheckResult]) -> Text:
    word = outcome(exit_code(rows, checks, ledger.internal_error))
    elapsed_s = (time.time_ns() - ledger.started_ns) / SECOND_NS
    head = Text(f"{symbol(word)} {word} so far", style=f"bold {_STYLES.get(word, '')}".strip())
    return head.append(f"   {span(elapsed_s)}", style="not bold default")


def _counts(ledger: Ledger, rate: float) -> Text:
    tally, states = ledger.judge.tally.as_dict(), ledger.connections.states_now
    parts = [
        f"{count(ledger.connections.open_now)} streams open",
        *(f"{value} {name}" for name, value in states._asdict().items() if value and name != "open"),
        f"{count(ledger.series.counter('deliveries'))} deliveries ({count(rate)}/s)",
    ]
    line = Text(" | ".join(parts))
    for name in _WRONG:
        line.append(" | ").append(f"{name} {count(tally[name])}", style="bold red" if tally[name] else "")
    return line


def _latencies(ledger: Ledger) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("latency")
    for heading in ("n", "p50", "p95", "p99", "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    for metric in _SHOWN:
        histogram = ledger.series.histogram(metric)
        if histogram is not None and histogram.count:
            figures = [*histogram.percentiles_us([50, 95, 99]), histogram.max_us]
            table.add_row(metric, count(histogram.count), *(figure(latency_text(each)) for each in figures))
    return table


def _targets(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("target", "measured", "verdict"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for row in rows:
        if row.verdict != "not asked" and row.metric in METRICS:
            verdict = Text(f"{symbol(row.verdict)} {row.verdict}", style=_STYLES.get(row.verdict, ""))
            table.add_row(Text(plain(row.expression)), Text(figure(row.measured_text)), verdict)
    return table


def _failing(checks: Sequence[CheckResult]) -> Iterator[Text]:
    for check in checks[:_CHECKS_NAMED]:
        name = Text(f"✗ {check.name}: ", style="red", no_wrap=True, overflow="ellipsis")
        yield name.append(plain(check.summary), style="default")
    if len(checks) > _CHECKS_NAMED:
        yield Text(f"and {len(checks) - _CHECKS_NAMED} more checks fail", style="red")


def _handlers() -> Iterator[logging.StreamHandler[TextIO]]:
    """The handlers of all loggers that write to a stream, each once."""
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    found = {id(handler): handler for logger in loggers for handler in logger.handlers}
    return (handler for handler in found.values() if isinstance(handler, logging.StreamHandler))


class _Above:
    """A terminal's stream whose lines pass above the table as they are: neither broken nor coloured."""

    def __init__(self, console: Console, stream: TextIO) -> None:
        self._console = console
        self._stream = stream
        self._rest = ""

    def write(self, text: str) -> int:
        whole, end, self._rest = (self._rest + text).rpartition("\n")
        if end:
            self._console.out(whole, highlight=False)
        return len(text)

    def flush(self) -> None:
        """A line is shown once it is whole."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever else a stream has
        return getattr(self._stream, name)
