"""`reminders demo`: the service, a sample clinic and the world around it, on this machine and in simulated time.

Nothing of the caller's own configuration is used, so that a demo can never reach a real provider.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reminders.cli.demo_pointer import FOLDER_PREFIX, clear_killed_demo, forget_demo, point_at_demo, temporary_folder
from reminders.cli.surroundings import PREFIX
from reminders.cli.tables import BOLD, paint
from reminders.cli.tree import (
    Watch,
    address,
    child_environment,
    free_port,
    is_free,
    refuse_taken_port,
    service_children,
)
from reminders.core.errors import InputError
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.simulator.sample_clinic import CLINIC_NUMBER, SampleClinic, sample_schedule
from reminders.supervisor import Child, FolderLock, answers_http, embedded_valkey

if TYPE_CHECKING:
    from reminders.bootstrap import Services

HOST = "127.0.0.1"
DONE = 0
WEB_PORT, SIMULATOR_PORT = 8000, 8001
ZONE = "America/New_York"
OPENS = time(9, 58)
"""Two minutes before ten, when most reminders fall due."""
SATURDAY = 5
SCHEDULE, CLINIC, PEOPLE, CLOCK = "schedule.csv", "clinic.toml", "people.json", "shown-clock.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a demo is and when it begins (UTC)."""

    folder: Path
    port: int
    simulator_port: int
    smtp_port: int
    start: datetime
    speed: float

    @property
    def url(self) -> str:
        """The clinic's pages."""
        return address(HOST, self.port)

    @property
    def simulator_url(self) -> str:
        """The phones' pages, and the provider's API."""
        return address(HOST, self.simulator_port)

    @property
    def account(self) -> tuple[str, str]:
        """A made-up account and its token, of the shape that Twilio's have; they open nothing but this demo."""
        made_up = hashlib.sha256(os.fsencode(self.folder)).hexdigest()
        return f"AC{made_up[:32]}", made_up[32:]


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Run until stopped; leave nothing running and, unless asked to, nothing on the disk."""
    place = temporary_folder(environment)
    clear_killed_demo(place)
    with _ending_tidily(), _folder(arguments, place) as folder:
        plan = _plan(arguments, folder)
        sample = sample_schedule(plan.start, ZONE)
        _write_files(plan, sample)
        status = _run(arguments, plan, plan_environment(plan, environment))
        arguments.keep = arguments.keep or status != DONE  # the logs say what went wrong
        return status


@contextmanager
def _ending_tidily() -> Iterator[None]:
    """Let a polite kill before the supervisor is there end like Ctrl-C, so that the folder is removed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _folder(arguments: Namespace, place: Path) -> Iterator[Path]:
    """Give the demo's folder: a temporary one that is removed, or the one that is asked for.

    Raises InputError where the latter is in use.
    """
    if arguments.folder is not None:
        wanted: Path = arguments.folder.resolve()
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(wanted.iterdir()):
            raise InputError([f"--folder: {wanted} is not empty; name a new or empty folder"])
        yield wanted
        return
    made = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=place)).resolve()
    try:
        yield made
    finally:
        if arguments.keep:
            print(f"kept: {made}")
        else:
            shutil.rmtree(made, ignore_errors=True)


def _plan(arguments: Namespace, folder: Path) -> Plan:
    return Plan(
        folder=folder,
        port=_port(arguments.port, WEB_PORT),
        simulator_port=_port(arguments.simulator_port, SIMULATOR_PORT),
        smtp_port=free_port(HOST),
        start=weekday_morning(_now(folder)),
        speed=arguments.speed,
    )


def _port(wanted: int | None, usual: int) -> int:
    """Return the wanted port; without a wish the usual one or, where that is taken, a free one."""
    if wanted is not None:
        refuse_taken_port(HOST, wanted)
        return wanted
    return usual if is_free(HOST, usual) else free_port(HOST)


def _now(folder: Path) -> datetime:
    """Return the machine's time as the file system tells it: the clock of the demo does not exist yet."""
    mark = folder / PEOPLE
    mark.touch()
    return datetime.fromtimestamp(mark.stat().st_mtime, UTC)


def weekday_morning(now: datetime) -> datetime:
    """Return two minutes to ten, the clinic's time, of this day or, at a weekend, of the next Monday."""
    day = now.astimezone(ZoneInfo(ZONE)).date()
    if day.weekday() >= SATURDAY:
        day += timedelta(days=7 - day.weekday())
    return datetime.combine(day, OPENS, ZoneInfo(ZONE)).astimezone(UTC)


def _write_files(plan: Plan, sample: SampleClinic) -> None:
    (plan.folder / SCHEDULE).write_text(sample.csv_text, encoding="utf-8")
    (plan.folder / CLINIC).write_text(sample.clinic_toml, encoding="utf-8")
    (plan.folder / PEOPLE).write_text(json.dumps(sample.people, ensure_ascii=False), encoding="utf-8")


