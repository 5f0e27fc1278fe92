"""``python -m studio.recordings``: recorded streams before the checkers."""

from __future__ import annotations

import sys

from studio.recordings.command import main

if __name__ == "__main__":
    sys.exit(main())
