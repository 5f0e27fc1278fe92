"""``python -m config`` prints the table of options as Markdown."""

from __future__ import annotations

import sys

from config.options import table

sys.stdout.write(table() + "\n")
