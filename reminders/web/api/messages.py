"""`/messages`: a text to one patient, sent once however often it is asked for, and what became of it."""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from reminders.core.api_keys import Scope
from reminders.core.errors import NotFoundError
from reminders.core.labels import REASONS
from reminders.services.answer_once import Answered, Begun, Reused, UnderWay, begin, fingerprint, finish, give_up
from reminders.services.read_messages import read_message
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.web.api import documents, shapes
from reminders.web.api.auth import Caller, Calling, KeyedRoute, needs
from reminders.web.api.openapi import answers
from reminders.web.api.problem import Kind, ProblemError

router = APIRouter(prefix="/messages", route_class=KeyedRoute, tags=["messages"])

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=shapes.LONGEST,
        pattern=r"^[\x21-\x7e]+$",
        description="A name of your own for this request, such as a random UUID: the same again sends nothing more.",
    ),
]
CREATED = 201


@router.post(
    "",
    operation_id="sendMessage",
    openapi_extra=needs(Scope.SEND),
    status_code=CREATED,
    responses=answers(404, 409, 422),
    summary="Write to a patient",
)
def send_message(
    caller: Calling, body: shapes.NewMessage, idempotency_key: IdempotencyKey, response: Response
) -> shapes.Message:
    """Write to one patient in your own words, through the same door as staff: consent and opt-outs hold.

    It leaves when the clinic's hours permit. Sent again with the same key within 24 hours, the request is answered as
    the first time and nothing more is sent.
    """
    mark = fingerprint("POST /messages", body.model_dump_json())
    turn = begin(caller.deps, caller.key.id, idempotency_key, mark)
    match turn:
        case Answered(body=kept):
            response.headers["Idempotency-Replayed"] = "true"
            return shapes.Message.model_validate_json(kept)
        case UnderWay():
            raise ProblemError(Kind.REQUEST_UNDER_WAY, headers={"Retry-After": "2"})
        case Reused():
            raise ProblemError(Kind.IDEMPOTENCY_KEY_REUSED)
        case Begun():
            return _send_once(caller, body, idempotency_key, turn)


@router.get(
    "/{message_id}",
    operation_id="getMessage",
    openapi_extra=needs(Scope.READ),
    responses=answers(404),
    summary="Read a message and its story",
)
def get_message(caller: Calling, message_id: UUID) -> shapes.ToldMessage:
    """Return a message with every line of what happened to it, and why."""
    return documents.told(read_message(caller.deps, caller.clinic.slug, message_id))


def _send_once(caller: Caller, body: shapes.NewMessage, idempotency_key: str, turn: Begun) -> shapes.Message:
    try:
        made = _send(caller, body, idempotency_key)
    except BaseException:
        give_up(caller.deps, turn)
        raise
    finish(caller.deps, turn, CREATED, made.model_dump_json())
    return made


def _send(caller: Caller, body: shapes.NewMessage, idempotency_key: str) -> shapes.Message:
    """Store the message. Its request key follows from the idempotency key: even if we die here, it is stored once."""
    digest = hashlib.sha256(f"{caller.key.id} {idempotency_key}".encode()).hexdigest()
    request = AdHocRequest(
        text=body.text,
        author=caller.who.name,
        request_key=f"api:{digest[:56]}",
        clinic_slug=caller.clinic.slug,
        patient_external_id=body.patient,
        channel=body.channel,
        override_reason=body.override_reason,
    )
    (found,) = send_ad_hoc(caller.deps, request, who=caller.who)
    if found.message_id is not None:
        return documents.message(read_message(caller.deps, caller.clinic.slug, found.message_id))
    if found.left_out is None:
        raise NotFoundError(f"no message for {body.patient!r}")
    more = {"reason": found.left_out.value}
    raise ProblemError(Kind.NOT_REACHABLE, f"{REASONS[found.left_out]}.".capitalize(), more=more)
