"""The rules of `reminders doctor`: every fault can be found, every hint names something that exists."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.cli import parser
from reminders.core.examination.codes import EXIT_STATUSES, LOOK_STATUS, Area, Code, Severity
from reminders.core.examination.diagnosis import diagnose, diagnose_settings
from reminders.core.examination.facts import Facts, ProviderFacts, SetupFacts, Standing, Visit
from reminders.core.examination.faults import FAULTS
from reminders.core.examination.findings import Finding, exit_status, worst
from reminders.core.examination.judge_setup import is_local
from reminders.core.examination.sizes import ahead, size, span
from reminders.settings import PREFIX, Settings
from tests.core.examinations import (
    DATABASE,
    FAULTY,
    HEALTHY,
    MACHINE,
    NOBODY,
    NOW,
    RUNNING,
    SETUP,
    broker,
    database,
    door,
    machine,
    provider,
    running,
    setup,
)

SERVERS_OWN = ("ALTER SYSTEM SET ", "CONFIG SET ", "chmod ", "timedatectl ")
"""Other things that a hint may tell a person to do; what is set by them is tried on real servers elsewhere."""


def examined(facts: Facts) -> list[Finding]:
    return diagnose(facts, machine_now=NOW)


def codes(facts: Facts) -> list[Code]:
    return [item.code for item in examined(facts) if item.code is not None]


def test_where_all_is_well_every_area_says_so_and_nothing_needs_a_look() -> None:
    found = examined(HEALTHY)
    assert [item for item in found if item.code is not None] == []
    assert {item.area for item in found} == set(Area) - {Area.EXAMINATION}
    assert exit_status(found) == 0
    assert worst(found) is None


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.SETTINGS_UNREADABLE}))
def test_every_code_is_found_where_its_fault_is(code: Code) -> None:
    assert code in codes(FAULTY[code](HEALTHY))


@pytest.mark.parametrize("code", sorted(set(FAULTY) - {Code.NO_CHANNEL, Code.PROVIDER_MISSING, Code.MAIL_MISSING}))
def test_one_fault_is_told_once_and_alone(code: Code) -> None:
    assert codes(FAULTY[code](HEALTHY)) == [code]


def test_settings_that_cannot_be_used_are_told_one_by_one() -> None:
    found = diagnose_settings(["REMINDERS_PUBLIC_URL: an address is wanted", "the file is broken"])
    assert [item.code for item in found] == [Code.SETTINGS_UNREADABLE] * 2
    assert found[0].hint.startswith("correct REMINDERS_PUBLIC_URL;")
    assert exit_status(found) == EXIT_STATUSES[Area.CONFIGURATION]


def test_every_code_is_in_the_table_and_no_two_are_written_alike() -> None:
    assert set(FAULTS) == set(Code)
    assert len({code.value for code in Code}) == len(Code)
    for code, fault in FAULTS.items():
        assert re.fullmatch(r"[A-Z]{2}-[1-9][0-9]*", code.value)
        assert fault.meaning[-1] != "."
        assert fault.hint[-1] != "."


@pytest.mark.parametrize("code", sorted(Code))
def test_every_hint_names_a_command_or_a_setting_that_exists(code: Code) -> None:
    hint = FAULTS[code].hint.format(it="worker")
    settings = re.findall(rf"{PREFIX}([A-Z_]+)", hint)
    assert [name for name in settings if name.lower() not in Settings.model_fields] == []
    commands = re.findall(r"python3 -m reminders ((?:[a-z]+ ?)+(?:--[a-z-]+)?)", hint)
    for command in commands:
        assert_parses(command.split())
    has_other = any(word in hint for word in SERVERS_OWN)
    assert settings or commands or has_other or code is Code.SETTINGS_UNREADABLE, hint


def assert_parses(words: list[str]) -> None:
    """Parse the command up to the first words that are a sentence's own, not a command's."""
    for count in range(len(words), 0, -1):
        try:
            parser().parse_args(words[:count])
        except SystemExit:
            continue
        return
    raise AssertionError(f"the command line knows no such command: {words}")


@pytest.mark.parametrize("code", sorted(set(FAULTY)))
def test_no_hint_is_left_with_a_gap(code: Code) -> None:
    for item in examined(FAULTY[code](HEALTHY)):
        assert "{" not in item.hint
        assert item.fault is None or item.hint


def test_each_area_has_an_exit_status_of_its_own() -> None:
    assert set(EXIT_STATUSES) == set(Area)
    taken = [0, 1, 2, LOOK_STATUS, *EXIT_STATUSES.values()]
    assert len(set(taken)) == len(taken)
    assert max(taken) < 126, "what a shell says of a command it could not run must not be mistaken for ours"


def test_what_should_be_looked_at_has_a_status_of_its_own() -> None:
    found = examined(setup(allowed_count=0)(HEALTHY))
    assert exit_status(found) == LOOK_STATUS


def test_of_several_faults_the_lowest_status_counts_and_tells_where_to_begin() -> None:
    facts = HEALTHY
    for change in (
        setup(allowed_count=0),
        broker(policy="allkeys-lru"),
        database(problem="away"),
        provider(can_text=False),
    ):
        facts = change(facts)
    found = examined(facts)
    assert exit_status(found) == EXIT_STATUSES[Area.DATABASE]
    first = worst(found)
    assert first is not None
    assert first.code is Code.DATABASE_AWAY


def test_a_status_never_comes_from_something_that_is_only_to_be_looked_at() -> None:
    for code, change in FAULTY.items():
        found = examined(change(HEALTHY))
        is_broken = any(item.severity is Severity.BROKEN for item in found)
        assert (exit_status(found) == LOOK_STATUS) != is_broken, code


def test_findings_stand_in_the_order_of_their_areas() -> None:
    areas = [item.area for item in examined(HEALTHY)]
    assert areas == sorted(areas, key=list(Area).index)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.1.20", True),
        ("web", True),
        ("clinic.local", True),
        ("reminders.clinic.example", False),
        ("8.8.8.8", False),
    ],
)
def test_a_host_that_the_world_cannot_reach_is_known(host: str, expected: bool) -> None:  # noqa: FBT001 - the table's column
    assert is_local(host) is expected


def test_secrets_that_a_container_is_given_may_be_read_by_all_of_it() -> None:
    assert codes(machine(modes={"/run/secrets/token": 0o444})(HEALTHY)) == []


def test_where_a_proxy_passes_on_only_what_it_must_a_refused_callback_is_proof_enough() -> None:
    assert codes(door(Visit(404), Visit(403))(HEALTHY)) == []


def test_a_door_that_nobody_calls_at_is_visited_for_its_health_only() -> None:
    assert codes(door(Visit(200, "ok\n"), None)(HEALTHY)) == []
    assert codes(door(Visit(200, "welcome to nginx"), None)(HEALTHY)) == [Code.DOOR_ELSEWHERE]
    assert codes(door(NOBODY, None)(HEALTHY)) == [Code.DOOR_SHUT]


def test_a_web_process_without_a_provider_in_its_settings_is_told_apart() -> None:
    assert codes(door(Visit(200, "ok\n"), Visit(503))(HEALTHY)) == [Code.DOOR_UNGUARDED]
    assert codes(door(Visit(502), Visit(502))(HEALTHY)) == [Code.DOOR_ELSEWHERE]


def test_what_a_provider_does_not_say_is_told_in_one_line() -> None:
    silent = replace(HEALTHY, provider=ProviderFacts("api.twilio.com", is_reached=True, detail="account: HTTP 500"))
    [found] = [item for item in examined(silent) if item.code is not None]
    assert found.code is Code.PROVIDER_SILENT
    assert found.found.startswith("account, whose the sender is, ")
    assert found.found.endswith("(account: HTTP 500)")


def test_a_simulator_need_not_know_everything() -> None:
    facts = setup(is_real_provider=False)(replace(HEALTHY, provider=ProviderFacts("127.0.0.1", is_reached=True)))
    assert codes(facts) == [Code.PROVIDER_SIMULATED]


def test_a_key_that_may_not_read_the_account_is_good_enough() -> None:
    facts = provider(account_status=None)(HEALTHY)
    assert codes(facts) == []
    assert "the credentials are good" in [item.found for item in examined(facts)]


def test_nobody_need_be_told_of_a_simulation() -> None:
    assert codes(setup(is_simulated=True, has_alert_address=False, has_heartbeat=False)(HEALTHY)) == []


def test_with_refused_credentials_nothing_is_said_of_the_sender() -> None:
    assert codes(provider(has_good_credentials=False, is_ours=False, can_text=False)(HEALTHY)) == [
        Code.CREDENTIALS_REFUSED
    ]


def test_the_provider_s_clock_is_held_against_the_database_s() -> None:
    both = provider(skew=timedelta(seconds=123))(database(skew=timedelta(seconds=4))(HEALTHY))
    assert codes(both) == []


@pytest.mark.parametrize("status", list(Standing))
def test_every_standing_of_a_database_has_its_line(status: Standing) -> None:
    assert any(item.subject == "tables" for item in examined(database(standing=status)(HEALTHY)))


def test_one_worker_for_everything_or_one_for_each_kind_of_work_must_be_there() -> None:
    fresh = RUNNING.now
    kinds = dict.fromkeys(("worker-sms", "worker-email", "worker-inbound", "worker-upkeep", "beat", "watch"), fresh)
    assert codes(running(beats=kinds)(HEALTHY)) == []
    missing = {name: at for name, at in kinds.items() if name != "worker-inbound"}
    [silent] = [item for item in examined(running(beats=missing)(HEALTHY)) if item.code is not None]
    assert (silent.code, silent.subject) == (Code.PROCESS_SILENT, "worker-inbound")
    texts_only = setup(has_email=False, has_alert_address=False)
    without_mail = {name: at for name, at in kinds.items() if name != "worker-email"}
    assert codes(texts_only(replace(running(beats=without_mail)(HEALTHY), mail=None))) == []


def test_an_installation_that_was_never_started_is_told_in_few_words() -> None:
    facts = Facts(
        setup=replace(SETUP, has_secret_key=False),
        machine=replace(MACHINE, modes={"/srv/reminders/secret.key": None}),
        database=replace(DATABASE, standing=Standing.ABSENT),
    )
    assert codes(facts) == [Code.NO_KEY, Code.DATABASE_EMPTY, Code.NOTHING_RUNS]


def test_the_delay_of_a_message_is_told_in_the_machine_s_time() -> None:
    facts = FAULTY[Code.MESSAGES_OVERDUE](HEALTHY)
    assert facts.running is not None
    fast = replace(facts, running=replace(facts.running, speed=60.0))
    [late] = [item for item in examined(fast) if item.code is Code.MESSAGES_OVERDUE]
    assert late.found == "12 late, one by 3.0 s"
    assert late.hint == "python3 -m reminders why 0190a1b2"


def test_durations_sizes_and_skews_are_short() -> None:
    assert [span(timedelta(seconds=seconds)) for seconds in (0.42, 59, 150, 5400, 90_000, 400_000)] == [
        "0.4 s",
        "59 s",
        "2 min",
        "90 min",
        "25 h",
        "5 d",
    ]
    assert [size(number) for number in (999, 82_300_000_000, 4_100_000_000_000)] == ["999 B", "82 GB", "4.1 TB"]
    assert ahead(timedelta(seconds=-6)) == "6.0 s behind this machine's"
    assert ahead(timedelta(seconds=130)) == "2 min ahead of this machine's"


def test_setup_facts_hold_nothing_secret() -> None:
    words = {"token", "secret", "password", "url", "key"}
    named = {name for name in SetupFacts.__slots__ if words & set(name.split("_"))}
    assert named == {"public_url", "has_secret_key"}
