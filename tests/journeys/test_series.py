"""A whole series as one story: booked, confirmed, moved, fetched, held, asked after, and booked again.

Everything runs as it would, with the provider in memory and a clock that the story moves. Each line of it says what
somebody wrote or did, and what reached whom by it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, Booking
from reminders.services.escalate import climb
from reminders.services.resolve_unknowns import poll_stuck
from reminders.services.watch_appointments import watch_appointments
from reminders.store import rows
from reminders.store.conversation_rows import check_in, escalation
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.world import CLINIC, MINUTE, PHONE, World

ESCORT, ON_CALL = "+12025550177", "+12025550199"
HOUR, SOON = timedelta(hours=1), timedelta(days=3)
DANA = a_record(email=None)
DOCUMENT = {
    **CLINIC,
    "address": "12 Riverside Drive",
    "escalation": [{"name": "Nurse on call", "phone": ON_CALL, "wait_minutes": 5}],
    "cadence": {"*": {"rebook_weeks": 4}},
}


class Story:
    """The clinic, its patient, and everybody's phone."""

    def __init__(self, store: Store) -> None:
        self.world = World(store, DOCUMENT, now=NOON)
        self._heard = 0

    def schedule(self, starts_at: datetime, *, status: AppointmentStatus = AppointmentStatus.BOOKED) -> None:
        """Let the clinic's schedule say so of the session, whose escort it names."""
        self.world.sync(an_entry(patient=DANA, booking=self._booking(starts_at, status)))

    def schedule_next(self, starts_at: datetime) -> None:
        """Let the schedule name the next session too."""
        held = an_entry(patient=DANA, booking=self._booking(local("2027-03-18 10:00"), AppointmentStatus.FULFILLED))
        self.world.sync(held, an_entry("A2", patient=DANA, booking=a_booking(starts_at)))

    @staticmethod
    def _booking(starts_at: datetime, status: AppointmentStatus) -> Booking:
        booking = a_booking(starts_at, status=status, series_id="spring", series_number=1)
        return replace(booking, escort_name="Robin Hale", escort_phone=ESCORT)

    def at(self, when: str) -> None:
        """Let time pass until a time of the clinic's day, with all that it brings: by hours in the last days before."""
        until = local(when)
        while (now := self.world.clock.now()) < until:
            self.world.at(min(until, now + HOUR * (6 if until - now > SOON else 1)))
            self.work()

    def work(self) -> None:
        """Let everything that runs by itself run once."""
        watch_appointments(self.world.deps)
        climb(self.world.deps)
        poll_stuck(self.world.deps)
        self.world.pump()

    def writes(self, body: str, *, sender: str = PHONE) -> None:
        """Let somebody write."""
        self.world.text(body, sender=sender)
        self.work()

    def hears(self, phone: str = PHONE) -> list[str]:
        """Return what reached a phone since anybody last asked; what reached others is for them to ask."""
        sent = self.world.sms.sent
        found = [item.text.body for item in sent[self._heard :] if item.text.to == phone]
        self._heard = len(sent)
        return found

    @property
    def session(self) -> dict[str, object]:
        """The session as it stands: confirmed or not, and its ride."""
        row = self.world.all(select(rows.appointment).order_by(rows.appointment.c.external_id))[0]
        return {"confirmed": row.confirmed_version == row.version, "ride": row.ride_state and row.ride_state.value}

    @property
    def to_do(self) -> list[str]:
        """What staff still have to do."""
        return sorted(
            row.kind.value for row in self.world.all(select(rows.task).where(rows.task.c.resolved_at.is_(None)))
        )


def test_a_series_from_the_first_booking_to_the_next(sqlite_store: Store) -> None:
    story = Story(sqlite_store)
    who_comes_but_has_nobody_to_take_them_home(story)
    an_answer_that_crosses_a_move(story)
    who_fetches_them_gives_their_own_word(story)
    the_day_of_the_session(story)
    how_they_are_a_day_later(story)
    words_at_three_in_the_morning(story)
    time_for_the_next_one(story)
    story.world.check()


