from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminders.core.clinics import Caps
from reminders.core.patients import Channel, Patient
from reminders.core.reach import Circumstances, Posting, reach
from reminders.core.reminders import Reason
from reminders.core.windows import DEFAULT_WINDOW, SendWindow
from tests.builders import NEW_YORK, NOON, a_patient, a_record, an_appointment, local

NIGHT, MORNING = local("2027-03-02 22:00"), local("2027-03-03 09:00")
NEVER = SendWindow(((),) * 7)
POSTING = Posting(NOON, DEFAULT_WINDOW, Caps(), lambda _address: True)
GROUP = replace(POSTING, is_group=True)
KNOWN = Circumstances(ZoneInfo(NEW_YORK))
DANA = a_patient()
BOTH = frozenset(Channel)
SMS, EMAIL = Channel.SMS, Channel.EMAIL


@pytest.mark.parametrize(
    ("patient", "posting", "channel", "left_out"),
    [
        (DANA, POSTING, SMS, None),
        (DANA, replace(POSTING, channel=EMAIL), EMAIL, None),
        (a_patient(a_record(phone=None)), POSTING, EMAIL, None),
        (a_patient(a_record(phone=None)), replace(POSTING, channel=SMS), None, Reason.NO_ADDRESS),
        (a_patient(a_record(phone=None, email=None)), POSTING, None, Reason.NO_ADDRESS),
        (a_patient(a_record(has_sms_consent=False)), POSTING, EMAIL, None),
        (a_patient(a_record(has_sms_consent=False, has_email_consent=False)), POSTING, None, Reason.NO_CONSENT),
        (a_patient(closed=frozenset({SMS})), POSTING, EMAIL, None),
        (a_patient(closed=frozenset({SMS})), replace(POSTING, channel=SMS), None, Reason.OPTED_OUT),
        (a_patient(closed=BOTH), POSTING, None, Reason.OPTED_OUT),
        (replace(a_patient(closed=BOTH), faulty=BOTH), POSTING, None, Reason.ADDRESS_FAULT),
        (replace(a_patient(closed=BOTH), faulty=frozenset({SMS})), POSTING, None, Reason.OPTED_OUT),
        (DANA, replace(POSTING, permits=lambda address: "@" in address), EMAIL, None),
        (DANA, replace(POSTING, permits=lambda _address: False), None, Reason.NOT_ON_ALLOW_LIST),
    ],
)
def test_by_which_channel_and_who_is_left_out(
    patient: Patient, posting: Posting, channel: Channel | None, left_out: Reason | None
) -> None:
    found = reach(patient, posting, KNOWN)
    assert (found.channel, found.left_out) == (channel, left_out)


@pytest.mark.parametrize("is_group", [True, False])
@pytest.mark.parametrize("exceeds", [True, False])
@pytest.mark.parametrize("overrides", [True, False])
def test_nothing_overrides_an_opt_out(*, is_group: bool, exceeds: bool, overrides: bool) -> None:
    posting = replace(POSTING, is_group=is_group, exceeds_caps=exceeds, overrides_quiet_hours=overrides)
    assert reach(a_patient(closed=BOTH), posting, KNOWN).left_out is Reason.OPTED_OUT


@pytest.mark.parametrize("pause", [Reason.ON_HOLD, Reason.SERIES_STOPPED])
def test_of_a_group_who_is_on_hold_is_left_out_and_one_patient_alone_is_noted(pause: Reason) -> None:
    paused = replace(KNOWN, pause=pause)
    assert reach(DANA, GROUP, paused).left_out is pause
    alone = reach(DANA, POSTING, paused)
    assert (alone.left_out, alone.notes) == (None, (pause,))


@pytest.mark.parametrize(
    ("lately", "is_enough"),
    [
        ([], False),
        ([NOON - timedelta(hours=1)], False),
        ([NOON - timedelta(hours=1), NOON + timedelta(hours=1)], True),
        ([NOON - timedelta(hours=13), NOON - timedelta(hours=1)], False),
        ([NOON - timedelta(days=n) for n in range(1, 8)], False),
        ([NOON - timedelta(hours=20 * n) for n in range(1, 9)], True),
        ([NOON - timedelta(days=7, hours=n) for n in range(9)], False),
    ],
)
def test_who_had_enough_messages_is_left_out_of_a_group(lately: list[datetime], *, is_enough: bool) -> None:
    known = replace(KNOWN, lately=lately)
    assert reach(DANA, GROUP, known).left_out == (Reason.CAP if is_enough else None)
    assert reach(DANA, POSTING, known).notes == ((Reason.CAP,) if is_enough else ())
    assert reach(DANA, replace(GROUP, exceeds_caps=True), known).left_out is None


def test_quiet_hours_hold_until_they_end_where_the_patient_is() -> None:
    night = replace(POSTING, due_at=NIGHT)
    held = reach(DANA, night, KNOWN)
    assert (held.left_out, held.held_until) == (None, MORNING)
    assert held.expires_at == MORNING + timedelta(hours=24)
    assert reach(DANA, night, replace(KNOWN, zone=ZoneInfo("America/Los_Angeles"))).held_until is None
    assert reach(DANA, replace(night, overrides_quiet_hours=True), KNOWN).held_until is None
    assert reach(DANA, replace(POSTING, window=NEVER), KNOWN).left_out is Reason.QUIET_HOURS


def test_what_would_come_after_the_session_began_is_not_sent() -> None:
    early = replace(KNOWN, about=an_appointment(local("2027-03-03 08:00")))
    assert reach(DANA, replace(GROUP, due_at=NIGHT), early).left_out is Reason.QUIET_HOURS
    overriding = reach(DANA, replace(GROUP, due_at=NIGHT, overrides_quiet_hours=True), early)
    assert (overriding.left_out, overriding.expires_at) == (None, local("2027-03-03 08:00"))
    at_once = replace(KNOWN, about=an_appointment(NOON + timedelta(seconds=30)))
    assert reach(DANA, GROUP, at_once).left_out is Reason.TOO_LATE
    over = replace(KNOWN, about=an_appointment(NOON - timedelta(hours=1)))
    assert reach(DANA, GROUP, over).left_out is None, "those who were here may be written to"
