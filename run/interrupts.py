"""Ctrl-C: it ends the run in order, whatever the process is doing when it comes."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from locust.env import Environment

_MARGIN_S = 15.0


def take_interrupts(environment: Environment, *, is_worker: bool) -> None:
    """Raise ``KeyboardInterrupt`` in the main greenlet only, where Locust waits for it.

    Python's own handler raises it in whichever greenlet happens to run, which then dies with a traceback.

    With ``--processes`` the terminal interrupts master and workers together. A worker that quit at once would close
    its streams before the master has drained the run, so it leaves the first one to the master. A worker that is still
    there when the drain's time is over interrupts itself.
    """
    options = environment.parsed_options
    left_to_master = is_worker and options is not None and bool(options.processes) and "--worker" not in sys.argv
    patience_s = options.drain_timeout + options.settle + _MARGIN_S if options is not None else _MARGIN_S

    def interrupted() -> None:
        nonlocal left_to_master
        if left_to_master:
            left_to_master = False
            gevent.spawn_later(patience_s, _interrupt_main)
        else:
            _interrupt_main()

    gevent.signal_handler(signal.SIGINT, interrupted)


def no_more_interrupts() -> None:
    """The process is ending, in bounded time: another Ctrl-C would only lose the report."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt_main() -> None:
    gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())
