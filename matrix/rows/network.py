"""What a bad network between tester and service does."""

from __future__ import annotations

from typing import Final

from matrix.rows.row import Row, Toxic

_CALLS: Final = "REST calls go through the same network, and some of them get no answer"

ROWS: Final = (
    Row(
        switch="network-latency",
        defect=None,
        means="the network delays all that the service sends by 80 ms; both run by one clock",
        arguments=(),
        check="delivery:p(99)<50ms",
        says=("ms over the limit",),
        toxic=Toxic("latency", {"latency": 80}),
    ),
    Row(
        switch="network-latency-two-clocks",
        defect=None,
        means="the network delays all that the service sends by 80 ms, and its clock is 3 s ahead: no probe tells "
        "such a delay from an offset, so delivery stays open, and the round trip on the tester's clock decides",
        arguments=(),
        check="trigger:p(99)<50ms",
        says=("ms over the limit",),
        toxic=Toxic("latency", {"latency": 80}, service=("--clock-skew", "3s")),
    ),
    Row(
        switch="network-bandwidth",
        defect=None,
        means="the network carries 9 kB a second on a connection that needs 11",
        arguments=("--task-rate", "10"),
        check="delivery:p(99)<50ms",
        says=("ms over the limit",),
        toxic=Toxic("bandwidth", {"rate": 9}),
    ),
    Row(
        switch="network-cut",
        defect=None,
        means="the network ends each connection after 8,000 bytes",
        arguments=(),
        check="stream.held",
        says=("/api/events: a stream was ended without its last chunk after",),
        also={"errors:rate<1%": _CALLS},
        toxic=Toxic("limit_data", {"bytes": 8000}),
    ),
    Row(
        switch="network-reset",
        defect=None,
        means="the network cuts every connection, and for a second resets each new one",
        arguments=(),
        check="stream.held",
        says=("/api/events: a stream was ended without its last chunk after",),
        also={"errors:rate<1%": _CALLS},
        toxic=Toxic("reset_peer", {"timeout": 0}, after_s=2, lasts_s=1),
    ),
    Row(
        switch="network-half-open",
        defect=None,
        means="the network swallows everything for three seconds and ends no connection",
        arguments=("--idle-timeout", "2"),
        check="stream.held",
        says=("/api/events: a stream was ended by its silence", "the connection may be half-open"),
        also={"errors:rate<1%": _CALLS},
        toxic=Toxic("timeout", {"timeout": 0}, after_s=2, lasts_s=3, streams=("downstream", "upstream")),
    ),
)
