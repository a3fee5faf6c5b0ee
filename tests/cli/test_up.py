from __future__ import annotations

import socket

from reminders.bootstrap import open_services
from reminders.cli.up import who_comes_in
from reminders.supervisor import FolderLock
from tests.cli.command_line import CommandLine


def test_the_first_line_says_that_nothing_leaves_by_default(cli: CommandLine) -> None:
    cli.environment["REMINDERS_ALLOW_LIST"] = ""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = cli.run("up", "--port", str(taken.getsockname()[1]))
    assert said.out.splitlines()[0] == (
        "ALLOW-LIST ON: nothing leaves for numbers that are not listed (0 listed). "
        "Turn off with REMINDERS_ALLOW_LIST=off"
    )


def test_while_nobody_may_sign_in_the_start_says_how_the_first_person_gets_in(cli: CommandLine) -> None:
    def told() -> list[str]:
        services = open_services(cli.environment)
        try:
            return list(who_comes_in(services))
        finally:
            services.close()

    (line,) = told()
    assert line.startswith("nobody may sign in yet: `python3 -m reminders staff add LOGIN")
    words = line.partition("`python3 -m reminders ")[2].partition("`")[0].split()
    assert cli.run(*[{"LOGIN": "kim.lee", "NAME": "Kim"}.get(word, word) for word in words]).status == 0
    assert told() == []


def test_a_taken_port_is_said_before_anything_starts(cli: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = cli.run("up", "--port", str(port))
    assert said.status == 2
    assert said.err == f"--port: {port} on 127.0.0.1 is taken, or may not be used; name another with --port\n"


def test_a_second_service_on_one_data_folder_is_refused(cli: CommandLine) -> None:
    with FolderLock(cli.folder / "data"):
        said = cli.run("up")
    assert said.status == 1
    assert "is already in use by process" in said.err


def test_a_fault_in_the_clinic_file_stops_the_start(fresh_cli: CommandLine) -> None:
    (fresh_cli.folder / "data").mkdir()
    (fresh_cli.folder / "data" / "clinic.toml").write_text("[clinic]\nslug = 'x'\n")
    said = fresh_cli.run("up", "--port", "65000")
    assert said.status == 2
    assert said.err.count("\n") >= 3
    assert "clinic.timezone" in said.err


def test_a_data_folder_that_cannot_be_used_is_named_in_one_line(fresh_cli: CommandLine) -> None:
    (fresh_cli.folder / "data").write_text("a file stands in its place")
    said = fresh_cli.run("up", "--port", "65000")
    assert said.status == 1
    assert said.err == f"{fresh_cli.folder / 'data'}: File exists\n"