def plan_environment(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of everything in the demo. Of the caller's, nothing that configures us is left."""
    # Blank and not left out: children inherit what the supervisor has, and blank is as good as not there.
    blank = {name: "" for name in environment if name.startswith(PREFIX)}
    account, token = plan.account
    own = {
        "DATA_DIR": str(plan.folder),
        "PUBLIC_URL": plan.url,
        "CANARY_URL": plan.url,
        "ALLOW_LIST": "off",
        "TWILIO_ACCOUNT_SID": account,
        "TWILIO_AUTH_TOKEN": token,
        "TWILIO_FROM": CLINIC_NUMBER,
        "TWILIO_BASE_URL": plan.simulator_url,
        "SMTP_URL": f"smtp://{HOST}:{plan.smtp_port}",
        "MAIL_FROM": "Riverside Clinic <frontdesk@riverside.example>",
        "CLOCK": f"{plan.start.isoformat()}@{plan.speed:g}",
        "DEMO": "1",
        "SIMULATOR_URL": plan.simulator_url,
    }
    direct = {"NO_PROXY": f"{HOST},localhost", "no_proxy": f"{HOST},localhost"}
    return {**environment, **blank, **{PREFIX + name: value for name, value in own.items()}, **direct}


def _run(arguments: Namespace, plan: Plan, own: dict[str, str]) -> int:
    from reminders.bootstrap import open_services

    with FolderLock(plan.folder) as lock, ExitStack() as after:
        services = open_services(own)  # without a broker: hints would find none yet
        try:
            print("loading the sample clinic", flush=True)
            _load(services, plan)
            broker = after.enter_context(closing(embedded_valkey(plan.folder)))
            own[f"{PREFIX}REDIS_URL"] = broker.broker_url
            watch = Watch(services.deps, partial(_open_doors, services, plan, own))
            children = [broker.child, simulator_child(plan, own)]
            names = tuple(child.name for child in children)
            children += service_children(own, watch, host=HOST, port=plan.port, after=names)
            return watch.run(children, lock, plan.folder, is_verbose=arguments.verbose)
        finally:
            forget_demo(plan.folder, temporary_folder(own))
            services.close()


def _load(services: Services, plan: Plan) -> None:
    """Import the sample schedule while the clinic's time stands still."""
    services.prepare()
    report = sync_schedule(services.deps, services.schedule_source(plan.folder / SCHEDULE), SyncOptions())
    print(f"{len(report.changes)} sessions, {report.reminders_added} reminders planned", flush=True)


def simulator_child(plan: Plan, own: Mapping[str, str]) -> Child:
    """Return the outside world as a child."""
    account, token = plan.account
    identity = ("--account-sid", account, "--auth-token", token, "--default-number", CLINIC_NUMBER)
    ports = ("--host", HOST, "--port", str(plan.simulator_port), "--smtp-port", str(plan.smtp_port))
    urls = ("--inbound-url", f"{plan.url}/hooks/twilio/sms", "--clinic-url", f"{plan.url}/")
    shown = ("--people", str(plan.folder / PEOPLE), "--clock-file", str(plan.folder / CLOCK), "--zone", ZONE)
    answers = partial(answers_http, HOST, plan.simulator_port, "/control/faults")
    return Child(
        "phones",
        (sys.executable, "-m", "reminders.simulator", *identity, *ports, *urls, *shown),
        child_environment(own),
        ready=answers,
        alive=answers,
    )


def _open_doors(services: Services, plan: Plan, own: Mapping[str, str]) -> None:
    """Let time run, let other commands find this demo, and say what to do now."""
    services.start_clock()
    shown = {"start": plan.start, "speed": plan.speed, "anchor": services.deps.clock.machine_now(), "zone": ZONE}
    (plan.folder / CLOCK).write_text(json.dumps(shown, default=datetime.isoformat), encoding="utf-8")
    with suppress(OSError):  # without it, the demo works and `--demo` does not find it
        point_at_demo({name: value for name, value in own.items() if name.startswith(PREFIX)}, temporary_folder(own))
    print(_banner(plan, own), flush=True)


def _banner(plan: Plan, own: Mapping[str, str]) -> str:
    began = plan.start.astimezone(ZoneInfo(ZONE)).strftime("%A %d %B %Y, %H:%M")
    day = timedelta(days=1) / plan.speed
    return f"""
{paint("The demo is ready", BOLD, own)}. It is {began} in the clinic; a day passes in {day.total_seconds():.0f} seconds.

  phones and mailboxes   {paint(plan.simulator_url, BOLD, own)}
  the clinic's page      {paint(plan.url, BOLD, own)}

Try this:
  - open a phone that has just got a reminder and type C: its session is confirmed on the clinic's page
  - type STOP on another phone: nothing goes to it any more
  - python3 -m reminders status --demo
  - python3 -m reminders send --demo --patient P-001 --text "{{{{sender}}}}: please come by the side door."

Nothing leaves this machine. Stop it with Ctrl-C.
"""
