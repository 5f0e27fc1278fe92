"""The options of the embedded Studio, which runs where no ``--host`` is named."""

from __future__ import annotations

from typing import Final

from config import values
from config.option import EMBEDDED, Option

EMBEDDED_OPTIONS: Final[tuple[Option, ...]] = (
    Option(
        "fault",
        EMBEDDED,
        "A defect to bring, such as 'drop:1%%' or 'slow-delivery:80ms'. Repeatable.",
        str,
        None,
        "NAME[:VALUE]",
        repeatable=True,
    ),
    Option("as-found", EMBEDDED, "Bring every defect that the public server has."),
    Option(
        "studio-option",
        EMBEDDED,
        "A further option of its own command line, such as 'max-streams=50' (see `python -m studio.reference --help`). "
        "Repeatable.",
        values.studio_option,
        None,
        "NAME=VALUE",
        repeatable=True,
    ),
    Option(
        "turn-ms",
        EMBEDDED,
        "Milliseconds of an agent's turn.",
        values.whole(1, 3_600_000),
        600,
        "MS",
    ),
    Option(
        "studio-seed",
        EMBEDDED,
        "Seed of the faults' chances.",
        values.whole(0),
        1,
    ),
    Option(
        "clock-skew",
        EMBEDDED,
        "How far its clock is ahead, such as '3s', or behind, such as '-250ms' (then as --clock-skew=-250ms).",
        values.clock_setting("skew"),
        None,
        "DURATION",
    ),
    Option(
        "clock-drift",
        EMBEDDED,
        "How fast its clock gains, such as '200ppm', or loses, such as '-50ppm' (then as --clock-drift=-50ppm).",
        values.clock_setting("drift"),
        None,
        "PPM",
    ),
    Option(
        "clock-step",
        EMBEDDED,
        "A jump of its clock some time after its start, such as '500ms@6s'. Repeatable.",
        values.clock_setting("step"),
        None,
        "JUMP@TIME",
        repeatable=True,
    ),
    Option(
        "replay",
        EMBEDDED,
        "A recording that every global stream plays from its start, byte for byte. Delivery is then not asked.",
        values.readable_file,
        None,
        "FILE",
    ),
    Option(
        "replay-speed",
        EMBEDDED,
        "How many times faster than recorded.",
        values.number(0.01, 10_000),
        1.0,
    ),
    Option("rebase", EMBEDDED, "With --replay: move the envelopes' timestamps to now, so that delivery can be judged."),
)
