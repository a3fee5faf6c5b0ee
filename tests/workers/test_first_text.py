"""A worker's first text waits for nothing that could have been done before: no import comes after its intent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOADED = """
import sys
from workers.services import services
before = "twilio.rest" in sys.modules
services().load_ahead()
print(before, "twilio.rest.api.v2010.account.message" in sys.modules, "reminders.adapters.twilio.wire" in sys.modules)
"""


def test_what_the_first_text_needs_is_loaded_ahead_and_only_by_those_who_ask(tmp_path: Path) -> None:
    environment = {"REMINDERS_DATA_DIR": str(tmp_path), "REMINDERS_TWILIO_BASE_URL": "http://127.0.0.1:1"}
    ran = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True", "True"]
