"""The comparison of a long run's end with its beginning, where the run is a soak."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from config.values import scenario_counts
from locust_eventsource.locust.connection_log import ConnectionHistory
from locust_eventsource.measure.series import Series
from studio.verify.findings import Finding
from studio.verify.steadiness import Second, steadiness

NAME: Final = "soak"
"""The scenario's name."""
USER_CLASS: Final = "SoakUser"


def asked(options: Namespace) -> bool:
    """Whether the scenario is part of the run, by its name or by that of its class."""
    classes = getattr(options, "user_classes", None) or ()
    return NAME in scenario_counts(getattr(options, "scenario", None) or ()) or USER_CLASS in classes


def alone(options: Namespace) -> bool:
    """Whether no other scenario opens and closes streams as it likes."""
    return set(scenario_counts(getattr(options, "scenario", None) or ())) <= {NAME}


def judged(series: Series, connections: ConnectionHistory, *, alone: bool) -> list[Finding]:
    """What is to be said of the run as a whole; of its streams only where the soak is ``alone``."""
    streams = [Second(second, count) for second, count in connections.open_by_second()] if alone else None
    return steadiness(_medians(series, "delivery"), _medians(series, "lag"), streams)


def _medians(series: Series, metric: str) -> list[Second]:
    return [Second(second, samples.percentile_us(50)) for second, samples in series.intervals(metric)]
