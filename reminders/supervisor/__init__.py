"""The process tree of ``reminders up`` and ``reminders demo``.

Knows its children by command line, environment and probe only, and imports nothing else of ours.
"""

from reminders.supervisor.children import BackOff, Child, Phase, Timing
from reminders.supervisor.lock import AlreadyRunningError, FolderLock, running_pid
from reminders.supervisor.probes import answers_http, answers_ping
from reminders.supervisor.state import ChildState, TreeState, read_state
from reminders.supervisor.tree import Event, EventKind, Supervisor
from reminders.supervisor.valkey import EmbeddedValkey, NoBrokerError, broker_url, embedded_valkey, redis_url

__all__ = [
    "AlreadyRunningError",
    "BackOff",
    "Child",
    "ChildState",
    "EmbeddedValkey",
    "Event",
    "EventKind",
    "FolderLock",
    "NoBrokerError",
    "Phase",
    "Supervisor",
    "Timing",
    "TreeState",
    "answers_http",
    "answers_ping",
    "broker_url",
    "embedded_valkey",
    "read_state",
    "redis_url",
    "running_pid",
]
