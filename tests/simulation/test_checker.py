from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import local
from tests.simulation.checker import Checker, Rule
from tests.simulation.facts import (
    AddressIs,
    ClinicIs,
    Contradicted,
    Fact,
    MessageIs,
    MessageLeft,
    Over,
    Part,
    PausedIs,
    PersonIs,
    ReminderIs,
    Replanned,
    SessionIs,
    TaskIs,
)
from tests.simulation.town import USUAL

PHONE = "+12025550101"
CLINIC = ClinicIs("riverside", "America/New_York", USUAL)
NIGHTLY = replace(
    CLINIC, week=(*USUAL[:4], ((local("2027-03-19 11:00").time(), local("2027-03-19 05:00").time()),), *USUAL[5:])
)
PERSON = PersonIs("P1", "riverside", None, frozenset({"sms"}))
KNOWN = local("2027-03-01 12:00")
SESSION = SessionIs("A1", "P1", 1, local("2027-03-16 10:00"), 60, "booked", "S1", at=KNOWN)
DONE = replace(SESSION, status="fulfilled")
NEXT = replace(SESSION, key="A2", starts_at=local("2027-03-17 09:30"))
BASE = (CLINIC, PERSON, SESSION)
EVENING = local("2027-03-18 20:00")
"""The evening after everything."""


def left(at: datetime, step: str = "remind_final", **parts: Any) -> MessageLeft:  # noqa: ANN401 - any field of a fact
    carried = (Part("A1", 1, step),)
    expires_at = at + timedelta(hours=1)
    usual = MessageLeft(at, f"M{at}", "P1", "sms", PHONE, "reminder", "patient", step, at, expires_at, carried)
    return replace(usual, **parts)


def at(text: str, step: str = "remind_final", **parts: object) -> MessageLeft:
    return left(local(text), step, **parts)


def ended(state: str, reason: str | None, step: str = "remind_final") -> ReminderIs:
    return ReminderIs(Part("A1", 1, step), "patient", "sms", state, reason)


