"""The users on offer: ``locust`` opens the web UI, ``locust --headless -u 50 -r 10 -t 2m`` runs without it."""

from scenarios.activity_readers import ActivityReadersUser
from scenarios.executions import ExecutionUser
from scenarios.long_idle import LongIdleUser
from scenarios.reconnects import ReconnectsUser
from scenarios.slow_readers import SlowReaderUser
from scenarios.streams import StreamUser
from scenarios.triggers import TriggerUser
from scenarios.wire_hygiene import HygieneUser

__all__ = [
    "ActivityReadersUser",
    "ExecutionUser",
    "HygieneUser",
    "LongIdleUser",
    "ReconnectsUser",
    "SlowReaderUser",
    "StreamUser",
    "TriggerUser",
]
