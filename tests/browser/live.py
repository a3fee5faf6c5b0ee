"""The real web app on a real port, over a real database: what the browser looks at."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyotp
import uvicorn

from reminders.adapters.credentials import ArgonCredentials
from reminders.core.staff import Role
from reminders.services.invite_staff import add_staff
from reminders.services.read_session import operator
from reminders.web.app import create_app
from tests.web.browser import some_services
from tests.web.people import clinic_id
from tests.world import World

STARTS_WITHIN = 20.0
PASSWORD = "heron umbrella quartz nine"
STEP = timedelta(seconds=30)


@dataclass(frozen=True)
class Live:
    """A running app and the world behind it, with the hashing and the second factor that are really used."""

    world: World
    url: str

    def invite(self, name: str = "Kim Doe", role: Role = Role.MANAGER) -> str:
        """Add a person and return the link that is theirs."""
        deps = self.world.deps
        login = name.lower().replace(" ", ".")
        roles = {clinic_id(self.world, "riverside"): role}
        return add_staff(deps, operator(deps, "Operator"), login=login, name=name, roles=roles).link

    def code(self, key: str) -> str:
        """Return what an authenticator app shows for a key. Each code works once, so time goes on by a step."""
        self.world.later(STEP)
        return pyotp.TOTP(re.sub(r"\s", "", key)).at(self.world.clock.machine_now())


@contextmanager
def running(world: World, folder: Path) -> Iterator[Live]:
    """Serve the app until the end of the block."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        world.change(public_url=url, credentials=ArgonCredentials())
        app = create_app(some_services(world, folder, public_url=url))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        _wait_for(server)
        try:
            yield Live(world, url)
        finally:
            server.should_exit = True
            thread.join(STARTS_WITHIN)


def _wait_for(server: uvicorn.Server) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while not server.started:
        if time.monotonic() > until:
            raise TimeoutError("the web app did not start")
        time.sleep(0.01)
