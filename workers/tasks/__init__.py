"""Tasks, by the room of the house whose work they hint at."""

from workers.tasks import inbound, schedule, sending, upkeep

__all__ = ["inbound", "schedule", "sending", "upkeep"]
