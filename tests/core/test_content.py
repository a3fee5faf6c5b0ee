"""Texts: neutral, cheap, never advertising a carrier's word, and showing clinical times on the safe side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import Appointment
from reminders.core.cadences import DEFAULT_CADENCE, DEFAULT_STEPS, Civil, Phase, QuestionKind, Step
from reminders.core.cadences import Anchor as Of
from reminders.core.check_ins import NUDGE
from reminders.core.clinics import EXEMPTION, Clinic
from reminders.core.content import (
    OF_A_TIME,
    PLACEHOLDER,
    TO_ESCORT,
    Question,
    Words,
    appointment_values,
    compose,
    language_of,
    render,
)
from reminders.core.errors import ContentError
from reminders.core.patients import Channel, Override, Recipient
from reminders.core.segments import Alphabet, measure
from reminders.core.texts import (
    ABOUT,
    MIDNIGHTS,
    MONTHS,
    MORE,
    QUESTIONS,
    SHORT_QUESTIONS,
    SHORT_TEMPLATES,
    SPANS,
    SUBJECTS,
    TEMPLATES,
    WEEKDAYS,
)
from tests.builders import NOON, a_clinic, a_patient, a_record, an_appointment, local

LANGUAGES = sorted(TEMPLATES)
STEPS = [step.key for step in DEFAULT_STEPS]
TEXTS = [*STEPS, NUDGE, *(f"{key}_{how}" for key in sorted(OF_A_TIME) for how in ("late", "last"))]
OWN_QUESTIONS = {step.key: step.asks for step in DEFAULT_STEPS} | {NUDGE: QuestionKind.CHECK_IN}
MOST_SEGMENTS, MOST_CHARACTERS = 3, 160
LONG = replace(
    a_clinic(sender="Riverside Associates of Family", phone="+1 (202) 555-0100"),
    address="1200 Long Meadow Boulevard, Building C, Suite 1400, Springfield, MA 01101",
)
SHORT = replace(LONG, caps=EXEMPTION)
LINK = "https://reminders.riverside-associates.example.com/r/" + "x" * 32
NAMES_TOO_MUCH = re.compile(
    r"ketamin|infusi|esketamin|spravato|pain clinic|dolor cr|depress|deprim|anxi|ptsd|psych|psiqui|suicid|opioid|opiate"
    r"|addict|adicc|clinica del dolor|treatment|tratamiento|therap|terapia|diagnos|anesthe|anestes|drug\b|droga|inject",
    re.IGNORECASE,
)
CARRIER_WORDS = re.compile(r"\b(YES|NO|Y|N|CANCEL|END|QUIT|START|SI|NO MAS|ALTO)\b")
"""Capitals on purpose: that is how a text offers a word to reply with."""
OFFERED = re.compile(r"\b(?:reply|responda|text|escriba)\s+([A-Z]+)\b", re.IGNORECASE)
BY_LANGUAGE = (QUESTIONS, SHORT_QUESTIONS, TEMPLATES, SHORT_TEMPLATES, ABOUT)
EVERY_TEXT = {
    *(text for table in BY_LANGUAGE for texts in table.values() for text in texts.values()),
    *(text for table in (SUBJECTS, MIDNIGHTS, SPANS, MORE) for text in table.values()),
}
OTHERS = tuple(an_appointment(local(f"2027-09-{day} 22:45"), external_id=f"B{day}") for day in range(20, 25))


def say(
    step: str,
    *sessions: Appointment,
    clinic: Clinic | None = None,
    language: str = "en",
    asks: QuestionKind | None = None,
    about: Sequence[Appointment] = (),
    link: str = "",
    now: datetime | None = None,
    override: Override | None = None,
) -> Words:
    """Compose a text in good time, with a question about the text's own sessions unless `about` names others."""
    chosen = sessions or (an_appointment(),)
    patient = a_patient(a_record(language=language))
    return compose(
        step,
        chosen,
        clinic or a_clinic(),
        patient if override is None else replace(patient, override=override),
        channel=Channel.EMAIL if link else Channel.SMS,
        now=now or NOON,
        question=None if asks is None else Question(asks, tuple(about or chosen), link),
    )


