"""What stands on a terminal in the end, of what a program has written to it."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(
    r"\x1b\[(?P<number>[0-9;?]*)(?P<command>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)|."
)


def screen(written: str) -> list[str]:
    """The lines of a terminal that is as high as it needs to be; it knows what moves the cursor up and clears lines."""
    lines, row, column = [""], 0, 0
    for part in _PART.finditer(written):
        command, control, text = part["command"], part["control"], part["text"]
        if text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
        elif control == "\r":
            column = 0
        elif control == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif command == "A":
            row = max(0, row - int(part["number"] or 1))
        elif command == "K":
            lines[row] = "" if part["number"] == "2" else lines[row][:column]
    return [line.rstrip() for line in lines]
