"""Examine: look at every part of an installation at the same time, and say what is wrong with it. Changes nothing.

A part that is away, or that hangs, is a finding; all others are examined all the same.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from reminders.core.alarms import LATE
from reminders.core.canaries import TOLD_WITHIN
from reminders.core.clinic_document import BUILT_IN, storable
from reminders.core.clinics import Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.examination.diagnosis import diagnose
from reminders.core.examination.facts import (
    ChildFacts,
    ClinicFacts,
    DatabaseFacts,
    DoorFacts,
    Facts,
    FileState,
    ProviderFacts,
    RunningFacts,
    SetupFacts,
    Standing,
)
from reminders.core.examination.findings import Finding
from reminders.core.examination.judge_outside import HEALTH_PATH, HOOK_PATH
from reminders.core.patients import Channel
from reminders.ports import BrokerInspection, Clock, EmailInspection, MachineInspection, SenderInspection, Visitor
from reminders.store import canaries, circuits, clinics, contacts, overdue, vital_signs
from reminders.store.server_facts import read_server
from reminders.store.unit_of_work import Store, Transaction

WITHIN = timedelta(seconds=12)
"""No look may hold up the answer for longer; machine time."""
UNSIGNED = b"MessageSid=SM00000000000000000000000000000000&Body=An+unsigned+test"

T = TypeVar("T")
ReadClinics = Callable[[Path], Sequence[tuple[str, Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Examination:
    """What an examination is given: the parts to look at, None where there is no such part."""

    setup: SetupFacts
    store: Store
    clock: Clock
    machine: MachineInspection
    visitor: Visitor
    broker: BrokerInspection | None
    sender: SenderInspection | None
    mail: EmailInspection | None
    accounts: Mapping[Channel, str]
    clinic_source: Path
    read_clinics: ReadClinics
    """Reads clinic files. Raises ClinicFileError."""

    def close(self) -> None:
        """Give back what was opened."""
        self.store.close()


class _Look(Generic[T]):
    """One look in a thread of its own, which ends with the process if it hangs."""

    def __init__(self, name: str, work: Callable[[], T]) -> None:
        """Begin."""
        self._name, self._work = name, work
        self._done = threading.Event()
        self._brought: T | None = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, name=f"look-{name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self._brought = self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other looks go on, and this one is told of
            self._error = error
        self._done.set()

    def wait(self, clock: Clock, until: float, lost: dict[str, str]) -> T | None:
        """Return what it brought home; else None, and why in `lost`. Of an error its class only: its text may quote."""
        if not self._done.wait(max(0.0, until - clock.monotonic())):
            lost[self._name] = "no answer in time"
            return None
        if self._error is not None:
            lost[self._name] = type(self._error).__name__
        return self._brought


def examine(given: Examination, *, children: Sequence[ChildFacts] = (), within: timedelta = WITHIN) -> list[Finding]:
    """Look at everything and judge it; `children` are the processes that a supervisor on this machine knows."""
    until = given.clock.monotonic() + within.total_seconds()
    machine = _Look("this machine", given.machine.inspect)
    database = _Look("database", lambda: _database(given))
    broker = _Look("broker", given.broker.inspect if given.broker is not None else lambda: None)
    provider = _Look("provider", lambda: _provider(given))
    door = _Look("public URL", lambda: _door(given))
    mail = _Look("mail server", given.mail.inspect if given.mail is not None else lambda: None)
    lost: dict[str, str] = {}
    server, running = database.wait(given.clock, until, lost) or (None, None)
    facts = Facts(
        setup=given.setup,
        machine=machine.wait(given.clock, until, lost),
        database=server,
        running=running,
        broker=broker.wait(given.clock, until, lost),
        provider=provider.wait(given.clock, until, lost),
        door=door.wait(given.clock, until, lost),
        mail=mail.wait(given.clock, until, lost),
        children=tuple(children),
        lost=lost,
    )
    return diagnose(facts, machine_now=given.clock.machine_now())


def _database(given: Examination) -> tuple[DatabaseFacts, RunningFacts | None]:
    """Look at the server, and where its tables are ours at what they tell of the service at work."""
    reading = read_server(given.store)
    server = reading.facts
    if reading.at is not None:
        server = replace(server, skew=given.clock.skew_from(reading.at))
    return server, _running(given) if server.standing is Standing.CURRENT else None


def _running(given: Examination) -> RunningFacts:
    clock = given.clock
    now, machine_now = clock.now(), clock.machine_now()
    active = {Channel.SMS: given.setup.sms_host is not None, Channel.EMAIL: given.setup.has_email}
    channels = [channel for channel, is_active in active.items() if is_active]
    files = _clinic_files(given)
    with given.store.reading() as tx:
        held = {name: circuits.holds_unknown_since(tx, name) for name in given.accounts.values()}
        open_or_not = circuits.every(tx)
        return RunningFacts(
            now=now,
            machine_now=machine_now,
            speed=clock.speed,
            beats=vital_signs.last_beats(tx),
            circuits={name: open_or_not[name] for name in given.accounts.values() if name in open_or_not},
            held_since={name: since for name, since in held.items() if since is not None},
            canaries=tuple(canaries.since(tx, machine_now - TOLD_WITHIN)),
            overdue=overdue.oldest_overdue(tx, channels, due_before=now - LATE * clock.speed),
            clinics=_clinics(tx, given, files),
            schedules=vital_signs.last_outcomes(tx),
        )


Documents = Sequence[tuple[str, Mapping[str, Any]]]


def _clinic_files(given: Examination) -> Documents | str:
    """Return the clinic files as they stand on disk, or the first fault that keeps them from being read."""
    if not given.clinic_source.exists():
        return ()
    try:
        return given.read_clinics(given.clinic_source)
    except ClinicFileError as error:
        return error.faults[0]


def _clinics(tx: Transaction, given: Examination, files: Documents | str) -> ClinicFacts:
    every = clinics.every(tx)
    applied = tuple(sorted(clinic.slug for clinic in every.values()))
    is_built_in_only = bool(applied) and all(clinics.document(tx, slug) == BUILT_IN for slug in applied)
    return ClinicFacts(
        source=str(given.clinic_source),
        is_source_there=given.clinic_source.exists(),
        fault=files if isinstance(files, str) else None,
        files={} if isinstance(files, str) else {name: _state(tx, document) for name, document in files},
        applied=applied,
        is_built_in_only=is_built_in_only,
        without_chain=tuple(sorted(clinic.slug for clinic in every.values() if not clinic.escalation)),
        out_of_reach=tuple((clinic.slug, name) for clinic in every.values() for name in _out_of_reach(tx, clinic)),
    )


def _out_of_reach(tx: Transaction, clinic: Clinic) -> list[str]:
    """Return who is on call and has an address that is closed to us."""
    people = [person for rung in clinic.escalation for person in rung.people]
    closed = contacts.closed_of(tx, clinic.id, {place for person in people for place in person.addresses})
    return [person.name for person in people if closed.intersection(person.addresses)]


def _state(tx: Transaction, document: Mapping[str, Any]) -> tuple[str, FileState]:
    slug = str(document.get("slug", ""))
    held = clinics.document(tx, slug)
    if held is None:
        return slug, FileState.NOT_APPLIED
    return slug, FileState.EQUAL if held == json.loads(json.dumps(storable(document))) else FileState.CHANGED


def _provider(given: Examination) -> ProviderFacts | None:
    if given.sender is None:
        return None
    report = given.sender.inspect()
    return ProviderFacts(
        host=given.setup.sms_host or "",
        is_reached=report.is_reached,
        has_good_credentials=report.has_good_credentials,
        account_status=report.account_status,
        is_ours=report.is_ours,
        can_text=report.can_text,
        hook_url=report.hook_url,
        skew=report.skew,
        detail=report.detail,
    )


def _door(given: Examination) -> DoorFacts:
    """Visit our web process as the provider would; an unsigned callback must be refused, and changes nothing."""
    url = given.setup.public_url
    calls = given.setup.sms_host is not None and given.setup.has_hooks
    hook = given.visitor.visit(url + HOOK_PATH, form=UNSIGNED) if calls else None
    return DoorFacts(given.visitor.visit(url + HEALTH_PATH), hook)
