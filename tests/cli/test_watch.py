from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reminders.adapters.memory import MemoryEmailGateway
from reminders.adapters.memory_canary import MemoryStubProvider
from reminders.bootstrap import Services, open_services
from reminders.cli.watch import Looking, Watcher
from reminders.core.alarms import Vitals
from reminders.core.delivery import Absent, Refusal, Rejected
from reminders.services.apply_receipts import apply_receipts
from reminders.services.fly_canaries import fly_canary, hear_canaries, release_canary, store_canary_receipt
from reminders.services.read_status import is_alive, leave_beat
from reminders.store.unit_of_work import Store
from tests.cli.command_line import CommandLine
from tests.web.browser import some_services
from tests.world import World

ON_CALL = ("oncall@riverside.example", "second@riverside.example")


class Desk:
    """A watcher, and what reaches those it mails."""

    def __init__(self, world: World, folder: Path, recipients: Sequence[str] = ON_CALL) -> None:
        self.world = world
        self.mail = MemoryEmailGateway(world.clock)
        self.services: Services = replace(
            some_services(world, folder), alarm_mail=self.mail, alert_to=tuple(recipients)
        )
        self.watcher = Watcher(self.services)
        now = world.clock.machine_now()
        self.well = Vitals(watched_since=now + timedelta(days=1))

    def see(self, **signs: Any) -> None:  # noqa: ANN401 - any of the fields of Vitals
        """Let half a minute pass and see these vital signs; nothing else is wrong."""
        self.world.later(timedelta(seconds=30))
        now = self.world.clock.machine_now()
        self.watcher.tell((replace(self.well, **signs), now))

    @property
    def subjects(self) -> list[tuple[str, str]]:
        return [(mail.to, mail.subject) for mail in self.mail.sent]


@pytest.fixture
def desk(sqlite_store: Store, tmp_path: Path) -> Desk:
    return Desk(World(sqlite_store), tmp_path)


def test_everybody_on_call_is_mailed_once_and_again_when_it_is_over(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.see()
    assert desk.subjects == []
    for _ in range(5):
        desk.see(holds_since=desk.world.clock.machine_now())
    assert desk.subjects == [(to, "Reminders: resends held") for to in ON_CALL]
    desk.mail.sent.clear()
    for _ in range(5):
        desk.see()
    assert desk.subjects == [(to, "Reminders: all is well again") for to in ON_CALL]
    assert "New:\n- Too many doubtful texts" in capsys.readouterr().err


def test_a_mail_that_fails_is_tried_again_and_one_reader_in_reach_is_enough(desk: Desk) -> None:
    for _ in range(2):
        desk.mail.answer_next(Absent("ConnectError"))
    desk.see(holds_since=desk.world.clock.machine_now())
    assert desk.subjects == []
    desk.mail.answer_next(Rejected(Refusal.ADDRESS, "550", "no such mailbox"), to=ON_CALL[0])
    desk.see(holds_since=desk.world.clock.machine_now())
    desk.see(holds_since=desk.world.clock.machine_now())
    assert desk.subjects == [(ON_CALL[1], "Reminders: resends held")]


def test_where_nobody_is_to_be_mailed_alarms_are_printed(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(World(sqlite_store), tmp_path, recipients=())
    for _ in range(3):
        desk.see(holds_since=desk.world.clock.machine_now())
    assert capsys.readouterr().err.count("Too many doubtful texts") == 1


def test_a_reader_that_is_stuck_means_that_the_database_is_away(desk: Desk) -> None:
    looking = Looking(desk.services)
    looking.look()
    assert looking.vitals()[0].is_database_there
    assert is_alive(desk.services.deps, "watch", within=timedelta(0))
    desk.world.later(timedelta(seconds=26))
    assert not looking.vitals()[0].is_database_there
    looking.look()
    assert looking.vitals()[0].is_database_there


def test_looking_once_lists_what_is_wrong_for_programs_and_by_its_exit_status(cli: CommandLine) -> None:
    said = cli.run("watch", "--once", "--json")
    assert said.status == 1
    found = {(alarm["code"], alarm["about"]) for alarm in said.document["alarms"]}
    assert found == {("silent_process", "worker"), ("silent_process", "beat"), ("canary_stuck", "")}
    assert "What to do: Start `beat` again." in cli.run("watch", "--once").out


def test_looking_once_at_a_healthy_service_finds_nothing(cli: CommandLine) -> None:
    with closing(open_services(cli.environment)) as services:
        for name in ("worker", "beat"):
            leave_beat(services.deps, name)
        fly_one(services)
    said = cli.run("watch", "--once")
    assert (said.status, said.out) == (0, "all is well\n")
    assert "no alarms" in cli.run("status").out
    document = cli.run("status", "--json").document
    assert document["alarms"] == []
    assert document["canary"] is not None


def fly_one(services: Services) -> None:
    """Let a canary take every step."""
    hook = MemoryStubProvider(lambda canary, _seal: store_canary_receipt(services.deps, canary))
    release_canary(services.deps, None)
    fly_canary(services.deps, hook)
    apply_receipts(services.deps)
    hear_canaries(services.deps)


def test_a_database_that_is_not_there_is_an_alarm_and_no_failure(cli: CommandLine) -> None:
    cli.environment["REMINDERS_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/none"
    said = cli.run("watch", "--once", "--json")
    assert said.status == 1
    assert [alarm["code"] for alarm in said.document["alarms"]] == ["database_away"]