def as_text(key: str, start: str) -> tuple[str, Appointment, datetime]:
    """Return what makes a text of this key: its step, a session and a moment. An hour is between the late and last."""
    visit = an_appointment(local(start), external_id="A1")
    for ending, before in (("_late", timedelta(hours=4)), ("_last", timedelta(hours=1))):
        if key.endswith(ending):
            return key.removesuffix(ending), visit, visit.starts_at - before
    return key, visit, visit.starts_at - timedelta(days=3)


# Late evenings in September make the longest days and times, early mornings make fasts that begin at midnight.
LONGEST = ("2027-09-22 22:45", "2027-09-22 10:45", "2027-09-22 08:00", "2027-11-10 02:00")


def test_every_language_has_every_text() -> None:
    for table in (*BY_LANGUAGE, WEEKDAYS, MONTHS, SUBJECTS, MIDNIGHTS, SPANS, MORE):
        assert set(table) == set(TEMPLATES)
    for language in LANGUAGES:
        assert set(TEMPLATES[language]) == set(TEXTS)
        assert set(SHORT_TEMPLATES[language]) == set(TEXTS) - TO_ESCORT
        assert set(ABOUT[language]) == set(SHORT_QUESTIONS[language]) == set(QuestionKind)
        assert set(QUESTIONS[language]) == {
            kind.value + suffix for kind, suffix in product(QuestionKind, ("", "_link"))
        }
        assert (len(WEEKDAYS[language]), len(MONTHS[language])) == (7, 12)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_cheap_at_its_longest_and_leaves_no_placeholder(key: str, language: str) -> None:
    clinic = replace(LONG, language=language)
    for asks, start in product((None, *QuestionKind), LONGEST):  # merging may bring any question to any text
        step, visit, now = as_text(key, start)
        words = say(step, visit, clinic=clinic, language=language, asks=asks, about=OTHERS, now=now)
        size = measure(words.body)
        assert size.alphabet is Alphabet.GSM7, size.odd_characters
        assert size.segments <= MOST_SEGMENTS, words.body
        assert "{" not in words.body + words.subject
        assert words.body.startswith(LONG.sender)
        assert words.asks is asks


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(set(TEXTS) - TO_ESCORT))
def test_under_the_exemption_every_text_fits_with_its_own_question_who_we_are_and_how_to_stop(
    key: str, language: str
) -> None:
    for start in LONGEST:
        step, visit, now = as_text(key, start)
        own = OWN_QUESTIONS[step]
        words = say(step, visit, clinic=SHORT, language=language, asks=own, now=now)
        assert len(words.body) <= MOST_CHARACTERS, words.body
        assert measure(words.body).segments == 1
        assert words.asks is own
        assert all(part in words.body for part in (SHORT.sender, SHORT.phone, "STOP"))


def test_under_the_exemption_a_question_is_asked_only_where_it_fits() -> None:
    visit = an_appointment(local("2027-09-22 22:45"))
    words = say("remind_final", visit, clinic=SHORT, asks=QuestionKind.CONFIRM)
    assert (words.asks, "Reply C" in words.body) == (None, False)
    small = a_clinic(sender="Riverside", phone="+12025550100", caps=EXEMPTION)
    words = say("booked", visit, clinic=small, asks=QuestionKind.CONFIRM)
    assert (words.asks, "Reply C" in words.body) == (QuestionKind.CONFIRM, True)


def test_under_the_exemption_many_sessions_are_counted_where_there_is_no_room_to_name_them() -> None:
    apart = [an_appointment(local(f"2027-03-{day} {day - 10}:00"), external_id=f"A{day}") for day in range(20, 26)]
    body = say("moved", *apart, clinic=SHORT).body
    assert "moved to Sat Mar 20, 10:00 AM and 5 more." in body
    assert len(body) <= MOST_CHARACTERS


