"""The form in which staff write: its fields as they were filled in, and the request that they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, TypeVar

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field

from reminders.core.ad_hoc import leaving_at
from reminders.core.audience import Visitors
from reminders.core.clinics import Clinic, next_open_day
from reminders.core.content import language_of
from reminders.core.errors import InputError
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind, Pauses
from reminders.core.staff import Actor, Right
from reminders.core.texts import TEMPLATES
from reminders.core.windows import local_day
from reminders.services.apply_clinics import known_clinics
from reminders.services.deps import Deps
from reminders.services.pause import list_pauses
from reminders.services.search_patients import Found, search_patients
from reminders.services.send_ad_hoc import AdHocRequest

DAY = timedelta(days=1)
PHONE = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)
MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

T = TypeVar("T")


class Wish(BaseModel):
    """The form as it was filled in. Blank `clinic` is the only one, blank `channel` the best that is open."""

    model_config = ConfigDict(frozen=True)

    nonce: str = Field("", max_length=64)
    clinic: str = Field("", max_length=64)
    to: Literal["patient", "group"] = "patient"
    patient: str = Field("", max_length=300)
    days: Literal["today", "tomorrow", "next", "between"] = "tomorrow"
    first: str = Field("", max_length=10)
    last: str = Field("", max_length=10)
    since: str = Field("", max_length=8)
    before: str = Field("", max_length=8)
    kind: str = Field("", max_length=200)
    is_unconfirmed: bool = False
    lacks_ride: bool = False
    exceeds_caps: bool = False
    snippet: str = Field("", max_length=80)
    text: str = Field("", max_length=4000)
    other_text: str = Field("", max_length=4000)
    channel: Literal["", "sms", "email"] = ""
    when: Literal["now", "later"] = "now"
    at: str = Field("", max_length=25)
    override_reason: str = Field("", max_length=400)
    shown: str = Field("", max_length=200)
    test_to: str = Field("", max_length=200)
    request_key: str = Field("", max_length=64)
    seen: str = Field("", max_length=64)

    @property
    def is_blank(self) -> bool:
        """Say whether nobody has written anything yet."""
        return not self.text.strip()


Filled = Annotated[Wish, Form()]


class SeveralMeantError(InputError):
    """A name that several patients may mean: a person has to choose."""

    def __init__(self, found: Sequence[Found]) -> None:
        """Keep them."""
        super().__init__(["patient: several may be meant; choose one"])
        self.found = tuple(found)


def writable(deps: Deps, who: Actor) -> list[Clinic]:
    """Return the clinics for which somebody may write."""
    return [clinic for clinic in known_clinics(deps) if who.may(Right.WRITE, clinic.id)]


def chosen_clinic(clinics: Sequence[Clinic], wish: Wish) -> Clinic | None:
    """Return the clinic that a form names, or the only one."""
    return next((clinic for clinic in clinics if clinic.slug == wish.clinic or len(clinics) == 1), None)


def other_language(clinic: Clinic) -> str:
    """Return the language in which texts are sent beside the clinic's own."""
    return next(language for language in TEMPLATES if language != language_of(clinic.language))


def to_request(deps: Deps, who: Actor, wish: Wish, clinic: Clinic) -> AdHocRequest:
    """Return what a form asks for. Raises InputError with every fault; SeveralMeantError where a name is not enough."""
    is_group = wish.to == "group"
    return AdHocRequest(
        text=_lines(wish.text),
        author=who.name,
        request_key=wish.request_key or "preview",
        clinic_slug=clinic.slug,
        patient_external_id=None if is_group else _patient(deps, wish, clinic).external_id,
        audience=_visitors(deps, wish, clinic) if is_group else None,
        translations={other_language(clinic): _lines(wish.other_text)} if wish.other_text.strip() else {},
        channel=Channel(wish.channel) if wish.channel else None,
        override_reason=wish.override_reason.strip() or None,
        send_at=_send_at(deps, wish, clinic),
        exceeds_caps=wish.exceeds_caps,
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _patient(deps: Deps, wish: Wish, clinic: Clinic) -> Found:
    if not wish.patient.strip():
        raise InputError(["patient: found nothing; write a name, or the id in the schedule"])
    found = search_patients(deps, wish.patient, [clinic.id])
    if not found:
        raise InputError(
            [f"patient: found no patient {wish.patient.strip()!r}; write a name, or the id in the schedule"]
        )
    if len(found) > 1:
        raise SeveralMeantError(found)
    return found[0]


def _visitors(deps: Deps, wish: Wish, clinic: Clinic) -> Visitors:
    first, last = _days(deps, wish, clinic)
    return Visitors(
        first=first,
        last=last,
        not_before=_read("from", wish.since, time.fromisoformat, "a time such as 09:00 is wanted"),
        before=_read("before", wish.before, time.fromisoformat, "a time such as 12:00 is wanted"),
        appointment_type=wish.kind or None,
        is_unconfirmed=wish.is_unconfirmed,
        lacks_ride=wish.lacks_ride,
    )


def _days(deps: Deps, wish: Wish, clinic: Clinic) -> tuple[date, date]:
    today = local_day(deps.clock.now(), clinic.tz)
    if wish.days == "between":
        wanted = "a day such as 2027-03-05 is wanted"
        first = _read("first day", wish.first, date.fromisoformat, wanted)
        if first is None:
            raise InputError([f"first day: found nothing; {wanted}"])
        return first, _read("last day", wish.last, date.fromisoformat, wanted) or first
    day = _next_open(deps, clinic, today) if wish.days == "next" else today + DAY * (wish.days == "tomorrow")
    return day, day


def _next_open(deps: Deps, clinic: Clinic, today: date) -> date:
    """Return the next open day as Today has it: what staff closed counts as well."""
    paused = (item for _, item in list_pauses(deps, clinic.slug, with_ended=False) if item.kind is PauseKind.DAY)
    return next_open_day(clinic, today, Pauses(days=frozenset(date.fromisoformat(item.subject) for item in paused)))


def _send_at(deps: Deps, wish: Wish, clinic: Clinic) -> datetime | None:
    if wish.when == "now":
        return None
    wanted = "a day and time such as 2027-03-05T14:00 is wanted"
    wall = _read("at", wish.at, datetime.fromisoformat, wanted)
    if wall is None or wall.tzinfo is not None:
        raise InputError([f"at: found {wish.at or 'nothing'}; {wanted}"])
    return leaving_at(wall, clinic, now=deps.clock.now())


def _read(field: str, text: str, read: Callable[[str], T], wanted: str) -> T | None:
    """Return the value of a field, None where it is blank. Raises InputError."""
    if not text.strip():
        return None
    try:
        return read(text.strip())
    except ValueError:
        raise InputError([f"{field}: found {text!r}; {wanted}"]) from None


def own_address(text: str) -> str:
    """Return a phone in E.164 or a mailbox. Raises InputError."""
    plain = re.sub(r"[\s().-]", "", text)
    if PHONE.fullmatch(plain):
        return plain
    if MAILBOX.fullmatch(text.strip()):
        return text.strip()
    raise InputError(["test: found no phone such as +1 202 555 0100, and no e-mail address"])
