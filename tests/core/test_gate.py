"""Requirements 3, 7, 12, 14 and 31 to 33: the one question before every message leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE, Phase
from reminders.core.caps import Coming, Traffic, importance
from reminders.core.clinics import Caps
from reminders.core.consent import OPT_OUT_CONFIRMED
from reminders.core.gate import (
    LEAST_USEFUL_LIFE,
    LONGEST_VALIDITY,
    UNASKED,
    Candidate,
    Expire,
    Hold,
    Origin,
    Send,
    Suppress,
    may_send,
    unneeded,
    validity,
)
from reminders.core.patients import Recipient
from reminders.core.reminders import REVIVABLE, Reason
from reminders.core.windows import DEFAULT_WINDOW, Opening, SendWindow, is_open, local_day
from tests.builders import NEW_YORK, NOON, an_appointment, local

HOUR = timedelta(hours=1)
VISIT = an_appointment()
OFF = replace(VISIT, booking=replace(VISIT.booking, status=AppointmentStatus.CANCELLED))
NO_SHOW = replace(VISIT, booking=replace(VISIT.booking, status=AppointmentStatus.NOSHOW))
NEVER_OPEN = SendWindow(((),) * 7)
FULL_DAY = Traffic((NOON - 2 * HOUR, NOON - HOUR))
FULL_WEEK = Traffic(tuple(NOON - timedelta(days=days) for days in range(1, 7)) + FULL_DAY.left)
GOOD = Candidate(
    origin=Origin.REMINDER,
    kind="remind_confirm",
    version=1,
    expires_at=NOON + timedelta(days=3),
    appointment=VISIT,
    asks=None,
    has_consent=True,
    is_opted_out=False,
    has_address_fault=False,
    is_on_allow_list=True,
    zone=ZoneInfo(NEW_YORK),
    window=DEFAULT_WINDOW,
    caps=Caps(),
    traffic=Traffic(),
)


def test_what_has_nothing_against_it_is_sent() -> None:
    assert may_send(GOOD, now=NOON) == Send()
    assert may_send(replace(GOOD, appointment=None, version=None), now=NOON) == Send()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_opted_out": True}, Reason.OPTED_OUT),
        ({"has_address_fault": True}, Reason.ADDRESS_FAULT),
        ({"is_on_allow_list": False}, Reason.NOT_ON_ALLOW_LIST),
        ({"has_consent": False}, Reason.NO_CONSENT),
        ({"version": 0}, Reason.SUPERSEDED),
        ({"appointment": OFF}, Reason.APPOINTMENT_OFF),
        ({"appointment": NO_SHOW}, Reason.APPOINTMENT_OFF),
        ({"appointment": replace(VISIT, confirmed_version=1)}, Reason.ALREADY_CONFIRMED),
        ({"appointment": replace(VISIT, ride_version=1), "kind": "ride_check"}, Reason.RIDE_ARRANGED),
        ({"pause": Reason.ON_HOLD}, Reason.ON_HOLD),
        ({"pause": Reason.SERIES_STOPPED}, Reason.SERIES_STOPPED),
        ({"pause": Reason.ON_HOLD, "kind": "moved"}, Reason.ON_HOLD),
        ({"is_overtaken": True}, Reason.OVERTAKEN),
        ({"is_overtaken": True, "pause": Reason.ON_HOLD}, Reason.OVERTAKEN),
        ({"traffic": FULL_WEEK}, Reason.CAP),
        ({"traffic": FULL_DAY, "expires_at": NOON + 20 * HOUR}, Reason.CAP),
        ({"window": NEVER_OPEN}, Reason.QUIET_HOURS),
    ],
)
def test_each_refusal_has_its_reason(changes: dict[str, Any], reason: Reason) -> None:
    assert may_send(replace(GOOD, **changes), now=NOON) == Suppress(reason)


CONFIRMATION = replace(
    GOOD,
    origin=Origin.ANSWER,
    kind=OPT_OUT_CONFIRMED,
    version=None,
    appointment=None,
    has_consent=False,
    is_opted_out=True,
    opted_out_at=NOON - timedelta(minutes=1),
    expires_at=NOON + timedelta(minutes=4),
)


def test_the_one_confirmation_reaches_who_just_opted_out_at_any_hour() -> None:
    assert may_send(CONFIRMATION, now=NOON) == Send()
    assert may_send(replace(CONFIRMATION, window=NEVER_OPEN), now=NOON) == Send()


@pytest.mark.parametrize(
    "changes",
    [
        *({"origin": origin} for origin in Origin if origin is not Origin.ANSWER),
        {"kind": "help"},
        {"kind": "remind_confirm"},
        {"kind": "answer_confirmed"},
        {"recipient": Recipient.STAFF},
        {"opted_out_at": None},
        {"opted_out_at": NOON - timedelta(minutes=5)},
        {"opted_out_at": NOON - timedelta(days=1)},
        {"opted_out_at": NOON + timedelta(seconds=1)},
        {"overrides_quiet_hours": True, "kind": "ad_hoc"},
    ],
)
def test_nothing_else_passes_an_opt_out(changes: dict[str, Any]) -> None:
    assert may_send(replace(CONFIRMATION, **changes), now=NOON) == Suppress(Reason.OPTED_OUT)


def test_a_confirmation_of_an_opt_out_obeys_the_rest_of_the_gate() -> None:
    assert may_send(replace(CONFIRMATION, has_address_fault=True), now=NOON) == Suppress(Reason.ADDRESS_FAULT)
    assert may_send(replace(CONFIRMATION, is_on_allow_list=False), now=NOON) == Suppress(Reason.NOT_ON_ALLOW_LIST)
    assert may_send(replace(CONFIRMATION, expires_at=NOON), now=NOON) == Expire()


@given(
    origin=st.sampled_from(Origin),
    kind=st.sampled_from([OPT_OUT_CONFIRMED, "help", "answer_help", "remind_final", "ride_check", "checkin_24h"]),
    minutes=st.integers(-10, 60 * 24 * 400),
    recipient=st.sampled_from(Recipient),
    is_override=st.booleans(),
    has_consent=st.booleans(),
)
def test_whatever_leaves_for_an_opted_out_address_confirms_an_opt_out_of_minutes_ago(
    origin: Origin,
    kind: str,
    minutes: int,
    recipient: Recipient,
    *,
    is_override: bool,
    has_consent: bool,
) -> None:
    candidate = replace(
        CONFIRMATION,
        origin=origin,
        kind=kind,
        recipient=recipient,
        overrides_quiet_hours=is_override,
        has_consent=has_consent,
        opted_out_at=NOON - timedelta(minutes=minutes),
    )
    is_the_one = origin is Origin.ANSWER and kind == OPT_OUT_CONFIRMED and recipient is not Recipient.STAFF
    is_sent = may_send(candidate, now=NOON) == Send()
    assert is_sent == (is_the_one and 0 <= minutes < 5)


def test_refusals_have_an_order_and_the_opt_out_is_first() -> None:
    everything = replace(
        GOOD,
        is_opted_out=True,
        has_address_fault=True,
        is_on_allow_list=False,
        has_consent=False,
        version=0,
        appointment=replace(OFF, confirmed_version=1),
        expires_at=NOON - HOUR,
    )
    steps: list[tuple[dict[str, Any], Reason]] = [
        ({"is_opted_out": False}, Reason.OPTED_OUT),
        ({"has_address_fault": False}, Reason.ADDRESS_FAULT),
        ({"is_on_allow_list": True}, Reason.NOT_ON_ALLOW_LIST),
        ({"has_consent": True}, Reason.NO_CONSENT),
        ({"version": 1}, Reason.SUPERSEDED),
        ({"appointment": replace(VISIT, confirmed_version=1)}, Reason.APPOINTMENT_OFF),
        ({"appointment": VISIT}, Reason.ALREADY_CONFIRMED),
    ]
    for remedy, reason in steps:
        assert may_send(everything, now=NOON) == Suppress(reason)
        everything = replace(everything, **remedy)
    assert may_send(everything, now=NOON) == Expire()


def test_a_cancellation_is_told_though_the_visit_is_off_and_a_past_version_is_not() -> None:
    assert may_send(replace(GOOD, kind="cancelled", appointment=OFF), now=NOON) == Send()
    assert may_send(replace(GOOD, kind="cancelled", appointment=OFF, version=0), now=NOON) == Suppress(
        Reason.SUPERSEDED
    )


def test_the_escort_hears_that_the_visit_is_off_and_nothing_else_of_it() -> None:
    escort = replace(GOOD, recipient=Recipient.ESCORT, appointment=OFF)
    assert may_send(replace(escort, kind="pick_up_off"), now=NOON) == Send()
    assert may_send(replace(escort, kind="pick_up"), now=NOON) == Suppress(Reason.APPOINTMENT_OFF)


@pytest.mark.parametrize("kind", ["outcome_7d", "outcome_14d"])
def test_a_series_is_asked_for_its_outcome_though_nobody_came_to_its_last_session(kind: str) -> None:
    step = DEFAULT_CADENCE.step(kind)
    assert step is not None
    outcome = replace(GOOD, kind=kind, phase=step.phase)
    assert may_send(replace(outcome, appointment=NO_SHOW), now=NOON) == Send()
    assert may_send(replace(outcome, appointment=OFF), now=NOON) == Suppress(Reason.APPOINTMENT_OFF)


@pytest.mark.parametrize("phase", [Phase.NOTICE, Phase.BEFORE, Phase.AFTER, Phase.REBOOK])
def test_what_is_about_a_session_that_nobody_came_to_is_not_sent(phase: Phase) -> None:
    candidate = replace(GOOD, kind="checkin_24h", phase=phase, appointment=NO_SHOW)
    assert may_send(candidate, now=NOON) == Suppress(Reason.APPOINTMENT_OFF)


def test_a_pause_can_be_taken_back_and_binds_only_what_we_send_by_ourselves() -> None:
    assert {Reason.ON_HOLD, Reason.SERIES_STOPPED} <= REVIVABLE
    staff = replace(GOOD, origin=Origin.STAFF, pause=Reason.ON_HOLD)
    assert may_send(staff, now=NOON) == Send()


def test_a_confirmation_or_a_ride_of_an_earlier_version_does_not_count() -> None:
    moved = replace(VISIT, version=2, confirmed_version=1, ride_version=1)
    assert unneeded("remind_confirm", moved) is None
    assert unneeded("ride_check", moved) is None
    assert unneeded("remind_final", replace(VISIT, confirmed_version=1, ride_version=1)) is None


@pytest.mark.parametrize("origin", [Origin.STAFF, Origin.ANSWER, Origin.ALERT])
def test_what_a_person_wanted_is_not_bound_to_the_state_of_a_visit_nor_to_caps(origin: Origin) -> None:
    candidate = replace(GOOD, origin=origin, appointment=OFF, version=0, traffic=FULL_WEEK)
    assert may_send(candidate, now=NOON) == Send()


def test_an_answer_and_a_call_to_staff_need_no_recorded_consent_and_what_we_start_does() -> None:
    verdicts = {origin: may_send(replace(GOOD, origin=origin, has_consent=False), now=NOON) for origin in Origin}
    refused = Suppress(Reason.NO_CONSENT)
    assert verdicts == {
        Origin.REMINDER: refused,
        Origin.STAFF: refused,
        Origin.ANSWER: Send(),
        Origin.ALERT: Send(),
    }


def test_in_quiet_hours_a_message_is_held_until_they_end() -> None:
    assert may_send(GOOD, now=local("2027-03-02 22:00")) == Hold(local("2027-03-03 09:00"), Reason.QUIET_HOURS)


def test_in_quiet_hours_a_message_that_would_be_useless_by_then_is_not_held() -> None:
    candidate = replace(GOOD, expires_at=local("2027-03-03 09:00"))
    assert may_send(candidate, now=local("2027-03-02 22:00")) == Suppress(Reason.QUIET_HOURS)


def test_answers_and_a_recorded_override_are_exempt_from_quiet_hours() -> None:
    night = local("2027-03-02 22:00")
    assert may_send(replace(GOOD, origin=Origin.ANSWER), now=night) == Send()
    assert may_send(replace(GOOD, origin=Origin.STAFF, overrides_quiet_hours=True), now=night) == Send()
    assert may_send(replace(GOOD, origin=Origin.STAFF), now=night) == Hold(
        local("2027-03-03 09:00"), Reason.QUIET_HOURS
    )


def test_a_full_day_holds_until_the_next_day_opens() -> None:
    held = may_send(replace(GOOD, traffic=FULL_DAY), now=NOON)
    assert held == Hold(local("2027-03-03 09:00"), Reason.CAP)


def test_a_full_day_ends_at_a_midnight_that_may_not_exist() -> None:
    always = SendWindow(((Opening(time(0), time(0)),),) * 7)
    zone, now = ZoneInfo("Asia/Beirut"), datetime(2027, 3, 27, 10, tzinfo=UTC)
    full = Traffic((now - 2 * HOUR, now - HOUR))
    candidate = replace(GOOD, zone=zone, window=always, traffic=full, expires_at=now + timedelta(days=3))
    held = may_send(candidate, now=now)
    assert held == Hold(datetime(2027, 3, 27, 22, tzinfo=UTC), Reason.CAP)
    assert isinstance(held, Hold)
    assert held.until.tzinfo is UTC


@pytest.mark.parametrize("kind", ["remind_final", "moved", "cancelled"])
def test_the_last_reminder_and_news_of_a_change_are_never_capped(kind: str) -> None:
    appointment = OFF if kind == "cancelled" else VISIT
    assert may_send(replace(GOOD, kind=kind, appointment=appointment, traffic=FULL_WEEK), now=NOON) == Send()


def test_what_an_escort_gets_is_not_capped() -> None:
    assert may_send(replace(GOOD, recipient=Recipient.ESCORT, traffic=FULL_WEEK), now=NOON) == Send()


def test_room_is_kept_for_what_matters_more_and_is_still_to_come_today() -> None:
    coming = Coming(NOON + 3 * HOUR, importance({"ride_check"}))
    busy = replace(GOOD, kind="booked", traffic=Traffic((NOON - HOUR,), (coming,)))
    assert may_send(busy, now=NOON) == Hold(local("2027-03-03 09:00"), Reason.CAP)
    assert may_send(replace(busy, expires_at=NOON + 20 * HOUR), now=NOON) == Suppress(Reason.CAP)


def test_a_message_gives_way_as_late_as_the_best_of_its_parts() -> None:
    coming = Coming(NOON + 3 * HOUR, importance({"remind_confirm"}))
    busy = replace(GOOD, kind="day_of", traffic=Traffic((NOON - HOUR,), (coming,)))
    assert isinstance(may_send(busy, now=NOON), Hold)
    assert may_send(replace(busy, carries=frozenset({"ride_check"})), now=NOON) == Send()


def test_a_message_within_a_minute_of_its_end_is_not_sent() -> None:
    assert may_send(replace(GOOD, expires_at=NOON + LEAST_USEFUL_LIFE), now=NOON) == Send()
    assert may_send(replace(GOOD, expires_at=NOON + timedelta(seconds=59)), now=NOON) == Expire()


candidates = st.builds(
    Candidate,
    origin=st.sampled_from(Origin),
    kind=st.sampled_from(["remind_confirm", "remind_final", "ride_check", "cancelled", "checkin_24h", "staff"]),
    version=st.sampled_from([None, 0, 1]),
    expires_at=st.integers(-10, 200).map(lambda hours: NOON + hours * HOUR),
    appointment=st.sampled_from([None, VISIT, OFF, replace(VISIT, confirmed_version=1, ride_version=1)]),
    asks=st.none(),
    has_consent=st.booleans(),
    is_opted_out=st.booleans(),
    has_address_fault=st.booleans(),
    is_on_allow_list=st.booleans(),
    zone=st.sampled_from([ZoneInfo(NEW_YORK), ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Chatham")]),
    window=st.sampled_from([DEFAULT_WINDOW, NEVER_OPEN]),
    caps=st.just(Caps()),
    traffic=st.sampled_from([Traffic(), FULL_DAY, FULL_WEEK]),
    overrides_quiet_hours=st.booleans(),
    recipient=st.sampled_from(Recipient),
    carries=st.sampled_from([frozenset(), frozenset({"ride_check"})]),
    phase=st.sampled_from([None, *Phase]),
    pause=st.sampled_from([None, Reason.ON_HOLD, Reason.SERIES_STOPPED]),
)
nows = st.integers(0, 7 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(candidate=candidates, now=nows)
def test_nothing_beats_an_opt_out(candidate: Candidate, now: datetime) -> None:
    assert may_send(replace(candidate, is_opted_out=True), now=now) == Suppress(Reason.OPTED_OUT)


@given(candidate=candidates, now=nows)
def test_nothing_leaves_outside_the_window_past_its_use_or_over_the_cap(candidate: Candidate, now: datetime) -> None:
    clean = replace(candidate, is_opted_out=False, has_address_fault=False, is_on_allow_list=True)
    match may_send(clean, now=now):
        case Send():
            assert now < clean.expires_at
            is_exempt = clean.origin in UNASKED or clean.overrides_quiet_hours
            assert is_exempt or is_open(now, clean.zone, clean.window)
            assert clean.has_consent or clean.origin in UNASKED
        case Hold(until=until, reason=reason):
            assert now < until < clean.expires_at
            assert is_open(until, clean.zone, clean.window)
            assert reason is Reason.QUIET_HOURS or local_day(until, clean.zone) > local_day(now, clean.zone)
        case Suppress() | Expire():
            pass


@pytest.mark.parametrize(
    ("expires", "closes", "expected"),
    [
        (5 * HOUR, None, 5 * HOUR),
        (5 * HOUR, 3 * HOUR, 3 * HOUR),
        (3 * HOUR, 5 * HOUR, 3 * HOUR),
        (30 * HOUR, None, LONGEST_VALIDITY),
        (timedelta(0), None, timedelta(seconds=1)),
        (-HOUR, HOUR, timedelta(seconds=1)),
    ],
)
def test_the_provider_may_try_until_the_message_is_useless_or_the_window_closes(
    expires: timedelta, closes: timedelta | None, expected: timedelta
) -> None:
    assert validity(NOON + expires, None if closes is None else NOON + closes, now=NOON) == expected


@given(expires=st.integers(-(10**6), 10**6), closes=st.none() | st.integers(-(10**6), 10**6))
def test_a_validity_is_always_one_that_the_provider_takes(expires: int, closes: int | None) -> None:
    closing = None if closes is None else NOON + timedelta(seconds=closes)
    found = validity(NOON + timedelta(seconds=expires), closing, now=NOON)
    assert timedelta(seconds=1) <= found <= timedelta(seconds=36_000)
