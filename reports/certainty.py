"""How sure a figure is, in words: its interval, its confidence interval, the offset of a clock."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from reports.model import Bound, Figures, RowRecord
from reports.tester import ESTIMATED, SAME_CLOCK, UNKNOWN, Clock, ClockOfProcess, ClockStepRecord, Health, Network
from reports.wording import NOTHING, count, duration, figure, plain, size

TOO_FEW = "too few samples"
FEW = "†"
LEAST_US = 1.0
"""The least that a histogram keeps: a time of which nothing is known but that it is not below zero is counted there."""
PERCENTILES = ("p50", "p90", "p95", "p99", "p999")
_DASH = "\N{EN DASH}"
_AT_MOST = ("at most", "\N{LESS-THAN OR EQUAL TO}")
# A unit in microseconds, its name, and the narrowest half width that reads well in it.
_UNITS = ((1e6, "s", 1e4), (1e3, "ms", 1.0), (1.0, "µs", 0.0))


def span_of(low_us: float, high_us: float, between: str = " to ", unit_of: float | None = None) -> str:
    """``2.71 to 2.95 ms``: two times, the unit once where it is the same, and not at all where it is ``unit_of``'s.

    ``at most 2.95 ms`` where nothing is known of the lower one but that it is not below zero.
    """
    first, unit = _number_and_unit(low_us)
    last, last_unit = _number_and_unit(high_us)
    after = "" if unit_of is not None and _number_and_unit(unit_of)[1] == last_unit else last_unit
    if low_us <= LEAST_US < high_us:
        return f"{_AT_MOST[between == _DASH]} {last}{after}"
    if (first, unit) == (last, last_unit):
        return f"{last}{after}"
    return f"{first}{between}{last}{after}" if unit == last_unit else f"{first}{unit}{between}{last}{last_unit}"


def interval(value_us: float, bound: Bound | None, between: str = " to ", unit_of: float | None = None) -> str:
    """The interval of a figure; empty where the three digits of the figure itself are as wide."""
    if bound is None or duration(bound.low) == duration(bound.high) == duration(value_us):
        return ""
    return span_of(bound.low, bound.high, between, unit_of)


def below(value_us: float, bound: Bound | None) -> str:
    """The interval as it stands under its figure, without the unit where that is the figure's own."""
    return interval(value_us, bound, _DASH, value_us)


def confidence(limits_us: Sequence[float] | None, between: str = " to ") -> str:
    """A 95 % confidence interval, which may be open on either side."""
    if limits_us is None:
        return NOTHING
    low, high = limits_us
    if low <= 0:
        return NOTHING if math.isinf(high) else f"at most {duration(high)}"
    return f"at least {duration(low)}" if low < math.inf == high else span_of(low, high, between)


def row_confidence(row: RowRecord) -> str:
    """The 95 % confidence interval of a row's percentile; empty where there is none."""
    found = confidence(row.confidence) if row.unit == "us" else NOTHING
    return "" if found == NOTHING else found


def beside(row: RowRecord) -> list[str]:
    """What to say under a row: its confidence, and that the samples are too few unless its reason says so."""
    sure = row_confidence(row)
    few = [TOO_FEW] if row.too_few and TOO_FEW not in row.reason else []
    return [*([f"95 % confidence {sure}"] if sure else []), *few]


def summed_up(figures: Figures, name: str) -> str:
    """A figure with its interval in parentheses, and a mark when its samples are too few."""
    value, bound = getattr(figures, name), figures.bounds.get(name)
    mark = FEW if bound and bound.too_few else ""
    found = below(value, bound)
    return f"{mark}{duration(value)} ({found})" if found else f"{mark}{duration(value)}"


def offset(low_us: float, high_us: float) -> str:
    """``+3,001.24 ± 0.31 ms``: the middle of an interval to the digits that its width leaves, the width rounded up."""
    middle, half = (low_us + high_us) / 2, (high_us - low_us) / 2
    fitting = (each for each in _UNITS if max(abs(middle), half) >= each[0] and (half >= each[2] or not half))
    factor, unit, _ = next(fitting, _UNITS[-1])
    digits = min(3, max(0, 1 - math.floor(math.log10(half / factor)))) if half else 0
    rounded = math.ceil(round(half / factor * 10**digits, 6)) / 10**digits
    return f"{middle / factor:+,.{digits}f} ± {rounded:,.{digits}f} {unit}"


