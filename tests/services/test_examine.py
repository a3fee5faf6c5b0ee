"""An examination as a whole: all parts at once, and none that can hold it up or bring it down."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text, update
from typing_extensions import override

from reminders.adapters.memory_examination import (
    MemoryBrokerInspection,
    MemoryEmailInspection,
    MemoryMachineInspection,
    MemoryVisitor,
)
from reminders.adapters.system_clock import SystemClock
from reminders.core.circuit import Cause, Circuit
from reminders.core.consent import Source
from reminders.core.errors import ClinicFileError
from reminders.core.examination.codes import Code
from reminders.core.examination.facts import BrokerFacts, SenderReport, Visit
from reminders.core.examination.findings import Finding
from reminders.core.patients import Channel
from reminders.services.apply_clinics import apply_clinics
from reminders.services.examine import Examination, examine
from reminders.services.opt_out import Said, opt_out_address
from reminders.services.read_status import leave_beat
from reminders.store import circuits, clinics, contacts
from reminders.store.migrating import configuration
from reminders.store.service_rows import circuit, heartbeat
from reminders.store.unit_of_work import Store
from tests.core.examinations import BROKER, MACHINE, MAIL, SETUP
from tests.world import CLINIC, CONFIRM_AT, World, only, some_entries

PUBLIC = "https://reminders.example"
NURSE = "+12025550171"
STAFFED: dict[str, Any] = {**CLINIC, "escalation": [{"name": "Night nurse", "phone": NURSE}]}
OF_THE_TEST_SERVER = {Code.FSYNC_OFF, Code.PARTIAL_PAGES}
"""The PostgreSQL of tests is quick instead of safe: machines do not crash in them."""


class Sender:
    """The provider's answer about our sender."""

    def __init__(self) -> None:
        self.report = SenderReport(
            is_reached=True,
            has_good_credentials=True,
            account_status="active",
            is_ours=True,
            can_text=True,
            hook_url=f"{PUBLIC}/hooks/twilio/sms",
        )

    def inspect(self) -> SenderReport:
        return self.report


@cache
def newest_revision() -> str:
    head = ScriptDirectory.from_config(configuration("sqlite://")).get_current_head()
    assert head is not None
    return head


@pytest.fixture
def world(store: Store) -> World:
    """A clinic with somebody on call."""
    return World(store, STAFFED)


@pytest.fixture
def given(world: World, tmp_path: Path) -> Iterator[Examination]:
    """An installation in which all is well, but that nothing runs yet."""
    with world.store.transaction() as tx:  # as Alembic would note it, a second earlier
        tx.connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        tx.connection.execute(text("INSERT INTO alembic_version VALUES (:it)"), {"it": newest_revision()})
    visitor = MemoryVisitor()
    visitor.pages = {
        ("GET", f"{PUBLIC}/healthz"): Visit(200, "ok\n"),
        ("POST", f"{PUBLIC}/hooks/twilio/sms"): Visit(403),
    }
    source = tmp_path / "clinic.toml"
    source.touch()
    yield Examination(
        setup=replace(SETUP, has_heartbeat=True),
        store=world.store,
        clock=world.clock,
        machine=MemoryMachineInspection(MACHINE),
        visitor=visitor,
        broker=MemoryBrokerInspection(BROKER),
        sender=Sender(),
        mail=MemoryEmailInspection(MAIL),
        accounts=world.deps.accounts,
        clinic_source=source,
        read_clinics=lambda _: [("clinic.toml", STAFFED)],
    )
    with world.store.transaction() as tx:
        tx.connection.execute(text("DROP TABLE alembic_version"))


def codes(findings: Sequence[Finding]) -> set[Code]:
    return {item.code for item in findings if item.code is not None} - OF_THE_TEST_SERVER


def live(world: World) -> None:
    """Let the processes leave their signs of life."""
    for name in ("worker", "beat", "watch"):
        leave_beat(world.deps, name)


def test_a_whole_installation_is_examined_on_a_real_database(given: Examination, world: World) -> None:
    live(world)
    found = examine(given)
    assert codes(found) == {Code.CANARY_MISSING}
    assert "riverside: applied as it stands in clinic.toml" in [item.found for item in found]


@pytest.mark.both_databases
def test_an_examination_changes_nothing(given: Examination, world: World) -> None:
    before = {name: world.count(name) for name in ("heartbeat", "circuit", "canary", "message", "task")}
    examine(given)
    assert {name: world.count(name) for name in before} == before


def test_without_a_sign_of_life_nothing_runs_and_no_test_message_is_missed(given: Examination, world: World) -> None:
    assert codes(examine(given)) == {Code.NOTHING_RUNS}
    live(world)
    world.later(timedelta(minutes=5))
    assert codes(examine(given)) == {Code.NOTHING_RUNS}


def test_a_look_that_fails_is_told_and_all_others_are_brought_home(given: Examination, world: World) -> None:
    live(world)

    class Failing(MemoryVisitor):
        @override
        def visit(self, url: str, *, form: bytes | None = None) -> Visit:
            raise LookupError(url, form)

    found = examine(replace(given, visitor=Failing()))
    [failed] = [item for item in found if item.code is Code.LOOK_FAILED]
    assert (failed.subject, failed.found) == ("public URL", "LookupError")
    assert {item.area.value for item in found} >= {"database", "broker", "provider", "mail", "clocks", "processes"}


