"""What a clinic's texts may not say or cost, told in one line each when its file is brought in."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from reminders.core.banned_words import BANNED, CARRIER_WORDS, IN_A_SENDER
from reminders.core.cadences import DEFAULT_CADENCE, DEFAULT_STEPS, Phase, Step
from reminders.core.clinics import EXEMPTION, Clinic
from reminders.core.lint import lint, word_faults, wording_faults
from reminders.core.patients import Channel, Recipient
from reminders.core.texts import QUESTIONS, SHORT_QUESTIONS, SHORT_TEMPLATES, SUBJECTS, TEMPLATES
from tests.builders import a_clinic

OURS = {
    *chain.from_iterable(texts.values() for texts in (*TEMPLATES.values(), *SHORT_TEMPLATES.values())),
    *chain.from_iterable(texts.values() for texts in (*QUESTIONS.values(), *SHORT_QUESTIONS.values())),
    *SUBJECTS.values(),
}


def clinic_with(**parts: Any) -> Clinic:  # noqa: ANN401 - any field of a clinic
    return replace(a_clinic(), **parts)


def saying(text: str, *, step: str = "booked", language: str = "en", **parts: Any) -> Clinic:  # noqa: ANN401 - as above
    return clinic_with(templates={language: {step: text}}, **parts)


def test_a_plain_clinic_has_no_fault() -> None:
    assert lint(a_clinic()) == []
    assert lint(clinic_with(caps=EXEMPTION)) == []


@pytest.mark.parametrize("text", sorted(OURS))
def test_our_own_texts_say_nothing_that_a_clinic_may_not(text: str) -> None:
    assert list(wording_faults("text", text)) == []


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("Your ketamine visit", "ketamine", "drug"),
        ("Your KETAMINE visit", "ketamine", "drug"),
        ("Su cita de Ketamina", "ketamina", "drug"),
        ("Spravato at noon", "spravato", "drug"),
        ("Your infusion is booked", "infusion", "treatment"),
        ("Su infusión", "infusion", "treatment"),
        ("Su tratamiento", "tratamiento", "treatment"),
        ("Your IV-therapy", "iv-therapy", "treatment"),
        ("How is your depression?", "depression", "diagnosis"),
        ("Su depresión", "depresion", "diagnosis"),
        ("Your chronic\tpain", "chronic\tpain", "diagnosis"),
        ("Clínica del Dolor", "clinica del dolor", "specialty"),
        ("Dr. Ames, psychiatry", "psychiatry", "specialty"),
    ],
)
def test_no_text_names_drug_diagnosis_specialty_or_treatment(text: str, word: str, kind: str) -> None:
    (fault,) = word_faults(saying(text, allows_ucs2=True))
    shown = word.replace("\t", "\\t")
    assert fault.startswith(f"clinic.templates.en.booked: found '{shown}'; a text names no {kind}")
    (fault,) = word_faults(clinic_with(sender=text, allows_ucs2=True, most_segments=10))
    assert fault.startswith(f"clinic.sender: found '{shown}'; no {kind} may be named")


@pytest.mark.parametrize(
    "text", ["How is your pain now?", "Ask about your medicines", "Refreshments", "Skip breakfast"]
)
def test_words_that_only_look_alike_may_be_said(text: str) -> None:
    assert word_faults(saying(text)) == []


@pytest.mark.parametrize("sender", ["Ames Pain", "KetaWell", "Mood Center", "Casa sin Dolor"])
def test_the_name_above_every_text_says_less_than_a_text_may(sender: str) -> None:
    (fault,) = word_faults(a_clinic(sender=sender))
    assert "no specialty may be named" in fault


@pytest.mark.parametrize(
    "sender", ["North Clinic", "Kettering Family Practice", "Painter Street Clinic", "Moody & Sons"]
)
def test_a_neutral_name_is_no_fault(sender: str) -> None:
    assert word_faults(a_clinic(sender=sender)) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Reply YES to confirm.", "YES"),
        ("Please reply yes.", "yes"),
        ('Reply "no" if you cannot come.', "no"),
        ("Reply C to confirm or CANCEL to cancel.", "CANCEL"),
        ("Text END when done.", "END"),
        ("YES to confirm, call us otherwise.", "YES"),
        ("Answer Y or N.", "Y"),
        ("Reply 1 to confirm.", "1"),
        ("Reply with 1 or call.", "1"),
        ("1 to confirm, 2 to change.", "1"),
        ("1=yes", "1"),
        ("Press 1.", "1"),
        ("Responda SÍ para confirmar.", "SI"),
        ("Escriba 1 para confirmar.", "1"),
        ("Responda 'no' si no viene.", "no"),
    ],
)
def test_no_text_asks_for_a_word_that_carriers_act_on_nor_for_a_bare_digit(text: str, word: str) -> None:
    (fault,) = word_faults(saying(text, allows_ucs2=True))
    assert fault.startswith(f"clinic.templates.en.booked: found '{word}'; carriers act on this word")


@pytest.mark.parametrize(
    "text",
    [
        "Text STOP to opt out.",
        "Text START to hear from us again.",
        "Reply C to confirm or R to change.",
        "Reply with a number from 0 to 10.",
        "Reply 0 (none) to 10 (worst).",
        "Reply with 0-10.",
        "Text us 2 days before.",
        "Reply no later than Friday.",
        "There is no food here. At the end, yes, we cancel 1 parking fee.",
        "NO food after midnight.",
        "Responda si puede venir.",
        "Call {{phone}} or reply {{when}}.",
    ],
)
def test_other_answers_may_be_asked_for(text: str) -> None:
    assert word_faults(saying(text)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("See {{doctor}}", "clinic.templates.en.booked: found '{{doctor}}'; known here: arrive_at, "),
        ("See {{Sender}}", "clinic.templates.en.booked: found '{{'; a placeholder is written {{name}}"),
        ("See sender}}", "clinic.templates.en.booked: found '}}'; a placeholder is written {{name}}"),
    ],
)
def test_a_placeholder_that_cannot_be_filled_is_named(text: str, fault: str) -> None:
    (found,) = word_faults(saying(text))
    assert found.startswith(fault)


def test_an_escort_hears_of_time_and_place_only() -> None:
    assert lint(saying("{{sender}}: {{pick_up_at}}, {{place}}, {{phone}}. Text STOP to opt out.", step="pick_up")) == []
    (fault,) = lint(saying("{{sender}}: no food after {{solids_until}}", step="pick_up"))
    assert fault.startswith("clinic.templates.en.pick_up: found '{{solids_until}}'; known here: phone, pick_up_at, ")


@pytest.mark.parametrize(
    ("step", "text", "word"),
    [
        ("ask_escort", "{{sender}}: will you be there after a Session on {{pick_up_at}}? {{question}}", "session"),
        ("ask_escort", "{{sender}}: recoja a un paciente {{pick_up_at}}. {{question}}", "paciente"),
        ("pick_up", "{{sender}}: the treatment ends {{pick_up_at}}.", "treatment"),
        ("pick_up_off", "{{sender}}: the patient needs no ride {{pick_up_at}}.", "patient"),
    ],
)
def test_an_escort_does_not_hear_what_the_appointment_is_for(step: str, text: str, word: str) -> None:
    faults = [fault for fault in lint(saying(text, step=step)) if "an escort hears" in fault]
    assert [fault.split(";")[0].split(": ")[1] for fault in faults] == [f"found {word!r}"]


def test_our_own_texts_to_escorts_keep_the_rules_for_clinics_texts() -> None:
    for language in ("en", "es"):
        for step in ("ask_escort", "pick_up", "pick_up_off"):
            own = {language: {step: TEMPLATES[language][step]}}
            assert lint(clinic_with(templates=own, language=language)) == []


def test_an_escorts_own_step_hears_no_more() -> None:
    confirm = next(step for step in DEFAULT_STEPS if step.key == "remind_confirm")
    own = Step(
        "wait", Phase.BEFORE, confirm.due, confirm.expires, 8, recipient=Recipient.ESCORT, channels=(Channel.SMS,)
    )
    cadence = replace(DEFAULT_CADENCE, steps=(*DEFAULT_STEPS, own))
    clinic = saying("Until {{drive_after}}", step="wait", cadences={"*": cadence})
    assert [fault.split(":")[0] for fault in lint(clinic)] == ["clinic.templates.en.wait"]


def test_a_name_with_a_dear_letter_is_one_fault() -> None:
    (fault,) = lint(a_clinic(sender="Clínica Río"))
    assert fault.startswith("clinic.sender: found 'í' (U+00ED LATIN SMALL LETTER I WITH ACUTE: write 'i'); ")
    assert fault.endswith("or set clinic.allows_ucs2 = true")


@pytest.mark.parametrize("key", ["sender", "phone", "address", "emergency_number"])
def test_dear_letters_are_found_wherever_they_get_into_texts(key: str) -> None:
    (fault,) = lint(clinic_with(**{key: "Río"}))
    assert fault.startswith(f"clinic.{key}: found 'í'")


def test_each_dear_letter_of_a_text_is_named_with_what_to_write() -> None:
    (fault,) = lint(saying("It’s here… \N{ZERO WIDTH SPACE}\N{WAVING HAND SIGN}\x07"))
    assert "'’' (U+2019 RIGHT SINGLE QUOTATION MARK: write \"'\")" in fault
    assert "'…' (U+2026 HORIZONTAL ELLIPSIS: write '...')" in fault
    assert "(U+200B ZERO WIDTH SPACE)" in fault
    assert "(U+1F44B WAVING HAND SIGN)" in fault
    assert "(U+0007 a character without a name)" in fault
    assert lint(saying("It’s here…", allows_ucs2=True)) == []


def test_a_text_is_measured_at_its_longest() -> None:
    text = "{{sender}}: {{when}}. " + "Please come in by the door on the left. " * 8
    (fault,) = lint(saying(text, step="remind_confirm"))
    assert fault.startswith("clinic.templates.en.remind_confirm: found '4")
    assert "in 4 parts'; at most 3 parts" in fault
    assert lint(saying(text, step="remind_confirm", most_segments=4)) == []


def test_a_link_is_counted_with_the_text_that_has_one() -> None:
    text = "x" * 330
    assert lint(saying(text, step="moved")) == []
    text = "x" * 440 + " {{link}}"
    (fault,) = lint(saying(text, step="moved"))
    assert "4 parts" in fault


def test_a_text_of_a_step_that_is_off_is_judged_if_the_clinic_wrote_it() -> None:
    assert len(lint(saying("x" * 500, step="day_of"))) == 1


def test_a_name_that_makes_our_texts_too_long_is_one_fault_that_says_how_long_it_may_be() -> None:
    (fault,) = lint(a_clinic(sender="R" * 150))
    assert fault.startswith("clinic.sender: found ")
    room = int(fault.split("; at most ")[1].split(" ")[0])
    assert 60 < room < 150
    assert lint(a_clinic(sender="R" * room)) == []
    assert lint(a_clinic(sender="R" * (room + 1))) != []


def test_dear_letters_that_are_allowed_are_blamed_for_what_they_cost() -> None:
    (fault,) = lint(replace(a_clinic(sender="Clínica Río"), allows_ucs2=True))
    assert fault.startswith("clinic.sender: found 'Clínica Río'; with it our texts take up to ")
    assert "without í" in fault
    assert lint(replace(a_clinic(sender="Clínica Río"), allows_ucs2=True, most_segments=7)) == []


def test_a_phone_that_makes_our_texts_too_long_is_blamed_itself() -> None:
    (fault,) = lint(a_clinic(phone="our friendly front desk, any weekday between nine and five " * 3))
    assert fault.startswith("clinic.phone: found ")


def test_a_limit_that_our_texts_never_keep_is_blamed_itself() -> None:
    (fault,) = lint(clinic_with(most_segments=1))
    assert fault.startswith("clinic.most_segments: found 1; our texts take up to ")
    assert " more" in fault


def test_without_consent_every_text_is_short_and_says_who_and_how_to_stop() -> None:
    good = "{{sender}}: booked for {{when}}. Call {{phone}}. Text STOP to opt out."
    assert lint(saying(good, caps=EXEMPTION)) == []
    (fault,) = lint(saying("{{sender}}: booked for {{when}}. Call {{phone}}.", caps=EXEMPTION))
    assert "every text says {{sender}}, {{phone}} and STOP" in fault
    (fault,) = lint(saying(good + " We look forward to seeing you, and so does everybody here." * 2, caps=EXEMPTION))
    assert "at most 160 characters" in fault
    (fault,) = lint(clinic_with(sender="R" * 120, caps=EXEMPTION))
    assert fault.startswith("clinic.sender: found ")


@pytest.mark.parametrize("language", ["fr", "xx-YY"])
def test_a_language_we_have_no_texts_in_is_refused(language: str) -> None:
    (fault,) = lint(clinic_with(language=language))
    assert fault.startswith(f"clinic.language: found '{language}'; texts are sent in en, es")
    (fault,) = lint(saying("Bonjour", language=language))
    assert fault.startswith(f"clinic.templates.{language}: found ")
    assert lint(clinic_with(language="es-MX")) == []


def test_the_lists_are_written_as_they_are_read() -> None:
    words = [*chain.from_iterable(BANNED.values()), *IN_A_SENDER, *CARRIER_WORDS]
    assert all(word.isascii() and word == word.casefold() for word in words)
    assert len(words) == len(set(words))
