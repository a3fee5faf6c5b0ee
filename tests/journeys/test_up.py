from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reminders.simulator import Simulator, SimulatorSettings
from tests.journeys.programs import Program, free_port, running, texts, wait_for

SCHEDULE = Path(__file__).resolve().parents[1] / "data" / "schedule.csv"
ACCOUNT, TOKEN, SENDER = "AC" + "5" * 32, "made up", "+12125550100"
THURSDAY = "2027-03-04T09:58:00-05:00"
SPEED = 300
"""A lease of one minute is five hours of the clinic's: from noon it ends before the night, in which nothing leaves."""
CHILDREN = ("valkey", "worker", "beat", "web", "watch")
LEASE = 75.0
"""Longer than what a killed worker had claimed stays taken."""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def simulator(port: int) -> Iterator[Simulator]:
    settings = SimulatorSettings(
        account_sid=ACCOUNT, auth_token=TOKEN, inbound_url=f"http://localhost:{port}/hooks/twilio/sms"
    )
    outside = Simulator(settings)
    outside.start()
    yield outside
    outside.stop()


@pytest.fixture
def environment(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    return {
        "TMPDIR": str(tmp_path),
        "REMINDERS_DATA_DIR": str(tmp_path / "data"),
        "REMINDERS_TWILIO_ACCOUNT_SID": ACCOUNT,
        "REMINDERS_TWILIO_AUTH_TOKEN": TOKEN,
        "REMINDERS_TWILIO_FROM": SENDER,
        "REMINDERS_TWILIO_BASE_URL": simulator.base_url,
        "REMINDERS_SMTP_URL": f"smtp://127.0.0.1:{simulator.smtp_port}",
        "REMINDERS_MAIL_FROM": "desk@riverside.example",
        "REMINDERS_ALLOW_LIST": "off",
        "REMINDERS_CLOCK": f"{THURSDAY}@{SPEED}",
        "REMINDERS_UNKNOWN_GRACE_SECONDS": "1",
    }


EXPECTED = [
    ("+12125550101", "Your clinic: su cita es vie 5 mar, 9:00"),
    ("+12125550102", "Your clinic: your first session is Tue Mar 9, 10:30"),
    ("+12125550121", "Your clinic: somebody you know would like you to take them home"),
]
"""What falls due by text on that Thursday; the next is due on Friday, minutes of ours later."""
BLANKET = "{{sender}}: bring a blanket."
INVITED = ["+12125550101", "+12125550102", "+12125550104", "+12125550105", "+12125550106"]


@pytest.mark.timeout(240)  # a lease is waited for, and a crowded machine is no fault
def test_up_sends_what_is_due_and_every_part_of_it_may_be_killed_under_load(
    environment: dict[str, str], simulator: Simulator, port: int, tmp_path: Path
) -> None:
    """One run, because its start takes seconds."""
    with running("import", str(SCHEDULE), environment=environment, log=tmp_path / "import.log") as imported:
        assert imported.process.wait(timeout=20) == 0, imported.said
    with running("up", "--port", str(port), environment=environment, log=tmp_path / "up.log") as up:
        up.wait_to_say(f"ready: http://127.0.0.1:{port}")
        assert up.said.splitlines()[0] == "allow-list off: messages go to everybody"
        wait_for(lambda: len(texts(simulator.base_url)) == len(EXPECTED), what="the reminders of the day")
        _send(up, BLANKET)
        wait_for(lambda: len(texts(simulator.base_url)) == len(EXPECTED) + len(INVITED), what="the ad-hoc texts")
        _check_texts(texts(simulator.base_url), callback=f"http://localhost:{port}/hooks/twilio/status/")

        targets = phases(up)
        _send(up, BLANKET.replace("blanket", "book"))
        for name in CHILDREN:
            os.kill(targets[name]["pid"], signal.SIGKILL)
        wait_for(lambda: _all_are_back(up), what="every child after its kill")
        wait_for(lambda: _some_were_told(simulator, "book"), seconds=LEASE, what="texts after the kills")
        _check_that_nothing_was_said_twice(texts(simulator.base_url))
        assert up.status()["ledger"]["balanced"]
        assert up.stop() == 0


def phases(up: Program) -> Mapping[str, Any]:
    return {item["name"]: item for item in up.status()["processes"] if item["name"] in CHILDREN}


def _send(up: Program, text: str) -> None:
    status, said = up.ask("send", "--starting", "2027-03-08..2027-03-18", "--text", text, "--yes")
    assert status == 0, said


def _all_are_back(up: Program) -> bool:
    found = phases(up)
    return all(found[name]["phase"] == "ready" and found[name]["restarts"] == 1 for name in CHILDREN)


def _some_were_told(simulator: Simulator, word: str) -> bool:
    return any(word in text["body"] for text in texts(simulator.base_url))


def _check_texts(sent: list[dict[str, Any]], *, callback: str) -> None:
    reminders, ad_hoc = sent[: len(EXPECTED)], sent[len(EXPECTED) :]
    for text, (phone, beginning) in zip(sorted(reminders, key=lambda text: str(text["to"])), EXPECTED, strict=True):
        assert text["to"] == phone
        assert text["body"].startswith(beginning)
    assert sorted(text["to"] for text in ad_hoc) == INVITED
    assert {text["body"] for text in ad_hoc} == {"Your clinic: bring a blanket."}
    for text in sent:
        assert text["status_callback"].startswith(callback)
        assert 0 < text["validity_period"] <= 36_000


def _check_that_nothing_was_said_twice(sent: list[dict[str, Any]]) -> None:
    said = Counter((text["to"], text["body"]) for text in sent)
    assert max(said.values()) == 1, [key for key, number in said.items() if number > 1]
