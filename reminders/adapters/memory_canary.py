"""The canary's ports in memory: a stub provider whose reports somebody else delivers, and a heartbeat that counts."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID


class MemoryStubProvider:
    """Hands each report to a function in place of a hook; False without one."""

    def __init__(self, hook: Callable[[UUID, str], bool] | None = None) -> None:
        """Take what stands for the hook; assign `hook` to change it, None while the web process is away."""
        self.hook = hook
        self.sent: list[UUID] = []

    def send(self, canary: UUID, seal: str) -> bool:
        """Take one and report it."""
        self.sent.append(canary)
        return self.hook is not None and self.hook(canary, seal)


class MemoryHeartbeat:
    """Counts how often it was told; hears nothing while `is_deaf`."""

    def __init__(self) -> None:
        """Hear everything until told otherwise."""
        self.is_deaf = False
        self.asked = 0
        self.heard = 0

    def tell(self) -> bool:
        """Be told."""
        self.asked += 1
        self.heard += not self.is_deaf
        return not self.is_deaf
