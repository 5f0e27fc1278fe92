"""Activities that are empty, cut, holed or in another order, and success that is claimed without work."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row

_READERS: Final = ("--scenario", "activity-readers")

ROWS: Final = (
    Row(
        switch="activity-gap",
        defect=3,
        means="who joins a session's activity while messages flow misses exactly one, and the ids close up over it",
        arguments=("--fault", "activity-gap", *_READERS),
        check="activity.agrees",
        says=("lacks 1 of", "which joined", "its ids run on over the hole"),
    ),
    Row(
        switch="activity-empty",
        defect=7,
        means="a session's activity holds nothing but `finished`",
        arguments=("--fault", "activity-empty", *_READERS),
        check="activity.complete",
        says=("nothing but `finished`",),
        also={"session.truthful": "success is claimed while the activity shows no work"},
    ),
    Row(
        switch="activity-reordered",
        defect=7,
        means="an activity that is over is read with some messages in another order",
        arguments=("--fault", "activity-reordered", *_READERS),
        check="activity.rereads",
        says=("in another order than reader 1",),
    ),
    Row(
        switch="activity-truncated",
        defect=7,
        means="a history comes cut to its first 12 messages",
        arguments=("--fault", "activity-truncated:12", *_READERS),
        check="activity.rereads",
        says=("got only the first 12 of",),
        also={"activity.agrees": "who joins late in a session gets the same cut history before its live messages"},
    ),
    Row(
        switch="always-success",
        defect=11,
        means="a session counts as a success though every call of the model failed",
        arguments=("--fault", "always-success", *_READERS),
        check="session.truthful",
        says=("success is claimed for a session whose activity shows no work",),
    ),
    Row(
        switch="activity-of-nobody",
        defect=None,
        means="the activity of an unknown session is an empty stream instead of 404",
        arguments=("--fault", "activity-of-nobody", *_READERS),
        check="activity.refused",
        says=("an unknown session id was answered 200 with an open stream",),
    ),
)
