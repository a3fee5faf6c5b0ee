import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from reminders.simulator import Simulator, SimulatorSettings
from reminders.simulator.__main__ import main
from tests.simulator.conftest import ACCOUNT, SENDER, TOKEN
from tests.simulator.test_mail import a_mail, send

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
ANA = "+15005550101"


@contextmanager
def program(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    command = [sys.executable, "-m", "reminders.simulator", "--port", "0", "--smtp-port", "0"]
    identity = ["--account-sid", ACCOUNT, "--auth-token", TOKEN]
    with subprocess.Popen([*command, *identity, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_the_program_says_its_ports_in_one_line_and_stops_on_request() -> None:
    with program("--delivery-seconds", "0.01") as (process, ports):
        assert set(ports) == {"http", "smtp"}
        url = f"http://127.0.0.1:{ports['http']}"
        sent = httpx.post(url + MESSAGES, data={"To": ANA, "From": SENDER, "Body": "Hi"}, auth=(ACCOUNT, TOKEN))
        assert sent.status_code == 201
        assert len(httpx.get(f"{url}/control/messages").json()["messages"]) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--faults", "meteor=1"], "unknown fault 'meteor'"),
        (["--zone", "Mars/Base"], "unknown time zone"),
        (["--people", "/nowhere.json"], "/nowhere.json"),
    ],
)
def test_a_wrong_argument_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
    try:
        code = main(["--account-sid", ACCOUNT, "--auth-token", TOKEN, *arguments])
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert complaint in capsys.readouterr().err


def test_a_restart_with_the_same_journal_forgets_nothing(tmp_path: Path) -> None:
    settings = SimulatorSettings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        journal=tmp_path / "journal.jsonl",
        delivery_time=timedelta(seconds=0.01),
    )
    with Simulator(settings) as first:
        first.fail_next("error_500")
        for body in ("Refused", "Hello", "Again"):
            params = {"To": ANA, "From": SENDER, "Body": body, "ValidityPeriod": "60"}
            httpx.post(first.base_url + MESSAGES, data=params, auth=(ACCOUNT, TOKEN))
        first.settle()
        first.text_from(ANA, "STOP")
        send(first, a_mail())
        before = (first.texts, first.calls, first.mails)
    with Simulator(settings) as second:
        assert (second.texts, second.calls, second.mails) == before
        refused = httpx.post(
            second.base_url + MESSAGES, data={"To": ANA, "From": SENDER, "Body": "x"}, auth=(ACCOUNT, TOKEN)
        )
        assert refused.json()["code"] == 21610
        assert second.calls[-1].number == 4


def test_only_the_newest_messages_and_mails_are_kept() -> None:
    settings = SimulatorSettings(account_sid=ACCOUNT, auth_token=TOKEN, keep=3, delivery_time=timedelta(0))
    with Simulator(settings) as simulator, httpx.Client(base_url=simulator.base_url, auth=(ACCOUNT, TOKEN)) as http:
        for number in range(5):
            http.post(MESSAGES, data={"To": ANA, "From": SENDER, "Body": f"No. {number}"})
            send(simulator, a_mail())
        assert [message.body for message in simulator.messages] == ["No. 2", "No. 3", "No. 4"]
        assert len(http.get(MESSAGES, params={"To": ANA}).json()["messages"]) == 3
        assert [mail.number for mail in simulator.mails] == [3, 4, 5]
        assert len(simulator.calls) == 3