SENT = ended("dispatched", None)
GOOD = at("2027-03-15 10:00")
THREE = tuple(
    at(f"2027-03-13 1{hour}:00", step) for hour, step in enumerate(("booked", "prep_first", "remind_confirm"))
)
WEEKLY = tuple(left(local("2027-03-08 10:00") + timedelta(hours=18 * n), "booked", parts=()) for n in range(9))
FAULTY: dict[str, tuple[Rule, Sequence[Fact]]] = {
    "a text before the window opens": (Rule.WINDOW, (*BASE, at("2027-03-15 08:59"))),
    "a text when the window closes": (Rule.WINDOW, (*BASE, at("2027-03-15 20:00"))),
    "a text on Sunday morning": (Rule.WINDOW, (*BASE, at("2027-03-14 11:59", "remind_confirm"))),
    "a text in the clinic's hours that are night for its reader": (
        Rule.WINDOW,
        (CLINIC, replace(PERSON, zone="Pacific/Honolulu"), SESSION, GOOD),
    ),
    "a text after its own end": (Rule.USEFUL, (*BASE, replace(GOOD, expires_at=GOOD.at))),
    "a reminder when the fast has begun": (Rule.USEFUL, (*BASE, at("2027-03-16 09:00"))),
    "a question to confirm a day before": (Rule.USEFUL, (*BASE, at("2027-03-15 10:00", "remind_confirm"))),
    "a check-in that is too late": (Rule.USEFUL, (CLINIC, PERSON, DONE, at("2027-03-18 10:00", "checkin_24h"))),
    "a reminder of a cancelled session": (Rule.CURRENT, (*BASE, replace(SESSION, status="cancelled"), GOOD)),
    "a reminder of a session that nobody came to": (Rule.CURRENT, (*BASE, replace(SESSION, status="noshow"), GOOD)),
    "a reminder of the time before a move": (Rule.CURRENT, (*BASE, replace(SESSION, version=2), GOOD)),
    "a cancellation of a session that is on": (Rule.CURRENT, (*BASE, at("2027-03-15 10:00", "cancelled"))),
    "a text to who opted out": (Rule.PERMITTED, (*BASE, AddressIs(PHONE, is_open=False), GOOD)),
    "a text to who never agreed": (Rule.PERMITTED, (CLINIC, replace(PERSON, channels=frozenset()), SESSION, GOOD)),
    "a mail to who agreed to texts": (Rule.PERMITTED, (*BASE, replace(GOOD, channel="email"))),
    "a text to who is on hold": (Rule.PERMITTED, (*BASE, PausedIs("P1", is_paused=True), GOOD)),
    "a text about a stopped series": (Rule.PERMITTED, (*BASE, PausedIs("S1", is_paused=True), GOOD)),
    "a text to an escort who said nothing": (Rule.PERMITTED, (*BASE, replace(GOOD, recipient="escort"))),
    "a third text on one day": (Rule.PER_DAY, (*BASE, *THREE)),
    "a ninth text in seven days": (Rule.PER_WEEK, (CLINIC, PERSON, SESSION, *WEEKLY)),
    "a check-in before the session's end": (
        Rule.CHECK_IN,
        (CLINIC, PERSON, DONE, at("2027-03-16 11:30", "checkin_24h")),
    ),
    "a check-in before its real end": (
        Rule.CHECK_IN,
        (CLINIC, PERSON, replace(DONE, ended_at=local("2027-03-16 15:00")), at("2027-03-16 14:00", "checkin_24h")),
    ),
    "a check-in after the next session began": (
        Rule.CHECK_IN,
        (CLINIC, PERSON, DONE, NEXT, at("2027-03-17 11:40", "checkin_24h")),
    ),
    "a check-in after a session that nobody marked": (Rule.CHECK_IN, (*BASE, at("2027-03-17 11:40", "checkin_24h"))),
    "a reminder twice": (Rule.ONCE, (*BASE, GOOD, at("2027-03-15 11:00"))),
    "a check-in once for each time it was marked": (
        Rule.ONCE,
        (
            CLINIC,
            PERSON,
            DONE,
            at("2027-03-17 11:40", "checkin_24h"),
            replace(DONE, version=2),
            at("2027-03-17 12:40", "checkin_24h", parts=(Part("A1", 2, "checkin_24h"),)),
        ),
    ),
    "a session without its reminder": (Rule.PLANNED, (*BASE, Over(EVENING))),
    "a reminder that waits for ever": (Rule.SETTLED, (*BASE, ended("planned", None), Over(EVENING))),
    "a reminder that ended without a reason": (Rule.SETTLED, (*BASE, ended("suppressed", None), Over(EVENING))),
    "a message that waits for ever": (
        Rule.SETTLED,
        (*BASE, SENT, MessageIs("M1", "A1", "reminder", "remind_final", "held", "cap"), Over(EVENING)),
    ),
    "no hour left, and nobody was told": (Rule.WORKLIST, (*BASE, ended("suppressed", "no_window"), Over(EVENING))),
    "too late, and nobody was told": (Rule.WORKLIST, (*BASE, ended("expired", "too_late"), Over(EVENING))),
    "told about another session": (
        Rule.WORKLIST,
        (*BASE, ended("expired", "too_late"), TaskIs("not_sent_in_time", "A2"), Over(EVENING)),
    ),
    "a ride that a cap kept from being asked for": (
        Rule.WORKLIST,
        (*BASE, SENT, MessageIs("M1", "A1", "reminder", "ride_check", "suppressed", "cap"), Over(EVENING)),
    ),
    "a ledger that is not balanced": (Rule.LEDGER, (*BASE, Contradicted("messages_left_without_acceptance: 1"))),
    "a plan that changes out of nothing": (Rule.REPLAN, (*BASE, Replanned(GOOD.at, ("added A1/1/remind_final",)))),
}
RIGHT: dict[str, Sequence[Fact]] = {
    "a reminder in time": (*BASE, GOOD, SENT, Over(EVENING)),
    "an answer at night": (*BASE, at("2027-03-15 23:00", "help", origin="answer", parts=())),
    "a text past midnight where the window is": (
        NIGHTLY,
        PERSON,
        NEXT,
        at("2027-03-13 00:30", parts=(Part("A2", 1, "booked"),)),
    ),
    "the news that it is off": (*BASE, replace(SESSION, status="cancelled"), at("2027-03-15 10:00", "cancelled")),
    "a third text that may not give way": (*BASE, *THREE[:2], at("2027-03-13 15:00", "remind_final")),
    "a text after opting in again": (*BASE, AddressIs(PHONE, is_open=False), AddressIs(PHONE, is_open=True), GOOD),
    "a text after a hold": (*BASE, PausedIs("P1", is_paused=True), PausedIs("P1", is_paused=False), GOOD),
    "too late, and somebody was told": (
        *BASE,
        ended("expired", "too_late"),
        TaskIs("not_sent_in_time", "A1"),
        Over(EVENING),
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_every_fault_is_found(name: str) -> None:
    rule, facts = FAULTY[name]
    checker = Checker()
    checker.hear_all(facts)
    assert rule in {breach.rule for breach in checker.breaches}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str) -> None:
    checker = Checker()
    checker.hear_all(RIGHT[name])
    assert not checker.breaches


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, _ in FAULTY.values()} == set(Rule)
