"""What each failed check comes to in a few words, and which failures follow from which: the stories of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAILS: Final[Mapping[str, str]] = {
    "delivery.lost": "Events were lost",
    "delivery.duplicated": "Events came twice on a stream",
    "delivery.reordered": "Events came out of order",
    "delivery.unexpected": "Events came that nothing caused",
    "fanout.same": "Streams did not see the same events",
    "fanout.filtered": "Filtered streams got the events of other tasks",
    "lifecycle.transitions": "Events contradict the life of their task",
    "lifecycle.after_done": "Events came after their task was done",
    "lifecycle.sessions_end": "Sessions never ended",
    "lifecycle.stuck": "Tasks were stuck in a phase",
    "session.ends": "Executed sessions did not end in time",
    "cleanup": "Tasks of the run were left on the server",
    "activity.complete": "The activity of sessions was empty or incomplete",
    "activity.agrees": "Readers of one session got different messages",
    "activity.rereads": "An activity that was read again came different",
    "activity.refused": "The activity of an unknown session was not refused",
    "session.truthful": "The success of sessions was told wrongly",
    "status.agrees": "Stream and REST disagree on the status of a task",
    "status.fresh": "REST was stale when the stream had told of a change",
    "status.told_in_time": "The stream told changes of status late",
    "execute.accepted": "Executes were not accepted",
    "execute.in_time": "Executes were answered too late",
    "execute.single": "An execute had more or fewer than one session",
    "execute.double_refused": "A second execute of a running task was accepted",
    "execute.done_refused": "An execute of a task that is done was accepted",
    "replay.complete": "The replay after a reconnect left out events",
    "replay.exact": "The replay after a reconnect repeated events",
    "replay.ordered": "The replay after a reconnect was out of order",
    "replay.filtered": "The replay ignored the filter of its stream",
    "replay.told": "A Last-Event-ID that cannot be replayed was met with silence",
    "backpressure.signalled": "A slow reader lost events and was not told",
    "limits.refused": "A stream too many was refused badly",
    "limits.enforced": "The limit of streams was not kept",
    "limits.unharmed": "Open streams were harmed at the limit",
    "stream.content_type": "Streams were not answered as an event stream",
    "stream.chunks": "Events were cut over chunks",
    "stream.encoding": "Events were not valid UTF-8",
    "stream.envelope": "Events carried a malformed envelope",
    "stream.keep_alive": "Silent streams sent no keep-alive in time",
    "stream.prompt": "Events were held back",
    "stream.held": "Open streams were ended",
    "stream.big_event": "A large event came late, or not whole",
    "soak.steady": "The run got worse with time",
    "restart.streams_end": "A stopped service left its streams open",
    "restart.recovered": "A restart left sessions or tasks hanging",
    "run.workers": "Workers of the tester were lost",
    "run.drained": "The end of the run was cut short",
}
"""Checks by name."""

TARGETS: Final[Mapping[str, str]] = {
    "connect": "Streams were slow to open",
    "delivery": "Events were delivered late",
    "delivery_large": "Large events were delivered late",
    "activity": "Events of sessions were delivered late",
    "trigger": "What calls caused was told late",
    "trigger_sent": "What calls caused was told late",
    "execute": "Executes were answered too late",
    "first_event": "The first event of a stream came late",
    "reconnect": "Streams took long to come back",
    "disagreement": "Stream and REST differed for too long",
    "skew": "Streams got the same event far apart",
    "lost": "Events were lost",
    "duplicated": "Events came twice on a stream",
    "reordered": "Events came out of order",
    "unexpected": "Events came that should not have been",
    "errors": "Calls failed",
    "streams": "Too few streams were open",
    "failures": "Connections failed or broke",
    "reconnects": "Streams lost their connection",
    "tester": "The tester could not keep up",
}
"""Targets by metric."""

SAME: Final = "the same, as a target"

OF_TARGETS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "lost": (("delivery.lost", SAME),),
    "duplicated": (("delivery.duplicated", SAME),),
    "reordered": (("delivery.reordered", SAME),),
    "unexpected": (
        ("delivery.unexpected", SAME),
        ("lifecycle.transitions", SAME),
        ("lifecycle.after_done", SAME),
        ("fanout.filtered", SAME),
    ),
    "execute": (("execute.in_time", SAME), ("execute.accepted", "what was not accepted has no answer in time")),
    "errors": (
        ("execute.accepted", "an execute that is not accepted is a failed call"),
        ("execute.in_time", "a call without an answer is a failed call"),
        ("stream.content_type", "a refused stream is a failed call"),
        ("limits.refused", "a refused stream is a failed call"),
        ("stream.held", "calls fail where streams are cut"),
    ),
    "streams": (("stream.content_type", "a stream of another type is given up, so none opens"),),
    "failures": (("stream.held", "a stream that is ended is a broken connection"),),
    "reconnects": (("stream.held", "a stream that is ended comes back"),),
    "delivery": (("stream.prompt", "what is held back is late"), ("stream.held", "what waits for a stream is late")),
}
"""Checks that explain a missed target, by its metric: the first of them that failed does."""

OF_INFINITE: Final = (("delivery.lost", "what never comes counts as infinitely late"),)
"""What explains a latency that is infinite."""

OF_CHECKS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "session.truthful": (("activity.complete", "success is claimed while the activity shows no work"),),
    "activity.agrees": (("activity.rereads", "who joins late gets the same history first"),),
    "execute.accepted": (("execute.in_time", "an execute without an answer was not accepted"),),
    "delivery.unexpected": (("execute.single", "no execute asked for the second session, nor for what it tells"),),
    "stream.held": (
        ("limits.unharmed", "the stream that was cut at the limit"),
        ("restart.streams_end", "the stream that the restart cut"),
    ),
    "delivery.lost": (
        ("stream.envelope", "what cannot be read was not delivered"),
        ("status.agrees", "the event that the change owes to every stream never comes"),
    ),
    "session.ends": (
        ("lifecycle.sessions_end", "the same, as its user saw it"),
        ("lifecycle.stuck", "what is stuck does not end"),
    ),
    "lifecycle.sessions_end": (("lifecycle.stuck", "what is stuck does not end"),),
}
"""Checks that explain another one where the two accuse the same tasks, sessions or events."""
