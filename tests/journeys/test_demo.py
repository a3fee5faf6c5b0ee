from __future__ import annotations

import re
import time
from pathlib import Path

import httpx

from tests.journeys.programs import Program, free_port, running, texts, type_text, wait_for

SET_UP, READY = "set-up complete", "The demo is ready"
ASKS_FOR_C = re.compile(r"Reply C to confirm|Responda C(?: para|:) confirmar")
"""What patients are asked; escorts are asked for a C too, and are nobody that staff could name."""


def _verdict(demo: Program, phone: str) -> str | None:
    """Why staff could not text this phone: the sample clinic's numbers end in its patients' numbers plus nine."""
    patient = f"P-{int(phone[-2:]) - 9:03d}"
    words = ("send", "--demo", "--patient", patient, "--channel", "sms", "--text", "Hello")
    _, told = demo.ask_here(*words)
    verdict: str | None = told["recipients"][0]["left_out"]
    return verdict


def confirmed(demo: Program) -> set[str]:
    return {item["patient"] for item in demo.status("--demo")["appointments"] if item["confirmed"]}


def test_a_newcomer_sees_a_reminder_confirms_it_and_stops_another(tmp_path: Path) -> None:
    """The demo's promises, in one run because its start takes seconds."""
    port, simulator_port = free_port(), free_port()
    url, simulator = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}"
    callers = {"TMPDIR": str(tmp_path), "REMINDERS_TWILIO_BASE_URL": "https://api.twilio.com", "REMINDERS_CLOCK": "x"}
    words = ("demo", "--port", str(port), "--simulator-port", str(simulator_port))
    with running(*words, environment=callers, log=tmp_path / "demo.log") as demo:
        demo.wait_to_say(SET_UP)
        began = time.monotonic()
        demo.wait_to_say(READY)
        wait_for(lambda: bool(texts(simulator)), what="a reminder on a phone")
        assert time.monotonic() - began < 30
        asking = _wait_for_phones_that_are_asked(simulator, at_least=8)

        type_text(simulator, asking[0], "C")
        wait_for(lambda: len(confirmed(demo)) == 1, what="the confirmation in `reminders status`")
        assert "confirmed" in httpx.get(url).text.lower()
        assert "Coming sessions" in demo.ask("status", "--demo")[1]

        assert _verdict(demo, asking[1]) is None
        suppressed = demo.status("--demo")["ledger"]["reminders"]["suppressed"]
        type_text(simulator, asking[1], "STOP")
        wait_for(lambda: _verdict(demo, asking[1]) == "opted_out", what="the opt-out")
        assert demo.status("--demo")["ledger"]["reminders"]["suppressed"] > suppressed

        assert demo.status("--demo")["ledger"]["balanced"]
        assert demo.stop() == 0
    assert "everything has stopped" in demo.said
    assert {path.name for path in tmp_path.iterdir()} == {"demo.log"}


def _wait_for_phones_that_are_asked(simulator: str, *, at_least: int) -> list[str]:
    def asked() -> list[str]:
        return [text["to"] for text in texts(simulator) if ASKS_FOR_C.search(text["body"])]

    wait_for(lambda: len(asked()) >= at_least, what="phones that are asked to confirm")
    return asked()
