"""The live table on a terminal: what it shows, and that it leaves everything else as it was."""

from __future__ import annotations

import io
import logging
import sys

import pytest
from rich.console import Console

from locust_eventsource.measure.thresholds import parse_threshold
from run.ledger import Ledger
from run.outcome.progress import EVERY_S, Progress
from run.outcome.rows import rows
from run.outcome.terminal import TerminalTable, wanted
from tests.support.run_delta import SECOND, delta, figures, options
from tests.support.screen import screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told() -> Ledger:
    ledger = Ledger(options(), owes_events=True, started_ns=9 * SECOND)
    ledger.add("local", delta(lose=True))
    ledger.finish(80 * SECOND)
    return ledger


@pytest.mark.parametrize(
    ("stream", "environ", "shown"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "CI": "false"}, True),
        (Terminal(), {"TERM": "xterm", "CI": "true"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_the_table_moves_on_a_terminal_alone(stream: io.StringIO, environ: dict[str, str], shown: bool) -> None:
    assert wanted(stream, environ) is shown


def test_the_table_says_what_came_what_is_asked_and_what_fails_and_goes_without_a_trace() -> None:
    ledger, terminal = told(), Terminal()
    asked = [parse_threshold("lost:count==0", "default"), parse_threshold("delivery:p(99)<50ms", "default")]
    console = Console(file=terminal, force_terminal=True, width=110, height=40)
    table = TerminalTable(console)
    table.show(ledger, rows(asked, figures(ledger)))
    shown = "\n".join(screen(terminal.getvalue()))
    assert "✗ fail so far" in shown
    assert "2 streams open | 1 deliveries (0/s) | lost 1 | duplicated 0" in shown
    assert "delivery  1" in shown
    assert "lost:count==0" in shown and "1 of 2" in shown
    assert "✗ delivery.lost: 1 of 2 deliveries did not come" in shown
    console.print("a line that passes")
    table.show(ledger, [])
    table.close()
    assert [line for line in screen(terminal.getvalue()) if line] == ["a line that passes"]


def test_log_lines_pass_above_the_table_and_handlers_get_their_stream_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    handler = logging.StreamHandler(terminal)
    logger = logging.getLogger("somebody's own")
    monkeypatch.setattr(logger, "handlers", [handler])
    table = TerminalTable(Console(file=terminal, force_terminal=True, width=80, height=40))
    table.show(told(), [])
    logger.warning("mind this %s", "x" * 100)
    table.show(told(), [])
    table.close()
    assert handler.stream is terminal
    assert sys.stderr is terminal
    assert [line for line in screen(terminal.getvalue()) if line] == [f"mind this {'x' * 100}"]


def test_elsewhere_a_line_is_logged_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CI", "true")
    progress, ledger = Progress(alone=True), told()
    with caplog.at_level(logging.INFO):
        for _ in range(2 * EVERY_S):
            progress.show(ledger, list)
        progress.close()
        for _ in range(EVERY_S):
            progress.show(ledger, list)
    assert len(caplog.messages) == 2
    assert "2 streams open | 1 deliveries | delivery p50 5.00 ms" in caplog.messages[0]
    assert "lost 1, duplicated 0, reordered 0" in caplog.messages[0]
