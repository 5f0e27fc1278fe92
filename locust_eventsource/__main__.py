"""``python -m locust_eventsource URL``: one event stream as JSON lines."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def _end(number: int, frame: FrameType | None) -> None:
    # An exception also ends a write that its reader has stalled, which a flag would not.
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)
    from locust_eventsource.command.run import main

    sys.exit(main(sys.argv[1:]))
