"""Slots: what was worked out for one session holds for every other that is alike in all that its times depend on.

A clinic's sessions begin at the same few hours, so of a large schedule most are alike: the hour, the length, the zones
of both sides and the type. Only whom they are about differs, and that is no part of a slot.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from reminders.core.clinics import Clinic
from reminders.core.conditions import Case
from reminders.core.patients import NO_OVERRIDE, Channel
from reminders.core.reminders import PlannedReminder, Reason

MOST_SLOTS = 5000
"""Kept at a time, some 10 MB."""


class Slot:
    """What is known of a slot: its touches by step, channel and what refuses them, and other instants by their name."""

    __slots__ = ("moments", "touches")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.touches: dict[tuple[str, Channel, Reason | None], PlannedReminder] = {}
        self.moments: dict[str, datetime] = {}


class Slots:
    """The slots of one clinic as it is configured now."""

    def __init__(self, clinic: Clinic) -> None:
        """Begin with none."""
        self._clinic = clinic
        self._known: dict[Hashable, Slot] = {}

    def of(self, case: Case) -> Slot:
        """Return the slot of a session, to be read and added to; one of its own where staff changed its cadence."""
        if case.patient.override != NO_OVERRIDE or case.clinic is not self._clinic:
            return Slot()
        about, booking = case.appointment, case.appointment.booking
        hour = (booking.starts_at, booking.duration, booking.timezone, booking.appointment_type)
        key = (hour, about.versioned_at, about.ended_at, case.patient.record.timezone, case.now, case.pauses.days)
        slot = self._known.get(key)
        if slot is None:
            if len(self._known) >= MOST_SLOTS:
                self._known.clear()
            slot = self._known[key] = Slot()
        return slot
