"""Children that can be interrupted, even where the tests themselves ignore SIGINT."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Processes that are started inside do not inherit an ignored SIGINT."""
    # A shell's background jobs ignore SIGINT and so would what they start; a signal with a handler is reset by exec.
    # A preexec_fn would do as well, but warns where the server's script runs in a thread (Python 3.12).
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
