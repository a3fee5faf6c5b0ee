"""`reminders watch`: the second watcher. It needs a database to look at and a mail server, and nothing else."""

from __future__ import annotations

import json
import sys
import threading
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from time import sleep
from typing import TYPE_CHECKING

from typing_extensions import override

from reminders.cli.opening import opened
from reminders.cli.tables import GREEN, RED, paint
from reminders.core.alarm_news import News, Told, news, text
from reminders.core.alarms import Alarm, Vitals, alarms
from reminders.services.read_status import leave_beat
from reminders.services.watch_vitals import mail_news, read_vitals, with_ledger

if TYPE_CHECKING:
    from reminders.bootstrap import Services

WATCH = "watch"
DONE, NOT_POSSIBLE = 0, 1
EVERY_SECONDS = 10.0
LEDGER_EVERY_SECONDS = 600.0
MAIL_AGAIN_AFTER = timedelta(seconds=30)
STALE = timedelta(seconds=25)
"""What was read longer ago says nothing about now: whoever reads is stuck, or finds no database."""


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Watch until stopped; with `--once` look once, and say by the exit status whether all is well."""
    with opened(arguments, environment) as services:
        if arguments.once:
            return _look_once(services, arguments, environment)
        return _watch(services)


def _look_once(services: Services, arguments: Namespace, environment: Mapping[str, str]) -> int:
    found = alarms(_read(services), services.deps.clock.machine_now())
    if arguments.json:
        print(json.dumps({"at": services.deps.clock.machine_now().isoformat(), "alarms": to_list(found)}, indent=2))
    elif not found:
        print(paint("all is well", GREEN, environment))
    else:
        for alarm in found:
            print(f"{paint(alarm.code, RED, environment)}  {alarm.sentence}\n  What to do: {alarm.what_to_do}")
    return NOT_POSSIBLE if found else DONE


def _read(services: Services) -> Vitals:
    try:
        vitals = read_vitals(services.deps, is_told_outside=services.heartbeat is not None)
        return with_ledger(services.deps, vitals)
    except Exception:  # noqa: BLE001 - whatever keeps us from reading is what we are here to tell
        return Vitals(is_database_there=False)


def to_list(found: Sequence[Alarm]) -> list[dict[str, str]]:
    """Return alarms for programs."""
    return [
        {"code": alarm.code, "about": alarm.about, "sentence": alarm.sentence, "what_to_do": alarm.what_to_do}
        for alarm in found
    ]


def _watch(services: Services) -> int:
    recipients = services.alert_to if services.alarm_mail is not None else ()
    whom = f"{len(recipients)} mailed" if recipients else "nobody is mailed (REMINDERS_ALERT_TO, REMINDERS_SMTP_URL)"
    print(f"watching the database; of an alarm: {whom}", file=sys.stderr, flush=True)
    looking, watcher = Looking(services), Watcher(services)
    looking.start()
    while True:
        sleep(EVERY_SECONDS)
        watcher.tell(looking.vitals())


class Looking(threading.Thread):
    """Reads the vital signs again and again. A database that hangs holds up this thread, and not the alarm about it."""

    def __init__(self, services: Services) -> None:
        """Know nothing yet."""
        super().__init__(name="looking-at-database", daemon=True)
        self._services = services
        self._clock = services.deps.clock
        self._begun_at = self._read_at = self._clock.machine_now()
        self._vitals: Vitals | None = None
        self._contradictions: Mapping[str, int] = {}
        self._unwritable_since: datetime | None = None

    @override
    def run(self) -> None:
        """Look, and leave a sign of life, until the process ends."""
        # Reading whole tables may take long: that must neither hold up looking nor seem a database that is away.
        threading.Thread(target=self._audit, name="reading-ledger", daemon=True).start()
        while True:
            with suppress(Exception):  # what cannot be read grows old, and that is told
                self.look()
            sleep(EVERY_SECONDS)

    def vitals(self) -> tuple[Vitals, datetime]:
        """Return what was read last and when; that nothing can be read where that was too long ago."""
        machine_now, found, read_at = self._clock.machine_now(), self._vitals, self._read_at
        if found is None or machine_now - read_at > STALE:
            return Vitals(is_database_there=False, away_since=read_at, watched_since=self._begun_at), machine_now
        seen = replace(found, unwritable_since=self._unwritable_since, contradictions=self._contradictions)
        return replace(seen, watched_since=self._begun_at), read_at

    def look(self) -> None:
        """Look once. Raises what the database raises."""
        deps, machine_now = self._services.deps, self._clock.machine_now()
        found = read_vitals(deps, is_told_outside=self._services.heartbeat is not None)
        self._vitals, self._read_at = found, machine_now
        try:
            leave_beat(deps, WATCH)
            self._unwritable_since = None
        except Exception:  # noqa: BLE001 - a database that takes no writes is an alarm of its own
            self._unwritable_since = self._unwritable_since or machine_now

    def _audit(self) -> None:
        """Read the ledger now and then."""
        while True:
            with suppress(Exception):  # a database that is away is told otherwise
                self._contradictions = with_ledger(self._services.deps, Vitals()).contradictions
            sleep(LEDGER_EVERY_SECONDS)


class Watcher:
    """Remembers what was told, and tells what is new."""

    def __init__(self, services: Services) -> None:
        """Have told nothing yet."""
        self._services = services
        self._told: tuple[Told, ...] = ()
        self._tried_at: datetime | None = None

    def tell(self, seen: tuple[Vitals, datetime]) -> None:
        """Mail and print what there is to tell; what could not be mailed is told again later."""
        vitals, read_at = seen
        machine_now = self._services.deps.clock.machine_now()
        found = news(
            self._told, alarms(vitals, read_at), is_blind=not vitals.is_database_there, machine_now=machine_now
        )
        if not found.is_any:
            self._told = found.after
            return
        if self._tried_at is not None and machine_now - self._tried_at < MAIL_AGAIN_AFTER:
            return
        self._tried_at = machine_now
        print(text(found, machine_now=machine_now), file=sys.stderr, flush=True)
        if self._has_told(found):
            self._told, self._tried_at = found.after, None

    def _has_told(self, found: News) -> bool:
        gateway, recipients = self._services.alarm_mail, self._services.alert_to
        if gateway is None or not recipients:
            return True  # it was printed
        return mail_news(self._services.deps, gateway, recipients, found)
