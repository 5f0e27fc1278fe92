"""The users on offer: ``locust`` opens the web UI, ``locust --headless -u 50 -r 10 -t 2m`` runs without it."""

from scenarios.activity_readers import ActivityReadersUser
from scenarios.big_messages import BigMessagesUser
from scenarios.capacity import CapacityUser
from scenarios.executions import ExecutionUser
from scenarios.filtered_streams import FilteredStreamsUser
from scenarios.flapping import FlappingUser
from scenarios.late_joiners import LateJoinersUser
from scenarios.limit_probe import LimitProbeUser
from scenarios.long_idle import LongIdleUser
from scenarios.parallel_executes import ParallelExecutesUser
from scenarios.reconnect_storm import ReconnectStormUser
from scenarios.reconnects import ReconnectsUser
from scenarios.restarts import RestartUser
from scenarios.slow_readers import SlowReaderUser
from scenarios.soak import SoakUser
from scenarios.spike import SpikeUser
from scenarios.statuses import StatusesUser
from scenarios.streams import StreamUser
from scenarios.triggers import TriggerUser
from scenarios.wire_hygiene import HygieneUser

__all__ = [
    "ActivityReadersUser",
    "BigMessagesUser",
    "CapacityUser",
    "ExecutionUser",
    "FilteredStreamsUser",
    "FlappingUser",
    "HygieneUser",
    "LateJoinersUser",
    "LimitProbeUser",
    "LongIdleUser",
    "ParallelExecutesUser",
    "ReconnectStormUser",
    "ReconnectsUser",
    "RestartUser",
    "SlowReaderUser",
    "SoakUser",
    "SpikeUser",
    "StatusesUser",
    "StreamUser",
    "TriggerUser",
]
