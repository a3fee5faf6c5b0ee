"""The table of faults: for each code its area, how bad it is, what it means, and the one next thing to do."""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.examination.codes import Code, Fault
from reminders.core.examination.part_faults import BROKER, MAIL, PROVIDER, RUNNING, WEBHOOKS
from reminders.core.examination.setup_faults import CONFIGURATION, DATABASE

FAULTS: Mapping[Code, Fault] = {**CONFIGURATION, **DATABASE, **BROKER, **PROVIDER, **WEBHOOKS, **MAIL, **RUNNING}
"""Total over the codes."""
