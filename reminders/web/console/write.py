"""Staff write: choose whom, see who gets which text and who is left out and why, then send. Demo only, as the console.

A preview makes a request key, which travels in the form: pressing 'send' twice sends once (requirement 56).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from reminders.bootstrap import Services
from reminders.core.clinics import Clinic
from reminders.core.errors import ContentError, InputError, NotFoundError, RemindersError
from reminders.core.labels import REASONS
from reminders.core.patients import Channel
from reminders.core.windows import civil, local_day
from reminders.services.apply_clinics import known_clinics
from reminders.services.read_status import read_status
from reminders.services.send_ad_hoc import AdHocRequest, Recipient, preview_ad_hoc, send_ad_hoc
from reminders.web.guards import is_from_our_page, leave_nonce, nonce_of, only_local
from reminders.web.pages import page, services_of

router = APIRouter(dependencies=[Depends(only_local)])

DAY = timedelta(days=1)
AUTHOR = "Front desk"


class Wish(BaseModel):
    """The form as it was filled in. Blank `clinic` is the only one, blank `channel` the best that is open."""

    model_config = ConfigDict(frozen=True)

    to: Literal["patient", "tomorrow"] = "patient"
    patient: str = Field("", max_length=200)
    clinic: str = Field("", max_length=64)
    text: str = Field("", max_length=4000)
    channel: Literal["", "sms", "email"] = ""
    author: str = Field(AUTHOR, max_length=80)
    override_reason: str = Field("", max_length=200)
    request_key: str = Field("", max_length=64)
    nonce: str = Field("", max_length=64)


Filled = Annotated[Wish, Form()]


@dataclass(frozen=True, slots=True)
class Outlook:
    """A preview, sorted for reading: who gets a text, and who does not and why."""

    reached: list[Recipient]
    left_out: list[tuple[Recipient, str]]

    @property
    def segments(self) -> int:
        """How many text segments will be paid for."""
        return sum(item.size.segments for item in self.reached if item.size)


@router.get("/send")
def show_send(request: Request, patient: str = "") -> HTMLResponse:
    """Show the form, for one patient where a page links to them."""
    return _form(request, Wish(patient=patient[:200]), ())


@router.post("/send/preview")
def preview(request: Request, wish: Filled) -> HTMLResponse:
    """Show what would be sent; nothing is stored."""
    services = services_of(request)
    if not is_from_our_page(request, wish.nonce):
        return _form(
            request, wish, ["The form had waited too long. Please look again, then go on."], HTTPStatus.FORBIDDEN
        )
    try:
        found = preview_ad_hoc(services.deps, _request(services, wish))
    except RemindersError as error:
        return _form(request, wish, _faults(error), HTTPStatus.BAD_REQUEST)
    key = services.deps.identity.new_token()
    return _with_nonce(request, "console/send_preview.html", wish=wish, outlook=_outlook(found), request_key=key)


@router.post("/send/edit")
def edit(request: Request, wish: Filled) -> HTMLResponse:
    """Show the form again as it was filled in."""
    return _form(request, wish, ())


@router.post("/send")
def send(request: Request, wish: Filled) -> HTMLResponse:
    """Store the messages. The same form again stores nothing more."""
    services = services_of(request)
    if not is_from_our_page(request, wish.nonce) or not wish.request_key:
        return page(request, "console/send_refused.html", status=HTTPStatus.FORBIDDEN)
    try:
        found = send_ad_hoc(services.deps, _request(services, wish))
    except RemindersError as error:
        return _form(request, wish, _faults(error), HTTPStatus.BAD_REQUEST)
    return page(request, "console/send_done.html", outlook=_outlook(found))


def _outlook(found: list[Recipient]) -> Outlook:
    return Outlook(
        reached=[item for item in found if item.left_out is None],
        left_out=[(item, REASONS[item.left_out]) for item in found if item.left_out is not None],
    )


def _faults(error: RemindersError) -> tuple[str, ...]:
    match error:
        case InputError():
            return error.faults
        case NotFoundError() | ContentError():
            return (str(error),)
        case _:
            raise error


def _request(services: Services, wish: Wish) -> AdHocRequest:
    """Return what the form asks for, 'tomorrow' as the civil day after today in the clinic's zone."""
    clinic = _clinic(services, wish)
    is_one = wish.to == "patient"
    tomorrow = local_day(services.deps.clock.now(), clinic.tz) + DAY
    return AdHocRequest(
        text=wish.text.replace("\r\n", "\n").strip(),
        author=wish.author.strip() or AUTHOR,
        request_key=wish.request_key or "preview",
        clinic_slug=clinic.slug,
        patient_external_id=wish.patient.strip() if is_one else None,
        starts_after=None if is_one else civil(tomorrow, time(), clinic.tz),
        starts_before=None if is_one else civil(tomorrow + DAY, time(), clinic.tz),
        channel=Channel(wish.channel) if wish.channel else None,
        override_reason=wish.override_reason.strip() or None,
    )


def _clinic(services: Services, wish: Wish) -> Clinic:
    every = known_clinics(services.deps)
    chosen = [clinic for clinic in every if wish.clinic in {"", clinic.slug}]
    if len(chosen) != 1:
        raise InputError(["clinic: choose one"])
    return chosen[0]


def _form(
    request: Request, wish: Wish, faults: tuple[str, ...] | list[str], status: int = HTTPStatus.OK
) -> HTMLResponse:
    deps = services_of(request).deps
    people = {line.patient: line.name for line in read_status(deps).appointments}
    every = known_clinics(deps)
    return _with_nonce(
        request, "console/send.html", status=status, wish=wish, faults=faults, people=people, clinics=every
    )


def _with_nonce(request: Request, template: str, *, status: int = HTTPStatus.OK, **values: object) -> HTMLResponse:
    nonce = nonce_of(request)
    found = page(request, template, status=status, nonce=nonce, **values)
    leave_nonce(request, found, nonce)
    return found