def test_under_the_exemption_a_clinics_own_text_goes_where_it_fits_and_says_what_it_must() -> None:
    good = "{{sender}}: see you {{when}}. {{phone}}, STOP to end"
    for text, is_used in ((good, True), ("See you {{when}}.", False), (good + " x" * 80, False)):
        clinic = replace(SHORT, templates={"en": {"booked": text}})
        assert ("see you" in say("booked", clinic=clinic).body.lower()) is is_used


def test_the_exemption_shortens_no_mail_and_no_text_to_an_escort() -> None:
    mail = say("remind_final", clinic=SHORT, asks=QuestionKind.CONFIRM, link=LINK)
    assert (len(mail.body) > MOST_CHARACTERS, mail.asks) == (True, QuestionKind.CONFIRM)
    assert SHORT.address in say("pick_up", clinic=SHORT).body


def test_a_very_long_name_gets_the_shortest_text_there_is() -> None:
    clinic = replace(SHORT, sender="Riverside " * 20)
    words = say("remind_confirm", clinic=clinic, asks=QuestionKind.CONFIRM)
    assert words.asks is None


@given(
    step=st.sampled_from(STEPS),
    language=st.sampled_from(LANGUAGES),
    zone=st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)),  # noqa: DTZ001 - read as UTC below
    minutes=st.integers(min_value=10, max_value=3 * 24 * 60),
    count=st.integers(min_value=1, max_value=6),
    ahead=st.integers(min_value=0, max_value=200),
    asks=st.sampled_from([None, *QuestionKind]),
    clinic=st.sampled_from([LONG, SHORT]),
)
def test_every_text_about_any_sessions_renders_cheaply(
    *,
    step: str,
    language: str,
    zone: str,
    start: datetime,
    minutes: int,
    count: int,
    ahead: int,
    asks: QuestionKind | None,
    clinic: Clinic,
) -> None:
    first = start.replace(second=0, microsecond=0, tzinfo=NOON.tzinfo)
    sessions = []
    for number in range(count):
        visit = an_appointment(first + number * timedelta(days=1), external_id=f"A{number}")
        booking = replace(visit.booking, timezone=zone, duration=timedelta(minutes=minutes))
        sessions.append(replace(visit, booking=booking))
    now = first - timedelta(hours=ahead)
    words = say(step, *sessions, clinic=clinic, language=language, asks=asks, about=sessions[-1:], now=now)
    assert not PLACEHOLDER.search(words.body)
    assert measure(words.body).alphabet is Alphabet.GSM7
    assert words.asks in {asks, None}
    if clinic is SHORT and step not in TO_ESCORT and asks is None and count == 1:
        assert len(words.body) <= MOST_CHARACTERS


def test_no_text_names_the_drug_or_the_specialty() -> None:
    assert [text for text in EVERY_TEXT if NAMES_TOO_MUCH.search(text)] == []


def test_no_text_offers_a_word_that_carriers_take_for_themselves() -> None:
    assert [text for text in EVERY_TEXT if CARRIER_WORDS.search(text)] == []
    offered = {word for text in EVERY_TEXT for word in OFFERED.findall(text) if word.isupper()}
    assert offered == {"C", "STOP"}  # R follows C in the same sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_day_and_month_can_be_written_cheaply(language: str) -> None:
    for day in range(0, 365, 3):
        values = appointment_values(
            an_appointment(local("2027-01-01 09:00") + timedelta(days=day)), LONG, language=language
        )
        assert measure(values["when"]).alphabet is Alphabet.GSM7
    assert measure("".join(WEEKDAYS[language] + MONTHS[language])).alphabet is Alphabet.GSM7


