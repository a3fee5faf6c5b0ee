"""Requirement 11: sessions on consecutive days are a run, asked about once; and a message asks one question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import pytest

from reminders.core.appointments import Appointment
from reminders.core.cadences import DEFAULT_CADENCE, QuestionKind
from reminders.core.merging import Bundle, Candidate, bundles
from tests.builders import NEW_YORK, a_reminder, an_appointment, local, shown
from tests.core.planning_cases import candidates

TZ = ZoneInfo(NEW_YORK)
FRIDAY = local("2027-03-19 10:00")


def _visits(*starts: str, series: str | None = "S1") -> list[Appointment]:
    return [
        an_appointment(
            local(f"2027-{start}"),
            external_id=f"A{number}",
            series_id=series,
            series_number=number if series else None,
        )
        for number, start in enumerate(starts, start=1)
    ]


def _of(key: str, waiting: Iterable[Candidate]) -> list[Candidate]:
    return [item for item in waiting if item.step.key == key]


def _days(items: Sequence[Candidate]) -> list[str]:
    return [shown(item.starts_at)[5:10] for item in items]


def _confirming(*starts: str, at: str, series: str | None = "S1") -> list[list[str]]:
    """Return the days that each message asks about, of those that ask who comes."""
    waiting = _of("remind_confirm", candidates(_visits(*starts, series=series)))
    found = bundles(waiting, tz=TZ, now=local(f"2027-{at}"))
    return [_days(bundle.asks.about) for bundle in found if bundle.asks is not None]


def test_a_run_is_asked_once_whether_the_patient_comes_on_all_of_its_days() -> None:
    run = ["03-22 10:00", "03-23 10:00", "03-24 10:00"]
    assert _confirming(*run, at="03-19 10:00") == [["03-22", "03-23", "03-24"]]


def test_a_run_needs_no_series() -> None:
    assert _confirming("03-22 10:00", "03-23 10:00", at="03-19 10:00", series=None) == [["03-22", "03-23"]]


def test_a_run_ends_at_the_first_day_without_a_session() -> None:
    assert _confirming("03-22 10:00", "03-23 10:00", "03-25 10:00", at="03-19 10:00") == [["03-22", "03-23"]]


def test_a_run_may_go_over_a_weekend_and_at_another_hour_each_day() -> None:
    run = ["03-26 15:00", "03-27 08:00", "03-28 11:30", "03-29 23:00"]
    assert _confirming(*run, at="03-23 10:00") == [["03-26", "03-27", "03-28", "03-29"]]


def test_a_run_over_a_clock_change_is_a_run() -> None:
    assert _confirming("03-13 10:00", "03-14 10:00", "03-15 10:00", at="03-10 10:00") == [["03-13", "03-14", "03-15"]]


def test_two_sessions_of_one_day_are_asked_about_together() -> None:
    assert _confirming("03-22 09:00", "03-22 15:00", at="03-19 10:00") == [["03-22", "03-22"]]


def test_days_count_in_the_clinics_calendar() -> None:
    # 23:30 and 00:30 in New York are one hour apart and two days there, though one day in UTC.
    assert _confirming("03-22 23:30", "03-23 00:30", at="03-19 10:00") == [["03-22", "03-23"]]


def test_a_run_of_which_some_days_are_asked_late_still_asks_once() -> None:
    # Out of service until Sunday afternoon: what is still useful is asked for every day of the run.
    assert _confirming("03-22 18:00", "03-23 10:00", "03-24 10:00", at="03-21 13:00") == [["03-22", "03-23", "03-24"]]


def test_a_day_that_joins_a_run_later_is_asked_about_alone() -> None:
    waiting = _of("remind_confirm", candidates(_visits("03-22 10:00", "03-23 10:00", "03-24 10:00")))
    (first,) = bundles(waiting[:2], tz=TZ, now=FRIDAY)
    assert _days((first.leader, *first.others)) == ["03-22", "03-23"]
    (second,) = bundles(waiting[2:], tz=TZ, now=local("2027-03-21 12:00"))
    assert _days((second.leader, *second.others)) == ["03-24"]


def test_a_check_in_is_never_asked_before_its_time_for_a_run() -> None:
    waiting = candidates(_visits("03-22 10:00", "03-23 10:00"))
    at = local("2027-03-24 11:40")
    (found,) = [bundle for bundle in bundles(_of("checkin_24h", waiting), tz=TZ, now=at) if bundle.asks]
    assert found.asks is not None
    assert (found.asks.kind, _days(found.asks.about)) == (QuestionKind.CHECK_IN, ["03-23"])


def test_nothing_but_a_question_is_brought_forward_for_a_run() -> None:
    waiting = _of("remind_final", candidates(_visits("03-22 10:00", "03-23 10:00")))
    (found,) = bundles(waiting, tz=TZ, now=local("2027-03-21 12:00"))
    assert _days((found.leader, *found.others)) == ["03-22"]


# ----- one question in a message, the other with the next


def _sunday() -> Bundle:
    """Return a message with both questions: a session on Tuesday was booked when its confirm question was overdue."""
    waiting = candidates(_visits("03-23 10:00"))
    both = [*_of("remind_confirm", waiting), *_of("ride_check", waiting)]
    (found,) = bundles(both, tz=TZ, now=local("2027-03-21 12:00"))
    return found


def test_who_comes_is_asked_before_who_drives() -> None:
    found = _sunday()
    assert found.asks is not None
    assert found.asks.kind is QuestionKind.CONFIRM
    assert found.leader.step.key == "ride_check"  # its text goes first, as information


@pytest.mark.parametrize("is_useful", [True, False])
def test_the_question_that_found_no_room_is_asked_with_the_next_message_while_it_is_useful(*, is_useful: bool) -> None:
    owed = _of("ride_check", candidates(_visits("03-23 10:00" if is_useful else "03-22 18:00")))
    later = _of("remind_final", candidates(_visits("03-23 10:00")))
    (found,) = bundles(later, tz=TZ, now=local("2027-03-22 10:00"), owed=owed)
    assert found.owed == (tuple(owed) if is_useful else ())
    assert (found.asks is not None) is is_useful
    if found.asks is not None:
        assert (found.asks.kind, found.asks.about) == (QuestionKind.RIDE, tuple(owed))


def test_what_is_owed_is_asked_before_a_question_of_the_messages_own() -> None:
    owed = _of("ride_check", candidates(_visits("03-24 10:00")))
    now = local("2027-03-23 10:00")
    (found,) = bundles(_of("remind_confirm", candidates(_visits("03-26 10:00"))), tz=TZ, now=now, owed=owed)
    assert found.asks is not None
    assert found.asks.kind is QuestionKind.RIDE


def test_what_is_owed_is_asked_once() -> None:
    owed = _of("ride_check", candidates(_visits("03-23 10:00")))
    waiting = candidates(_visits("03-23 10:00", "03-25 10:00"))
    evening = [*_of("remind_final", waiting)[:1], *_of("checkin_24h", waiting)[1:]]
    found = bundles(evening, tz=TZ, now=local("2027-03-26 12:00"), owed=owed)
    assert sum(len(bundle.owed) for bundle in found) == 0  # the session has begun by then
    found = bundles(evening[:1], tz=TZ, now=local("2027-03-22 12:00"), owed=owed)
    assert sum(len(bundle.owed) for bundle in found) == 1


def test_news_carries_no_question_along() -> None:
    owed = _of("ride_check", candidates(_visits("03-23 10:00")))
    visit = _visits("03-24 10:00")[0]
    step = DEFAULT_CADENCE.step("moved")
    assert step is not None
    news = a_reminder("moved", appointment=visit, due_at=local("2027-03-22 09:30"))
    moved = Candidate(news, step, visit.starts_at, visit.starts_at.date())
    waiting = [moved, *_of("remind_final", candidates(_visits("03-23 10:00")))]
    for parts, asking in ((waiting, ["remind_final"]), ([moved], [])):
        found = bundles(parts, tz=TZ, now=local("2027-03-22 10:00"), owed=owed)
        assert [bundle.leader.step.key for bundle in found if bundle.owed] == asking
