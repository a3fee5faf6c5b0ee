"""Requirement 11: what falls due for one patient on one day becomes one message, early rather than late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import DEFAULT_CADENCE, DEFAULT_STEPS, QuestionKind, Step
from reminders.core.merging import ASKED_FOR_A_RUN, NEWS, QUESTION_ORDER, Bundle, Candidate, bundles, foresee
from reminders.core.patients import Channel, Recipient
from reminders.core.windows import local_day
from tests.builders import NEW_YORK, a_reminder, an_appointment, local

TZ = ZoneInfo(NEW_YORK)
TEN = local("2027-03-02 10:00")


def _due(
    key: str,
    due: str = "10:00",
    *,
    day: int = 2,
    visit: str = "A1",
    not_before: datetime | None = None,
    expires: datetime | None = None,
    channel: Channel = Channel.SMS,
    recipient: Recipient = Recipient.PATIENT,
) -> Candidate:
    step = DEFAULT_CADENCE.step(key)
    assert step is not None
    appointment = an_appointment(local(f"2027-03-0{2 + int(visit[1:])} 10:00"), external_id=visit)
    reminder = a_reminder(
        key,
        appointment=appointment,
        due_at=local(f"2027-03-{day:02d} {due}"),
        not_before=not_before,
        expires_at=expires or local("2027-03-09 10:00"),
        channel=channel,
        recipient=recipient,
    )
    return Candidate(reminder, step, appointment.starts_at, local_day(appointment.starts_at, TZ))


def _told(found: tuple[Bundle, ...]) -> list[list[str]]:
    return [[item.step.key for item in (bundle.leader, *bundle.others)] for bundle in found]


def test_what_is_due_on_one_day_goes_at_the_earliest_of_its_times() -> None:
    parts = [_due("ride_check", "15:00"), _due("remind_final"), _due("prep_first", "19:00")]
    assert _told(bundles(parts, tz=TZ, now=TEN)) == [["remind_final", "ride_check", "prep_first"]]


def test_nothing_goes_before_the_first_of_its_parts_is_due() -> None:
    assert bundles([_due("ride_check"), _due("remind_final", "12:00")], tz=TZ, now=local("2027-03-02 09:59")) == ()


def test_what_is_due_tomorrow_waits_though_something_is_due_today() -> None:
    assert _told(bundles([_due("remind_confirm"), _due("ride_check", day=3)], tz=TZ, now=TEN)) == [["remind_confirm"]]


def test_the_day_is_the_patients_own() -> None:
    # 20:00 UTC on the 2nd and 19:00 UTC on the 3rd are one day in India.
    parts = [_due("remind_confirm", "15:00"), _due("ride_check", "13:00", day=3)]
    now = local("2027-03-02 15:00")
    assert len(_told(bundles(parts, tz=ZoneInfo("Asia/Kolkata"), now=now))[0]) == 2
    assert len(_told(bundles(parts, tz=TZ, now=now))[0]) == 1


def test_a_part_that_may_not_go_early_goes_alone_and_the_others_still_merge() -> None:
    check_in = _due("checkin_24h", "14:40", not_before=local("2027-03-02 14:40"), visit="A1")
    parts = [check_in, _due("remind_final", visit="A2"), _due("ride_check", "12:00", visit="A3")]
    assert _told(bundles(parts, tz=TZ, now=TEN)) == [["remind_final", "ride_check"]]
    assert _told(bundles([check_in], tz=TZ, now=local("2027-03-02 14:40"))) == [["checkin_24h"]]


def test_what_is_overdue_from_yesterday_merges_with_today() -> None:
    parts = [_due("remind_confirm", day=1), _due("ride_check")]
    assert _told(bundles(parts, tz=TZ, now=TEN)) == [["ride_check", "remind_confirm"]]


def test_what_is_no_longer_useful_neither_leads_nor_rides_along() -> None:
    parts = [_due("remind_final", expires=TEN), _due("ride_check")]
    assert _told(bundles(parts, tz=TZ, now=TEN)) == [["ride_check"]]


def test_channels_and_recipients_are_never_mixed() -> None:
    parts = [
        _due("remind_final"),
        _due("ride_check", channel=Channel.EMAIL),
        _due("remind_confirm", recipient=Recipient.ESCORT),
    ]
    assert sorted(_told(bundles(parts, tz=TZ, now=TEN))) == [["remind_confirm"], ["remind_final"], ["ride_check"]]


def test_news_of_a_move_or_a_cancellation_goes_apart_and_several_of_a_kind_together() -> None:
    parts = [
        _due("moved", visit="A1"),
        _due("moved", visit="A2"),
        _due("cancelled", visit="A3"),
        _due("remind_final", visit="A1"),
    ]
    found = bundles(parts, tz=TZ, now=TEN)
    assert sorted(_told(found)) == [["cancelled"], ["moved", "moved"], ["remind_final"]]
    moved = next(bundle for bundle in found if bundle.leader.step.key == "moved")
    assert [item.starts_at for item in moved.also] == [local("2027-03-04 10:00")]


def test_the_first_of_several_sessions_leads() -> None:
    (found,) = bundles([_due("remind_confirm", visit="A2"), _due("remind_confirm", visit="A1")], tz=TZ, now=TEN)
    assert found.leader.starts_at == local("2027-03-03 10:00")
    assert len(found.also) == 1


def test_a_message_asks_one_question_and_attendance_before_the_ride() -> None:
    (found,) = bundles([_due("ride_check"), _due("remind_confirm")], tz=TZ, now=TEN)
    assert found.asks is not None
    assert found.asks.kind is QuestionKind.CONFIRM
    assert [item.step.key for item in found.asks.about] == ["remind_confirm"]
    (silent,) = bundles([_due("remind_final")], tz=TZ, now=TEN)
    assert silent.asks is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([step.key for step in DEFAULT_STEPS]),
            st.integers(0, 23),
            st.integers(1, 5),
            st.sampled_from(["A1", "A2", "A3"]),
        ),
        max_size=8,
        unique=True,
    )
)
def test_every_part_that_is_due_goes_once_and_none_goes_late(drawn: list[tuple[str, int, int, str]]) -> None:
    parts = [_due(key, f"{hour:02d}:00", day=day, visit=visit) for key, hour, day, visit in drawn]
    found = bundles(parts, tz=TZ, now=TEN)
    gone = [item for bundle in found for item in (bundle.leader, *bundle.others)]
    assert len(gone) == len(set(map(id, gone)))
    assert all(item in gone for item in parts if item.reminder.due_at <= TEN)
    for bundle in found:
        assert all(bundle.leader.step.rank <= item.step.rank for item in bundle.others)
        assert min(item.reminder.due_at for item in (bundle.leader, *bundle.others)) <= TEN
        others = [item for item in bundle.others if item.step.asks not in ASKED_FOR_A_RUN]
        assert all(item.reminder.due_at < TEN + timedelta(days=1) for item in others)


# ----- in every zone, until 2030

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001 - hypothesis bounds are naive
    lambda naive: naive.replace(tzinfo=UTC, second=0, microsecond=0)
)
parts_of_some_days = st.lists(
    st.tuples(
        st.sampled_from([step for step in DEFAULT_STEPS if step.recipient is Recipient.PATIENT]),
        st.integers(0, 5 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
        st.integers(0, 36).map(lambda hours: timedelta(hours=hours)),  # how much earlier it may go
        st.integers(1, 9),  # the day of its session
    ),
    max_size=10,
)


def _waiting(drawn: list[tuple[Step, timedelta, timedelta, int]], start: datetime, tz: ZoneInfo) -> list[Candidate]:
    found = []
    for number, (step, after, early, day) in enumerate(drawn):
        appointment = an_appointment(start + timedelta(days=day), external_id=f"A{number}")
        due = start + after
        reminder = a_reminder(
            step.key, appointment=appointment, due_at=due, not_before=due - early, expires_at=due + timedelta(hours=30)
        )
        found.append(Candidate(reminder, step, appointment.starts_at, local_day(appointment.starts_at, tz)))
    return found


def _parts(bundle: Bundle) -> tuple[Candidate, ...]:
    return bundle.leader, *bundle.others


@given(drawn=parts_of_some_days, start=instants, tz=zones)
def test_in_every_zone_each_part_goes_once_never_late_and_never_before_it_may(
    drawn: list[tuple[Step, timedelta, timedelta, int]], start: datetime, tz: ZoneInfo
) -> None:
    waiting = _waiting(drawn, start, tz)
    found = list(foresee(waiting, tz=tz))
    assert sorted(id(part) for bundle in found for part in _parts(bundle)) == sorted(map(id, waiting))
    for bundle in found:
        for part in _parts(bundle):
            assert part.reminder.planned.not_before <= bundle.at <= part.reminder.due_at
            # Another day is only ever that of a question which is asked for a whole run.
            assert local_day(bundle.at, tz) == local_day(part.reminder.due_at, tz) or part.step.asks in ASKED_FOR_A_RUN
        assert any(part.reminder.due_at == bundle.at for part in _parts(bundle))


@given(drawn=parts_of_some_days, start=instants, tz=zones)
def test_in_every_zone_what_could_have_gone_together_on_a_day_did(
    drawn: list[tuple[Step, timedelta, timedelta, int]], start: datetime, tz: ZoneInfo
) -> None:
    waiting = _waiting([part for part in drawn if part[0].key not in NEWS], start, tz)
    found = list(foresee(waiting, tz=tz))
    for one, other in combinations(found, 2):
        earlier, later = sorted((one, other), key=lambda bundle: bundle.at)
        if local_day(earlier.at, tz) == local_day(later.at, tz):
            assert all(
                part.reminder.planned.not_before > earlier.at
                for part in _parts(later)
                if _is_of_its_day(part, later, tz)
            )


def _is_of_its_day(part: Candidate, bundle: Bundle, tz: ZoneInfo) -> bool:
    return local_day(part.reminder.due_at, tz) == local_day(bundle.at, tz)


@given(drawn=parts_of_some_days, start=instants, tz=zones)
def test_in_every_zone_a_message_asks_one_question_and_attendance_first(
    drawn: list[tuple[Step, timedelta, timedelta, int]], start: datetime, tz: ZoneInfo
) -> None:
    for bundle in foresee(_waiting(drawn, start, tz), tz=tz):
        kinds = {part.step.asks for part in _parts(bundle)} - {None}
        assert (bundle.asks is None) is (not kinds)
        if bundle.asks is not None:
            assert bundle.asks.kind == next(kind for kind in QUESTION_ORDER if kind in kinds)
            assert {part.step.asks for part in bundle.asks.about} == {bundle.asks.kind}
            assert bundle.asks.kind in ASKED_FOR_A_RUN or len(bundle.asks.about) == 1


def test_news_leaves_before_what_speaks_of_the_new_time() -> None:
    parts = [_due("remind_final"), _due("moved")]
    assert _told(bundles(parts, tz=TZ, now=TEN)) == [["moved"], ["remind_final"]]