@pytest.mark.parametrize("step", STEPS)
def test_a_question_that_is_asked_is_in_the_text_whatever_leads(step: str) -> None:
    for asks, link in product(QuestionKind, ["", LINK]):
        words = say(step, asks=asks, link=link)
        asked = QUESTIONS["en"][asks.value + ("_link" if link else "")].replace("{{link}}", link)
        asked = asked.replace("{{phone}}", a_clinic().phone)
        assert words.body.count(asked) == 1
        assert words.asks is asks


@pytest.mark.parametrize(
    ("about", "named"),
    [
        (["17"], "Reply C to confirm"),
        (["19"], "Fri Mar 19, 9:00 AM: Reply C to confirm"),
        (["17", "18"], "Wed Mar 17, 9:00 AM; Thu Mar 18, 9:00 AM: Reply C to confirm"),
        (["17", "18", "19", "20"], "Wed Mar 17 to Sat Mar 20, 9:00 AM each day: Reply C to confirm"),
    ],
)
def test_a_question_about_other_sessions_than_the_texts_names_them(about: list[str], named: str) -> None:
    days = {day: an_appointment(local(f"2027-03-{day} 09:00"), external_id=day) for day in ("17", "18", "19", "20")}
    sessions = [days[day] for day in about]
    body = say("remind_final", days["17"], asks=QuestionKind.CONFIRM, about=sessions).body
    assert f". {named}" in body


def test_a_score_is_asked_for_after_the_session_it_belongs_to() -> None:
    monday, wednesday = an_appointment(local("2027-03-15 09:00"), external_id="A0"), an_appointment()
    body = say("remind_final", wednesday, asks=QuestionKind.CHECK_IN, about=[monday]).body
    assert "After Mon Mar 15, 9:00 AM: How is your pain now" in body


def test_a_run_is_named_once_and_asked_once() -> None:
    run = [an_appointment(local(f"2027-03-{day} 09:00"), external_id=f"A{day}") for day in range(22, 27)]
    body = say("remind_confirm", *run, asks=QuestionKind.CONFIRM).body
    assert "your session is Mon Mar 22 to Fri Mar 26, 9:00 AM each day. Reply C to confirm" in body
    ride = say("ride_check", *run, asks=QuestionKind.RIDE).body
    assert "at about 10:40 AM. Who will take you home?" in ride


def test_what_differs_between_the_sessions_of_one_text_is_said_of_each() -> None:
    first, second = an_appointment(local("2027-03-16 09:00")), an_appointment(local("2027-03-17 13:00"))
    body = say("remind_final", second, first).body
    assert "No food after Tue Mar 16, 1:00 AM; Wed Mar 17, 5:00 AM, clear liquids" in body


def test_a_clinics_own_text_without_a_place_for_the_question_gets_it_at_the_end() -> None:
    clinic = a_clinic(templates={"en": {"remind_confirm": "See you {{when}}."}})
    words = say("remind_confirm", clinic=clinic, asks=QuestionKind.CONFIRM)
    assert words.body == "See you Tue Mar 16, 1:00 PM. Reply C to confirm or R to change."
    assert say("remind_confirm", clinic=clinic, language="es").body.startswith("Riverside Clinic: su cita")


def test_a_step_of_the_clinics_own_is_told_in_the_language_it_is_written_in() -> None:
    clinic = a_clinic(templates={"en": {"bring_card": "{{sender}}: bring your card {{when}}."}})
    said = "Riverside Clinic: bring your card Tue Mar 16, 1:00 PM."
    assert say("bring_card", clinic=clinic, language="es").body == said
    assert say("bring_card", clinic=replace(clinic, caps=EXEMPTION), language="es").body == said


def test_one_text_names_every_session_that_it_is_about() -> None:
    first, second = an_appointment(local("2027-03-16 09:00")), an_appointment(local("2027-03-18 09:00"))
    assert "Tue Mar 16, 9:00 AM; Thu Mar 18, 9:00 AM" in say("moved", second, first).body


