from __future__ import annotations

import re
from http import HTTPStatus

import pytest

from reminders.core import errors
from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import DEFAULT_STEPS
from reminders.core.delivery import MessageState
from reminders.core.labels import REASONS, STEPS
from reminders.core.reminders import Reason
from reminders.core.replies import Intent
from reminders.core.tasks import Urgency
from reminders.core.texts import TEMPLATES
from reminders.web.console import labels
from reminders.web.errors import STATUSES, problem, status_of
from reminders.web.pages import STATIC, dialled
from reminders.web.words import PAGE


def test_every_word_of_ours_has_one_for_people() -> None:
    assert labels.MESSAGE_STATES.keys() == set(MessageState)
    assert REASONS.keys() == set(Reason)
    assert labels.INTENTS.keys() == set(Intent)
    assert labels.STATUSES.keys() == set(AppointmentStatus)
    assert labels.URGENCIES.keys() == set(Urgency)
    assert {step.key for step in DEFAULT_STEPS} <= STEPS.keys()


def test_every_tone_has_its_colour() -> None:
    tables = (labels.MESSAGE_STATES, labels.INTENTS, labels.STATUSES, labels.URGENCIES)
    css = (STATIC / "console.css").read_text()
    for tone in {tone for table in tables for _, tone in table.values()}:
        assert f".chip.{tone}" in css
        assert f".is-{tone}" in css


def test_patients_pages_speak_every_language_of_our_texts() -> None:
    assert PAGE.keys() == TEMPLATES.keys()


def test_every_error_of_the_tree_has_an_answer() -> None:
    kinds: list[type[errors.RemindersError]] = [errors.RemindersError, *offspring(errors.RemindersError)]
    for kind in kinds:
        error = kind(["a fault"])
        assert status_of(error).value >= HTTPStatus.BAD_REQUEST
    assert status_of(errors.ScheduleError(["a fault"])) is STATUSES[errors.InputError]


def offspring(kind: type[errors.RemindersError]) -> list[type[errors.RemindersError]]:
    """Return all classes below one."""
    children = kind.__subclasses__()
    return children + [below for child in children for below in offspring(child)]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503])
def test_every_status_has_a_page_in_both_languages_and_a_plain_form(status: int) -> None:
    page = problem(status, wants_page=True, reference="r-1")
    told = problem(status, wants_page=False, reference="r-1")
    assert (page.status_code, told.status_code) == (status, status)
    assert b'lang="es"' in page.body
    assert HTTPStatus(status).phrase.encode() in told.body


def test_staff_read_an_error_in_the_language_of_the_console_and_find_back() -> None:
    page = bytes(problem(404, wants_page=True, reference="r-1", is_staff=True).body)
    assert b"Back to Today" in page
    assert b'lang="es"' not in page


@pytest.mark.parametrize(
    ("phone", "link"),
    [("+1 (202) 555-0100", "+12025550100"), ("202.555.0100", "2025550100"), ("our front desk", ""), ("911 or us", "")],
)
def test_only_a_number_can_be_dialled(phone: str, link: str) -> None:
    assert dialled(phone) == link


COLOURS = [
    ("patient.css", ["ink/paper", "soft/paper", "soft/card", "strong/paper", "on-strong/strong", "good/good-ground"]),
    ("patient.css", ["wait/wait-ground", "alert/alert-ground"]),
    ("console.css", ["ink/card", "soft/card", "soft/paper", "soft/hover", "strong/card", "on-strong/strong"]),
    ("console.css", ["good/good-ground", "wait/wait-ground", "bad/bad-ground", "calm/calm-ground"]),
    ("console.css", ["good/card", "wait/card", "bad/card"]),
]


@pytest.mark.parametrize(("sheet", "pairs"), COLOURS)
@pytest.mark.parametrize("scheme", [0, 1])
def test_texts_stand_out_from_their_ground_by_light_and_by_dark(sheet: str, pairs: list[str], scheme: int) -> None:
    text = (STATIC / sheet).read_text().split("prefers-color-scheme: dark")[scheme]
    colours = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", text.split("}", 1)[0]))
    for pair in pairs:
        front, ground = (luminance(colours[f"--{name}"]) for name in pair.split("/"))
        ratio = (max(front, ground) + 0.05) / (min(front, ground) + 0.05)
        assert ratio >= 4.5, f"{sheet} {pair}: {ratio:.2f}; WCAG AA asks for 4.5"


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
