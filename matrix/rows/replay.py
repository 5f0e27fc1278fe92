"""Defects of the replay after a reconnect."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row

ROWS: Final = (
    Row(
        switch="replay-duplicates",
        defect=1,
        means="every connected client pushes each event into the shared replay buffer",
        arguments=("--fault", "replay-duplicates", "--scenario", "reconnects"),
        check="replay.exact",
        says=("more often than they should", "the acknowledged event itself came again", "every connected client"),
    ),
    Row(
        switch="replay-unfiltered",
        defect=4,
        means="the replay ignores ?task_ids=",
        arguments=("--fault", "replay-unfiltered", "--scenario", "reconnects"),
        check="replay.filtered",
        says=("the replay of a stream filtered by ?task_ids=", "of other tasks"),
    ),
    Row(
        switch="replay-silent",
        defect=5,
        means="an unknown, evicted, malformed or empty Last-Event-ID replays nothing, without a word",
        arguments=("--fault", "replay-silent", "--scenario", "reconnects", "--studio-option", "buffer=50"),
        check="replay.told",
        says=("was not told that nothing can be replayed", "replay.unavailable"),
    ),
    Row(
        switch="replay-silent, in a storm",
        defect=5,
        means="streams that were away for longer than the buffer lasts come back to a hole, without a word",
        arguments=("--fault", "replay-silent", "--scenario", "reconnect-storm", "--studio-option", "buffer=1"),
        check="replay.complete",
        says=("streams were reset at once", "neither replayed nor live"),
    ),
    Row(
        switch="replay-duplicates, in a storm",
        defect=1,
        means="streams that come back at once all get their replays many times over",
        arguments=("--fault", "replay-duplicates", "--scenario", "reconnect-storm", "--scenario-streams", "5"),
        check="delivery.duplicated",
        says=("came more than once",),
    ),
)