def who_comes_but_has_nobody_to_take_them_home(story: Story) -> None:
    story.schedule(local("2027-03-16 13:00"))
    story.at("2027-03-13 10:00")
    assert any("Reply C to confirm" in text for text in story.hears())
    story.writes("Yes but I don't have a ride")
    (answer,) = story.hears()
    assert "Tue Mar 16, 1:00 PM" in answer
    assert "need a ride" in answer
    assert story.session == {"confirmed": True, "ride": "needed"}
    assert story.to_do == ["ride_wanted"]


def an_answer_that_crosses_a_move(story: Story) -> None:
    """Neither the yes nor the ride holds for another time, and a yes to the old time is none to the new."""
    story.schedule(local("2027-03-18 10:00"))
    assert story.session["confirmed"] is False
    story.writes("C")
    told = story.hears()
    assert any("moved to Thu Mar 18, 10:00 AM" in text for text in told)
    assert any("now Thu Mar 18, 10:00 AM. Reply C" in text for text in told)
    assert story.session["confirmed"] is False
    story.writes("C")
    assert "we expect you Thu Mar 18, 10:00 AM" in story.hears()[0]
    assert story.session["confirmed"] is True


def who_fetches_them_gives_their_own_word(story: Story) -> None:
    """The escort is asked, and hears nothing of whom they fetch from what."""
    story.at("2027-03-15 10:00")
    plea = next(item.text.body for item in reversed(story.world.sms.sent) if item.text.to == ESCORT)
    assert "Dana" not in plea
    story.writes("C", sender=ESCORT)
    assert story.session == {"confirmed": True, "ride": "arranged"}
    story.hears()
    story.at("2027-03-17 20:00")
    assert any("12 Riverside Drive" in text for text in story.hears(ESCORT))
    assert story.to_do == []


def the_day_of_the_session(story: Story) -> None:
    story.at("2027-03-18 09:40")
    story.writes("running 10 late, sorry")
    assert "running_late" in story.to_do
    story.at("2027-03-18 12:00")
    story.schedule(local("2027-03-18 10:00"), status=AppointmentStatus.FULFILLED)
    story.hears()


def how_they_are_a_day_later(story: Story) -> None:
    """Two numbers are none: one is asked for, once."""
    story.at("2027-03-19 13:00")
    assert any("0 (none) to 10 (worst)" in text for text in story.hears())
    story.writes("6-7")
    assert "one number" in story.hears()[0]
    story.writes("6")
    assert [row.score for row in story.world.all(select(check_in).order_by(check_in.c.id))] == [None, 6]


def words_at_three_in_the_morning(story: Story) -> None:
    """Staff are called until somebody takes over, and the patient hears at once whom to call."""
    story.at("2027-03-20 03:00")
    story.hears()
    story.writes("chest feels tight")
    answer = next(item.text.body for item in reversed(story.world.sms.sent) if item.text.to == PHONE)
    assert "911" in answer
    assert len(story.hears(ON_CALL)) == 1
    story.world.later(6 * MINUTE)
    story.work()
    assert len(story.hears(ON_CALL)) == 1, "nobody took over: called again"
    (alarm,) = story.world.all(select(escalation))
    story.writes(alarm.code, sender=ON_CALL)
    assert story.world.all(select(escalation))[0].acknowledged_by == "Nurse on call"
    story.hears()
    story.at("2027-03-20 06:00")
    assert story.hears(ON_CALL) == []


def time_for_the_next_one(story: Story) -> None:
    story.at("2027-04-15 13:00")
    assert any("plan your next session" in text for text in story.hears())
    story.writes("call me please")
    assert "call_wanted" in story.to_do
    story.schedule_next(local("2027-04-22 10:00"))
    story.work()
    assert any("booked for Thu Apr 22, 10:00 AM" in text for text in story.hears())
