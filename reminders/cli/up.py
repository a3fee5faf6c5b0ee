"""`reminders up`: the whole service under one supervisor, for real use."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reminders.cli.surroundings import PREFIX, data_dir
from reminders.cli.tables import GREEN, YELLOW, paint
from reminders.cli.tree import Watch, address, broker_of, refuse_taken_port, service_children
from reminders.supervisor import FolderLock

if TYPE_CHECKING:
    from reminders.bootstrap import Facts, Services

USUAL_PORT = 8000
CANARY_URL = f"{PREFIX}CANARY_URL"


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Run until stopped.

    Raises SettingsError, AlreadyRunningError where it runs on this data folder already, NoBrokerError.
    """
    from reminders.bootstrap import open_services

    host, port = arguments.host, arguments.port
    own = _with_public_url(environment, port)
    folder = data_dir(own)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    services = open_services(own)
    print(allow_list_line(services.facts, environment), flush=True)
    try:
        with FolderLock(folder) as lock, ExitStack() as after:
            refuse_taken_port(host, port)
            broker = broker_of(own, folder)
            for line in (*_what_leaves(services.facts), *services.prepare(), *who_comes_in(services)):
                print(line, flush=True)

            def when_ready() -> None:
                services.start_clock()
                print(paint(f"ready: {address(host, port)}", GREEN, environment), flush=True)

            watch = Watch(services.deps, when_ready)
            if broker is not None:
                after.callback(broker.close)
                own[f"{PREFIX}REDIS_URL"] = broker.broker_url
            children = [broker.child] if broker is not None else []
            own[CANARY_URL] = own.get(CANARY_URL) or address(host, port)
            names = tuple(child.name for child in children)
            children += service_children(own, watch, host=host, port=port, after=names)
            return watch.run(children, lock, folder, is_verbose=arguments.verbose)
    finally:
        services.close()


def _with_public_url(environment: Mapping[str, str], port: int) -> dict[str, str]:
    """Let an unusual port show in our own links where nobody said how the world reaches us."""
    if environment.get(f"{PREFIX}PUBLIC_URL") or port == USUAL_PORT:
        return dict(environment)
    return {**environment, f"{PREFIX}PUBLIC_URL": f"http://localhost:{port}"}


def allow_list_line(facts: Facts, environment: Mapping[str, str]) -> str:
    """Return the line that nobody should miss: whether messages leave at all."""
    if facts.is_allow_list_off:
        return paint("allow-list off: messages go to everybody", YELLOW, environment)
    return paint(
        f"ALLOW-LIST ON: nothing leaves for numbers that are not listed ({facts.allowed_count} listed). "
        f"Turn off with {PREFIX}ALLOW_LIST=off",
        YELLOW,
        environment,
    )


def who_comes_in(services: Services) -> Iterator[str]:
    """Say how the first person gets in, where nobody may sign in yet."""
    from reminders.cli.staff import FIRST
    from reminders.services.read_staff import has_staff

    if not has_staff(services.deps):
        yield f"nobody may sign in yet: `{FIRST}` prints a link for the first person"


def _what_leaves(facts: Facts) -> Iterator[str]:
    """Say what is configured to send, and where everything is kept."""
    sms = f"SMS by {facts.sms_host}" if facts.has_sms else f"no SMS ({PREFIX}TWILIO_ACCOUNT_SID is not set)"
    mail = "e-mail by SMTP" if facts.has_email else f"no e-mail ({PREFIX}SMTP_URL is not set)"
    yield f"sending: {sms}; {mail}"
    if facts.has_sms and not facts.has_hooks:
        yield f"replies and receipts cannot be checked and are refused ({PREFIX}TWILIO_AUTH_TOKEN is not set)"
    database = "embedded database" if facts.is_embedded_database else "database by URL"
    broker = "broker by URL" if facts.redis_url else "embedded broker"
    yield f"data: {facts.data_dir} ({database}, {broker}); logs in {facts.data_dir / 'logs'}"
    if facts.is_simulated:
        yield "the clinic's time is simulated; it starts to run when everything is ready"
