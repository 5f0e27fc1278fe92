"""What is wrong with a stream on the wire."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row

_QUICK: Final = ("--scenario", "hygiene", "--studio-option", "keep-alive-s=1", "--keep-alive", "1")
_IDLE: Final = ("--scenario", "long-idle", "--studio-option", "keep-alive-s=1", "--keep-alive", "1")
_LATE: Final = "the target of delivery: events that wait for what holds them up are late"

ROWS: Final = (
    Row(
        switch="half-write",
        defect=None,
        means="half an event is written, and the rest after a stall",
        arguments=("--fault", "half-write:700ms", *_QUICK),
        check="stream.prompt",
        says=("an event was half written, then nothing came for", "of the response"),
        also={"delivery:p(99)<50ms": _LATE},
    ),
    Row(
        switch="wrong-content-type",
        defect=None,
        means="streams say that they are text/plain",
        arguments=("--fault", "wrong-content-type"),
        check="stream.content_type",
        says=("Content-Type is 'text/plain' instead of text/event-stream",),
        also={
            "errors:rate<1%": "each refused stream is a failed request",
            "streams:max>=8": "the standard has a client give up a stream of another type, so none opens",
        },
    ),
    Row(
        switch="no-keep-alive",
        defect=None,
        means="a silent stream gets no keep-alive",
        arguments=("--fault", "no-keep-alive", *_IDLE),
        check="stream.keep_alive",
        says=("not a byte came for", "a keep-alive is promised every 1 s"),
    ),
    Row(
        switch="close-every",
        defect=None,
        means="each stream is ended two seconds after it opened",
        arguments=("--fault", "close-every:2s"),
        check="stream.held",
        says=("a stream was ended in order, with its last chunk, after 2.0 s",),
    ),
    Row(
        switch="buffering",
        defect=None,
        means="events are held back and handed out together, as by a proxy that buffers",
        arguments=("--fault", "buffering:500ms", *_QUICK),
        check="stream.prompt",
        says=("they were held back and handed out together, as by a proxy that buffers",),
        also={"delivery:p(99)<50ms": _LATE},
    ),
    Row(
        switch="corrupt-utf8",
        defect=None,
        means="a title begins with a byte that is no UTF-8",
        arguments=("--fault", "corrupt-utf8:30%", *_QUICK),
        check="stream.encoding",
        says=("holds b'\\xff', which is no UTF-8", "of the event"),
    ),
    Row(
        switch="truncated-json",
        defect=None,
        means="the JSON of a delivery breaks off",
        arguments=("--fault", "truncated-json:5%", *_QUICK),
        check="stream.envelope",
        says=("carries no envelope: the JSON breaks off after",),
        also={
            "delivery.lost": "what cannot be read was not delivered",
        },
    ),
    Row(
        switch="split-chunks",
        defect=None,
        means="each event is written as two chunks",
        arguments=("--fault", "split-chunks", *_QUICK),
        check="stream.chunks",
        says=("is split over 2 chunks",),
    ),
    Row(
        switch="cut-titles",
        defect=None,
        means="titles longer than 64 kB come cut",
        arguments=("--fault", "cut-titles:65536", "--scenario", "big-messages"),
        check="stream.big_event",
        says=("with another title", "65536 characters"),
    ),
)
