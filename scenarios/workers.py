"""Worker processes and the terminal's Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from locust.env import Environment

_MARGIN_S = 15.0


def ignore_first_interrupt(environment: Environment) -> None:
    """Leave the first Ctrl-C to the master, where both share a terminal.

    With ``--processes`` the terminal interrupts master and workers together. A worker that quit at once would close
    its streams before the master has drained the run. A worker that is still there when the drain's time is over
    interrupts itself.
    """
    options = environment.parsed_options
    if options is None or not options.processes or "--worker" in sys.argv:
        return
    patience_s = options.drain_timeout + options.settle + _MARGIN_S

    def leave_it_to_the_master(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        gevent.spawn_later(patience_s, os.kill, os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGINT, leave_it_to_the_master)
