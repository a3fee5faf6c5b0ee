"""Starts and stops the simulator: in a thread of its own for tests, or in the main thread as a program."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Self, TypeVar

from fastapi import FastAPI
from uvicorn import Config, Server

from reminders.simulator.accounts import AccountApi
from reminders.simulator.control import Control
from reminders.simulator.dates import Dated
from reminders.simulator.inbound import Received
from reminders.simulator.mail import Mail, serve_mail
from reminders.simulator.messages import Message
from reminders.simulator.pages import Pages
from reminders.simulator.provider import Call
from reminders.simulator.rest import RestApi
from reminders.simulator.settings import SimulatorSettings
from reminders.simulator.world import World

_START_LIMIT = 15  # seconds
T = TypeVar("T")


def create_app(world: World) -> FastAPI:
    """Twilio's API, the control routes and the pages in one application."""
    app = FastAPI(title="Outside world simulator", docs_url=None, redoc_url=None, openapi_url=None)
    RestApi(world.settings, world.log, world.provider, world.faults, world.wire).mount(app)
    AccountApi(world.settings, world.lines).mount(app)
    Control(world).mount(app)
    Pages.of(world).mount(app)
    app.add_middleware(Dated, faults=world.faults)
    return app


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.settimeout(0)
    return listener


class Simulator:
    """A running outside world. Its ports are bound when it is made, so they are known before it answers.

    Use `start` and `stop` (or `with`) in tests; `serve` runs it in the caller's own loop.
    """

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self._world = World(settings)
        self._http_socket = _listen(settings.host, settings.port)
        self._smtp_socket = _listen(settings.host, settings.smtp_port)
        self.port: int = self._http_socket.getsockname()[1]
        self.smtp_port: int = self._smtp_socket.getsockname()[1]
        config = Config(
            create_app(self._world),
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            date_header=False,  # ours may be wrong on purpose
            log_level="warning",
            backlog=1024,
            timeout_graceful_shutdown=2,
        )
        self._config = config
        self._server = Server(config)
        self._world.wire.attach(self._server)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started: Future[None] = Future()

    @property
    def base_url(self) -> str:
        """Where the REST API and the pages are; stands in for https://api.twilio.com."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.port}"

    def run(self, when_ready: Callable[[], None]) -> None:
        """Serve until the process is told to stop."""
        with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
            runner.run(self.serve(when_ready))

    async def serve(self, when_ready: Callable[[], None]) -> None:
        """Serve in the running loop until told to stop; `when_ready` is called once mail and web answer."""
        await self._world.open()
        mail = await serve_mail(self._world.mail_handler, self._smtp_socket, self.settings.smtp_tls)
        when_ready()  # the sockets listen already: whoever calls now waits for the line below
        try:
            await self._server.serve(sockets=[self._http_socket])
        finally:
            mail.close()
            await self._world.close()

    def start(self) -> Self:
        """Serve in a thread; returns when it answers.

        Raises:
            TimeoutError: if it does not answer in time.
        """
        self._thread = threading.Thread(target=self._run_in_thread, name="simulator", daemon=True)
        self._thread.start()
        self._started.result(timeout=_START_LIMIT)
        return self

    def _run_in_thread(self) -> None:
        def ready() -> None:
            self._loop = asyncio.get_running_loop()
            self._started.set_result(None)

        try:
            self.run(ready)
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    def stop(self) -> None:
        """Stop serving and wait for it; what is under way is dropped."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=_START_LIMIT)
        for listener in (self._http_socket, self._smtp_socket):
            with contextlib.suppress(OSError):
                listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def messages(self) -> list[Message]:
        """Copies of all messages accepted from the API, oldest first."""
        return [text for text in self.texts if text.direction == "outbound-api"]

    @property
    def texts(self) -> list[Message]:
        """Copies of all texts in both directions, replies of the provider included, oldest first."""
        return self._ask(lambda: [replace(text) for text in self._world.log])

    @property
    def mails(self) -> list[Mail]:
        """All mails received, oldest first."""
        return self._ask(lambda: list(self._world.mails))

    @property
    def calls(self) -> list[Call]:
        """Copies of all create calls seen, taken or refused, oldest first."""
        return self._ask(lambda: [replace(call) for call in self._world.provider.calls])

    def text_from(self, phone: str, body: str, *, to: str | None = None) -> Received:
        """Type a text on a phone and wait for what the service answers."""

        async def text() -> Received:
            message = self._world.inbound.type_text(phone, body, to=to)
            return await self._world.inbound.submit(message)

        return self._await(text())

    def set_faults(self, **values: float) -> None:
        """Replace the faults in force: rates by kind, and durations.

        Raises:
            FaultSpecError: if one is unknown or out of range.
        """
        self._ask(lambda: self._world.faults.replace(values))

    def fail_next(self, *kinds: str) -> None:
        """Give the next create calls these faults, one each.

        Raises:
            FaultSpecError: if one is unknown.
        """
        self._ask(lambda: self._world.faults.fail_next(kinds))

    def set_lines(self, types: Mapping[str, str]) -> None:
        """Say of some numbers what kind of line they are, in Twilio's words.

        Raises:
            LineTypeError: if one is unknown.
        """
        self._ask(lambda: self._world.lines.say(types))

    @property
    def lookups(self) -> list[str]:
        """The numbers whose line was looked up, in order."""
        return self._ask(lambda: list(self._world.lines.asked))

    def refuse_mail(self, answers: Iterable[tuple[str, str]]) -> None:
        """Answer these addresses with these SMTP replies from now on."""
        refused = {address.lower(): reply for address, reply in answers}
        self._ask(lambda: setattr(self._world.mail_handler, "refused", refused))

    def settle(self) -> None:
        """Wait until no delivery, callback or typed text is under way any more."""
        self._await(self._world.errands.settle())

    def reset(self) -> None:
        """Forget messages, mails, calls, opt-outs and faults."""
        self._await(self._world.clear())

    def _ask(self, question: Callable[[], T]) -> T:
        async def ask() -> T:
            return question()

        return self._await(ask())

    def _await(self, work: Coroutine[object, object, T]) -> T:
        if self._loop is None:
            work.close()
            raise RuntimeError("the simulator is not started")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