def mode(process: ClockOfProcess) -> str:
    """How the offset of a process is known."""
    probes = f"{count(process.probes)} probe{'' if process.probes == 1 else 's'}"
    words = {
        SAME_CLOCK: f"the same clock: the offset counts as 0, which all of {probes} allow",
        ESTIMATED: f"estimated from {probes}",
        UNKNOWN: "unknown: no answer of the service carried a time",
    }
    return words.get(process.mode, plain(process.mode))


def clock_summary(clock: Clock) -> str:
    """The clocks of all processes in a sentence or two."""
    processes = clock.processes
    if not processes:
        return "The offset between the clocks was not looked at."
    same = sum(process.mode == SAME_CLOCK for process in processes)
    probes = sum(process.probes for process in processes)
    if same == len(processes):
        return (
            "The service and the tester share a clock: the offset counts as exactly 0, "
            f"which all of {count(probes)} probes allow."
        )
    return " ".join(
        sentence for sentence in (_estimate(processes), _unknown(processes), _stepped(processes)) if sentence
    )


def clocks_differ(clock: Clock) -> bool:
    """Whether there is more to say of a process than that it shares the service's clock."""
    return any(process.mode != SAME_CLOCK or process.steps or process.note for process in clock.processes)


def last_offset(process: ClockOfProcess) -> str:
    """The offset at the end of the run."""
    if process.mode == SAME_CLOCK:
        return "0"
    return offset(*process.windows[-1][1:]) if process.windows else NOTHING


def steps_of(clock: Clock) -> list[tuple[ClockOfProcess, ClockStepRecord]]:
    """Every step of every process."""
    return [(process, step) for process in clock.processes for step in process.steps]


def row_of_tester(rows: Sequence[RowRecord]) -> RowRecord | None:
    """The row that says whether the tester could keep up."""
    return next((row for row in rows if row.metric == "tester"), None)


def fitness(row: RowRecord) -> str:
    """The verdict on the tester in a word or two."""
    return {"pass": "kept up", "not asked": "not measured"}.get(row.verdict, "in doubt")


def samples(row: RowRecord, between: str) -> str:
    """How many samples carry a row, whether they are too few, and the confidence that they give."""
    if row.verdict == "not asked":
        return NOTHING
    sure = row_confidence(row)
    few = ", too few" if row.too_few else ""
    return f"{count(row.samples)}{few}{between}{sure}" if sure else f"{count(row.samples)}{few}"


def health_text(health: Health) -> str:
    """The tester's own state on one line."""
    cpu = NOTHING if health.cpu_percent_max is None else f"{health.cpu_percent_max:.0f} %"
    return (
        f"CPU at most {cpu}, read lag p99 {duration(health.lag_p99_us)}, "
        f"loop lag p99 {duration(health.loop_lag_p99_us)}, unread at most {size(health.unread_peak_bytes)}, "
        f"{count(health.stamps_missing)} of {count(health.stamps)} stamps missing"
    )


def network_text(network: Network) -> str:
    """What the kernel says of the connections, in a sentence; empty where it was not asked."""
    if network.retransmits is None or network.out_of_order is None:
        return ""
    return f"{count(network.retransmits)} segments were sent again and {count(network.out_of_order)} came out of order."


def told_apart(row: RowRecord) -> bool:
    """Whether what a row measured is a sentence, which has no place in a column of figures."""
    return row.metric == "tester" or len(figure(row.measured_text)) > 60


def _estimate(processes: Sequence[ClockOfProcess]) -> str:
    estimated = [process for process in processes if process.mode == ESTIMATED]
    if not estimated:
        return ""
    probes = sum(process.probes for process in estimated)
    worst = max(process.worst_bound_us or 0.0 for process in estimated)
    halves = [(high - low) / 2 for process in estimated for _, low, high in process.windows]
    usual = f"as a rule to ±{duration(statistics.median(halves))}, " if halves else ""
    return f"The offset was estimated from {count(probes)} probes: known {usual}at worst to ±{duration(worst)}."


def _unknown(processes: Sequence[ClockOfProcess]) -> str:
    unknown = sum(process.mode == UNKNOWN for process in processes)
    if unknown == len(processes):
        return "The offset between the clocks is unknown: no answer of the service carried a time."
    return f"For {unknown} of {len(processes)} processes it is unknown." if unknown else ""


def _stepped(processes: Sequence[ClockOfProcess]) -> str:
    steps = max((len(process.steps) for process in processes), default=0)
    return f"A clock jumped {'once' if steps == 1 else f'{steps} times'}." if steps else ""


def _number_and_unit(microseconds: float) -> tuple[str, str]:
    """``2.71`` and `` ms``; ``never`` has no unit."""
    number, space, unit = duration(microseconds).partition(" ")
    return number, space + unit
