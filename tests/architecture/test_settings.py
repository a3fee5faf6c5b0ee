from __future__ import annotations

import re

from reminders.settings import Settings
from tests.architecture.sources import ROOT


def test_the_table_in_the_readme_equals_the_settings() -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("|")]
    shown = {name for row in rows for name in re.findall(r"`(REMINDERS_[A-Z_]+)`", row.split("|")[1])}
    real = {f"REMINDERS_{name.upper()}" for name in Settings.model_fields}
    assert shown == real, (
        "who runs the service reads the README's table, not our code: both must name the same settings"
    )
