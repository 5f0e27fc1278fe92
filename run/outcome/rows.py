"""Which targets this run is judged by, and the verdict so far."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from config import profiles, targets
from locust_eventsource.measure.thresholds import Threshold, merge_thresholds
from locust_eventsource.measure.verdicts import Row, judge
from run.outcome.figures import RunFigures


def thresholds(options: Namespace, streams_asked: int) -> list[Threshold]:
    """Default rows, replaced by the profile's, replaced by the command line's."""
    from_profile = profiles.thresholds(profiles.named_on(sys.argv[1:]))
    given = list(options.threshold or ())
    from_command_line = [] if given == from_profile else given
    return merge_thresholds(
        targets.default_rows(streams_asked),
        from_profile,
        from_command_line,
    )


def rows(asked: Sequence[Threshold], figures: RunFigures) -> Sequence[Row]:
    """The verdict rows as of now, and whether the tester was fit to find them; none where no target was asked for."""
    judged = judge(asked, figures)
    return [*judged, figures.fit] if judged else []
