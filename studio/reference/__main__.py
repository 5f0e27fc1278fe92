"""``python -m studio.reference``: the embedded Studio in a process of its own."""

from __future__ import annotations

import sys

from studio.reference.options import parse
from studio.reference.server import run

if __name__ == "__main__":
    run(parse(sys.argv[1:]))