@pytest.mark.parametrize("step", ["booked", "moved"])
def test_a_notice_that_comes_when_the_fast_has_begun_says_what_is_still_useful(step: str) -> None:
    visit = an_appointment(local("2027-03-16 09:00"))
    for hour, has_liquids, has_solids in (("00:45", False, False), ("01:00", True, True), ("07:00", False, True)):
        body = say(step, visit, now=local(f"2027-03-16 {hour}")).body
        assert "Tue Mar 16, 9:00 AM" in body
        assert ("Clear liquids only, until Tue Mar 16, 7:00 AM" in body) is has_liquids
        assert ("If you have eaten since Tue Mar 16, 1:00 AM" in body) is has_solids
        assert ("adult must take you home at about 10:40 AM" in body) is has_solids


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("pick_up", "Pick-up: about Tue Mar 16, 2:40 PM. Place: 1 River Street."),
        ("pick_up_off", "The pick-up Tue Mar 16, 2:40 PM is not needed any more."),
    ],
)
def test_an_escort_hears_of_time_and_place_only_in_the_clinics_language(step: str, said: str) -> None:
    clinic = replace(a_clinic(), address="1 River Street")
    body = say(step, clinic=clinic, language="es").body
    assert said in body
    assert "STOP" in body
    assert not re.search(r"session|Dana|1:00 PM|food|liquid|driv", body)
    assert say(step, clinic=replace(clinic, language="es")).body.startswith("Riverside Clinic: gracias")


def test_an_escorts_own_step_is_told_like_ours() -> None:
    step = Step("see_you", Phase.BEFORE, Civil(Of.START, -1), Civil(Of.START, 0), 1, recipient=Recipient.ESCORT)
    cadence = replace(DEFAULT_CADENCE, steps=(*DEFAULT_STEPS, step))
    clinic = a_clinic(cadences={"*": cadence}, templates={"en": {"see_you": "{{place}}: {{pick_up_at}}"}})
    assert say("see_you", clinic=clinic, language="es").body == "Riverside Clinic: Tue Mar 16, 2:40 PM"


def test_a_patients_own_fasting_and_driving_ban_are_what_they_read() -> None:
    visit = an_appointment(local("2027-03-16 09:00"))
    hours = {"solids_fast": 24, "liquids_fast": 4, "driving_ban": 48, "recovery_short": 2}
    override = Override(distances={name: timedelta(hours=count) for name, count in hours.items()})
    body = say("remind_final", visit, override=override).body
    assert "No food after Mon Mar 15, 9:00 AM, clear liquids until Tue Mar 16, 5:00 AM" in body
    assert "no driving until Thu Mar 18, noon" in body
    late = local("2027-03-15 10:00")
    assert "If you have eaten since Mon Mar 15, 9:00 AM" in say("booked", visit, override=override, now=late).body
    assert "eaten" not in say("booked", visit, now=late).body


@pytest.mark.parametrize(
    ("wanted", "found"), [("en", "en"), ("es", "es"), ("es-MX", "es"), ("ES_mx", "es"), ("fr", "en"), ("", "en")]
)
def test_the_language_is_the_wanted_one_or_english(wanted: str, found: str) -> None:
    assert language_of(wanted) == found


def test_a_placeholder_without_a_value_is_an_error_that_names_it() -> None:
    with pytest.raises(ContentError, match=r"no value for \{\{b\}\}, \{\{c\}\}; known: a"):
        render("{{a}} {{b}} {{ c }}", {"a": "1"})


@given(st.text(alphabet="{}ab \t\\$1é", max_size=20), st.text(alphabet="{}ab ", max_size=20))
def test_a_value_is_never_read_as_a_template(name: str, secret: str) -> None:
    value = f"{name}{{{{secret}}}}"
    found = render("<{{name}}>", {"name": value, "secret": secret})
    assert found == re.sub(r"[ \t]+", " ", f"<{value}>")
    assert PLACEHOLDER.findall(found)