def test_a_look_that_hangs_holds_up_nobody_for_long(given: Examination) -> None:
    release = threading.Event()

    class Hanging(MemoryBrokerInspection):
        @override
        def inspect(self) -> BrokerFacts:
            release.wait(30)
            return self.facts

    began_at = SystemClock().monotonic()
    found = examine(replace(given, broker=Hanging(BROKER), clock=SystemClock()), within=timedelta(seconds=0.5))
    release.set()
    assert SystemClock().monotonic() - began_at < 10
    assert [item.subject for item in found if item.code is Code.LOOK_FAILED] == ["broker"]


def test_a_database_that_is_away_is_one_finding_among_all_others(given: Examination, world: World) -> None:
    away = Store("postgresql://nobody@127.0.0.1:9/none", world.store.vault)
    found = examine(replace(given, store=away))
    assert codes(found) >= {Code.DATABASE_AWAY}
    assert {item.area.value for item in found} >= {"broker", "provider", "mail", "configuration"}


def test_a_circuit_that_is_open_is_told_with_its_reason(given: Examination, world: World) -> None:
    live(world)
    account = world.deps.accounts[Channel.SMS]
    with world.store.transaction() as tx:
        circuits.lock(tx, account)
        circuits.write(tx, account, Circuit(Cause.CONFIGURATION, world.clock.now(), None))
        circuits.hold_unknown(tx, account, world.clock.now())
    found = examine(given)
    assert codes(found) == {Code.TEXTS_STOPPED, Code.RESENDS_HELD, Code.CANARY_MISSING}
    assert any(item.found.endswith("it refuses how we are set up") for item in found)


@pytest.mark.both_databases
def test_a_circuit_of_another_account_is_nobody_s_concern(given: Examination, world: World) -> None:
    live(world)
    with world.store.transaction() as tx:
        circuits.lock(tx, "sms:ACold")
        tx.connection.execute(update(circuit).values(cause=Cause.FAILURES))
    assert codes(examine(given)) == {Code.CANARY_MISSING}


@pytest.mark.both_databases
def test_a_message_that_should_have_left_is_told_by_a_name_that_why_knows(given: Examination, world: World) -> None:
    world.sync(*some_entries(3))
    world.at(CONFIRM_AT)
    world.claim(limit=0)
    world.later(timedelta(minutes=1))
    live(world)
    assert Code.MESSAGES_OVERDUE not in codes(examine(given))
    world.later(timedelta(minutes=2))
    live(world)
    [late] = [item for item in examine(given) if item.code is Code.MESSAGES_OVERDUE]
    assert late.found.startswith("3 late")
    assert any(str(row.id).startswith(late.it) for row in world.messages())


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (only("remind_confirm"), Code.CLINIC_FILE_CHANGED),
        ({**STAFFED, "slug": "hillside"}, Code.CLINIC_FILE_CHANGED),
        (None, Code.CLINIC_FILE_FAULTY),
    ],
    ids=["changed", "not applied", "faulty"],
)
def test_a_clinic_file_that_is_not_what_is_applied_is_told(
    given: Examination, world: World, document: Mapping[str, Any] | None, code: Code
) -> None:
    live(world)

    def read(_: Path) -> Sequence[tuple[str, Mapping[str, Any]]]:
        if document is None:
            raise ClinicFileError(["clinic.toml: line 3 is no TOML"])
        return [("clinic.toml", document)]

    assert codes(examine(replace(given, read_clinics=read))) == {code, Code.CANARY_MISSING}


def test_the_database_s_clock_is_held_against_this_machine_s(given: Examination, world: World) -> None:
    world.clock.skew = timedelta(seconds=7)
    assert Code.DATABASE_CLOCK in codes(examine(given))


def test_an_old_sign_of_life_of_one_process_is_told_with_its_age(given: Examination, world: World) -> None:
    live(world)
    old = world.clock.machine_now() - timedelta(minutes=10)
    with world.store.transaction() as tx:
        tx.connection.execute(update(heartbeat).where(heartbeat.c.name == "beat").values(beat_at=old))
    [silent] = [item for item in examine(given) if item.code is Code.PROCESS_SILENT]
    assert (silent.subject, silent.found) == ("beat", "last sign of life 10 min ago")


@pytest.mark.both_databases
def test_a_clinic_that_calls_nobody_and_somebody_who_cannot_be_called_are_told(
    given: Examination, world: World
) -> None:
    live(world)
    with world.store.transaction() as tx:
        clinic_id = next(iter(clinics.every(tx)))
        contacts.ensure(tx, clinic_id, Channel.SMS, NURSE, new_id=world.identity.new_id())
        opt_out_address(tx, world.deps, NURSE, Said(Source.KEYWORD, "test"), now=world.clock.now())
    [closed] = [item for item in examine(given) if item.code is Code.ON_CALL_CLOSED]
    assert closed.found == "riverside: Night nurse"
    apply_clinics(world.deps, [("clinic.toml", CLINIC)])
    [missing] = [item for item in examine(given) if item.code is Code.NOBODY_ON_CALL]
    assert missing.found == "riverside: no [[clinic.escalation]]"
