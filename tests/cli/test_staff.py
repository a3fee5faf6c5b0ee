from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from reminders.bootstrap import open_services
from reminders.core.staff import Role
from reminders.services.accept_invitation import read_invitation
from tests.cli.command_line import CommandLine

ADD = ("staff", "add", "Kim.Lee ", "--name", "Kim  Lee", "--role", "manager")


def test_the_first_person_gets_a_link_that_opens_and_is_told_how_long(cli: CommandLine) -> None:
    said = cli.run(*ADD)
    assert (said.status, said.err) == (0, "")
    link, *rest = said.out.splitlines()
    assert re.fullmatch(r"http://localhost:8000/invitation/[\w-]{43}", link)
    assert re.fullmatch(r"for Kim Lee \(kim\.lee\): works once, until \w{3} \d\d \w{3} \d{4} \d\d:\d\d\.", rest[0])
    services = open_services(cli.environment)
    found = read_invitation(services.deps, urlsplit(link).path.rpartition("/")[2])
    services.close()
    assert found is not None
    assert found.person.name == "Kim Lee"


def test_the_list_shows_how_everybody_stands(cli: CommandLine) -> None:
    assert "nobody may sign in yet" in cli.run("staff", "list").out
    cli.run(*ADD)
    cli.run("staff", "add", "ana", "--name", "Ana", "--role", "front_desk")
    cli.run("staff", "end", "ana")
    said = cli.run("staff", "list")
    assert re.search(r"kim\.lee +Kim Lee +manager +invited, link until .* +0 browsers +never", said.out)
    assert re.search(r"ana +Ana +front desk +ended", said.out)
    found = cli.run("staff", "list", "--json").document
    assert [(line["login"], line["roles"], line["state"]) for line in found] == [
        ("kim.lee", {"clinic": Role.MANAGER.value}, "invited"),
        ("ana", {"clinic": Role.FRONT_DESK.value}, "ended"),
    ]


def test_programs_read_the_link_and_a_second_one_replaces_it(cli: CommandLine) -> None:
    first = cli.run(*ADD, "--json").document
    second = cli.run("staff", "invite", "kim.lee", "--json").document
    assert first["link"] != second["link"]
    assert first.keys() == {"login", "link", "expires_at"}
    services = open_services(cli.environment)
    opens = [
        read_invitation(services.deps, urlsplit(found["link"]).path.rpartition("/")[2]) is not None
        for found in (first, second)
    ]
    services.close()
    assert opens == [False, True]


def test_roles_and_sessions_are_changed_by_one_line(cli: CommandLine) -> None:
    cli.run(*ADD)
    assert cli.run("staff", "role", "kim.lee", "--role", "auditor").out == "kim.lee is auditor at clinic\n"
    assert cli.run("staff", "sessions", "kim.lee").out == "kim.lee is signed in on 0 browsers\n"
    assert cli.run("staff", "sessions", "kim.lee", "--end").out == "kim.lee was signed out on 0 browsers\n"
    assert cli.run("staff", "end", "kim.lee", "--json").document["state"] == "ended"
    assert cli.run("staff", "end", "kim.lee").out == "kim.lee had ended already\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("add", "x y", "--name", "X", "--role", "manager"), "login: found 'x y'"),
        (("add", "kim.lee", "--name", " ", "--role", "manager"), "name: found ''"),
        (("add", "KIM.LEE", "--name", "Kim", "--role", "manager", "--clinic", "south"), "name one of: clinic"),
        (("add", "kim.lee", "--name", "Kim", "--role", "boss"), "invalid choice: 'boss'"),
        (("end", "nobody"), "no login 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(cli: CommandLine, words: tuple[str, ...], complaint: str) -> None:
    said = cli.run("staff", *words)
    assert said.status == 2
    assert complaint in said.err


def test_a_login_is_given_once_and_an_ended_one_never_again(cli: CommandLine) -> None:
    cli.run(*ADD)
    assert "is taken" in cli.run(*ADD).err
    cli.run("staff", "end", "kim.lee")
    assert "is taken" in cli.run(*ADD).err
    assert "the access ended" in cli.run("staff", "invite", "kim.lee").err
