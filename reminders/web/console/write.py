"""Staff write: choose whom, see who gets which text and who is left out and why, test it, send it now or later.

A preview makes a request key and a fingerprint, which travel in the form: pressing 'send' twice sends once (requirement
56), and nothing leaves that is not what was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.core.clinics import Clinic
from reminders.core.content import language_of
from reminders.core.errors import ContentError, InputError, NotFoundError, RemindersError
from reminders.core.staff import Actor, Right
from reminders.services.search_patients import Found, search_patients, session_types
from reminders.services.send_ad_hoc import plan_ad_hoc, send_batch
from reminders.services.send_test import Trial, send_test
from reminders.web.console.door import check_form, needs, staff_page
from reminders.web.console.write_form import (
    Filled,
    SeveralMeantError,
    Wish,
    chosen_clinic,
    other_language,
    own_address,
    to_request,
    writable,
)
from reminders.web.console.write_view import LANGUAGES, Outlook, outlook
from reminders.web.pages import base_path, services_of

router = APIRouter(prefix="/send")
Writing = Annotated[Actor, Depends(needs(Right.WRITE))]

CHANGED = "Somebody would get something else than what you saw. Please look again, then send."
NOT_SEEN = "Please look at the preview first, then send."
WENT = "A test is on its way to {address}."


@router.get("")
def show_form(
    request: Request,
    who: Writing,
    patient: Annotated[str, Query(max_length=300)] = "",
    clinic: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """Show the form, for one patient where a page links to them."""
    deps = services_of(request).deps
    wish = Wish(patient=patient, clinic=clinic)
    named = search_patients(deps, patient, who.clinics(Right.WRITE)) if patient else []
    if len(named) == 1:
        home = next((item.slug for item in writable(deps, who) if item.id == named[0].clinic_id), "")
        wish = Wish(patient=named[0].label, clinic=home)
    return _page(request, who, wish)


@router.post("/edit")
def edit(request: Request, who: Writing, wish: Filled) -> HTMLResponse:
    """Show the form again as it was filled in, with an approved text where one was chosen."""
    check_form(request, wish.nonce)
    clinic = chosen_clinic(writable(services_of(request).deps, who), wish)
    if clinic is None or not wish.snippet:
        return _page(request, who, wish)
    home, other = language_of(clinic.language), other_language(clinic)
    texts = {key: clinic.snippets.get(key, {}).get(wish.snippet, "") for key in (home, other)}
    filled = {"text": texts[home] or wish.text, "other_text": texts[other] or wish.other_text, "snippet": ""}
    return _page(request, who, wish.model_copy(update=filled))


@router.post("/preview")
def preview(request: Request, who: Writing, wish: Filled) -> HTMLResponse:
    """Show the form with its preview; nothing is stored."""
    check_form(request, wish.nonce)
    try:
        return _page(request, who, wish, seen=_outlook(request, who, wish))
    except RemindersError as error:
        return _page(request, who, wish, faults=_faults(error), several=_several(error), status=HTTPStatus.BAD_REQUEST)


@router.post("/outlook")
def preview_part(request: Request, who: Writing, wish: Filled) -> HTMLResponse:
    """Show the preview alone, while somebody writes."""
    check_form(request, wish.nonce)
    found: Outlook | None = None
    faults: tuple[str, ...] = ()
    several: tuple[Found, ...] = ()
    try:
        found = None if wish.is_blank else _outlook(request, who, wish)
    except RemindersError as error:
        faults, several = _faults(error), _several(error)
    return staff_page(request, who, "write_part.html", outlook=found, faults=faults, several=several, wish=wish)


@router.post("/people")
def people(request: Request, who: Writing, wish: Filled) -> HTMLResponse:
    """Offer the patients whom a name may mean, while it is written."""
    check_form(request, wish.nonce)
    deps = services_of(request).deps
    clinic = chosen_clinic(writable(deps, who), wish)
    within = who.clinics(Right.WRITE) if clinic is None else [clinic.id]
    return staff_page(request, who, "write_people.html", found=search_patients(deps, wish.patient, within))


@router.post("")
def send(request: Request, who: Writing, wish: Filled) -> Response:
    """Store the messages of what was shown. The same form again leads to the same batch."""
    check_form(request, wish.nonce)
    services = services_of(request)
    try:
        if not wish.request_key or not wish.seen:
            return _page(request, who, wish, seen=_outlook(request, who, wish), note=NOT_SEEN)
        asked = to_request(services.deps, who, wish, _clinic(request, who, wish))
        found = send_batch(services.deps, asked, who=who, seen=wish.seen)
        if found.id is None:
            note = CHANGED if found.has_changed else ""
            return _page(request, who, wish, seen=_outlook(request, who, wish), note=note)
    except RemindersError as error:
        return _page(request, who, wish, faults=_faults(error), several=_several(error), status=HTTPStatus.BAD_REQUEST)
    return RedirectResponse(f"{base_path(services)}/batches/{found.id}", status_code=HTTPStatus.SEE_OTHER)


@router.post("/test")
def test(request: Request, who: Writing, wish: Filled) -> HTMLResponse:
    """Send the text, as the patient who is shown would read it, to whoever writes."""
    check_form(request, wish.nonce)
    deps = services_of(request).deps
    try:
        found = _outlook(request, who, wish)
        if not found.bubbles:
            raise InputError(["test: nobody gets it, so there is no text to show"])
        clinic, address = _clinic(request, who, wish), own_address(wish.test_to)
        body = found.bubbles[0].text
        # The same text to the same phone within a minute is a second click.
        minute = f"{deps.clock.now():%Y%m%d%H%M}"
        key = hashlib.sha256(f"{minute}|{address}|{body}".encode()).hexdigest()[:40]
        send_test(deps, Trial(clinic.slug, address, body, key), who=who)
    except RemindersError as error:
        return _page(request, who, wish, faults=_faults(error), several=_several(error), status=HTTPStatus.BAD_REQUEST)
    return _page(request, who, wish, seen=found, note=WENT.format(address=address))


def _clinic(request: Request, who: Actor, wish: Wish) -> Clinic:
    found = chosen_clinic(writable(services_of(request).deps, who), wish)
    if found is None:
        raise InputError(["clinic: choose one"])
    return found


def _outlook(request: Request, who: Actor, wish: Wish) -> Outlook:
    deps = services_of(request).deps
    plan = plan_ad_hoc(deps, to_request(deps, who, wish, _clinic(request, who, wish)), who=who)
    key = deps.identity.new_token()
    return outlook(plan, shown=wish.shown, reason=wish.override_reason.strip(), request_key=key)


def _faults(error: RemindersError) -> tuple[str, ...]:
    match error:
        case InputError():
            return error.faults
        case NotFoundError() | ContentError():
            return (str(error),)
        case _:
            raise error


def _several(error: RemindersError) -> tuple[Found, ...]:
    return error.found if isinstance(error, SeveralMeantError) else ()


def _page(
    request: Request,
    who: Actor,
    wish: Wish,
    *,
    seen: Outlook | None = None,
    faults: Sequence[str] = (),
    several: Sequence[Found] = (),
    note: str = "",
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    deps = services_of(request).deps
    clinics = writable(deps, who)
    clinic = chosen_clinic(clinics, wish) or clinics[0]
    home, other = language_of(clinic.language), other_language(clinic)
    return staff_page(
        request,
        who,
        "write.html",
        status=status,
        wish=wish,
        clinics=clinics,
        outlook=seen,
        faults=faults,
        several=several,
        note=note,
        kinds=session_types(deps, clinic.id),
        snippets=sorted({key for texts in clinic.snippets.values() for key in texts}),
        home=LANGUAGES[home],
        other=LANGUAGES[other],
        other_code=other,
        zone=clinic.timezone,
    )
