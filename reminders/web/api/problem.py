"""Problem details (RFC 9457): every error of the API as one shape, each kind with a page that explains it.

No answer says more than its kind, what was wrong with the request, and a reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from reminders.core import errors

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
BELOW = "/api/"
"""Below this, errors are problem details, whatever the client says it accepts."""
MOST_FAULTS = 50


class Kind(StrEnum):
    """Every kind of problem, as the last part of its address."""

    INVALID_REQUEST = "invalid-request"
    UNAUTHORIZED = "unauthorized"
    SCOPE_MISSING = "scope-missing"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    CONFLICT = "conflict"
    NOT_REACHABLE = "not-reachable"
    REQUEST_UNDER_WAY = "request-under-way"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    TOO_MANY_REQUESTS = "too-many-requests"
    INTERNAL = "internal"
    NOT_READY = "not-ready"


@dataclass(frozen=True, slots=True)
class About:
    """What a kind means: its status, its title, and what to do about it."""

    status: HTTPStatus
    title: str
    remedy: str


KINDS: Mapping[Kind, About] = {
    Kind.INVALID_REQUEST: About(
        HTTPStatus.BAD_REQUEST,
        "The request has faults",
        "Each member of `errors` names one: in the body by a JSON Pointer, else by the name of the parameter. Nothing "
        "was changed. Correct the request; sending the same again gives the same answer.",
    ),
    Kind.UNAUTHORIZED: About(
        HTTPStatus.UNAUTHORIZED,
        "The key is missing, wrong, ended or has run out",
        "Send `Authorization: Bearer rk_…`. Whoever runs the service makes keys with `reminders api-key add` and sees "
        "with `reminders api-key list` which hold.",
    ),
    Kind.SCOPE_MISSING: About(
        HTTPStatus.FORBIDDEN,
        "The key does not permit this",
        "A key has some of the scopes read, write and send. Ask for a key with the scope that `detail` names.",
    ),
    Kind.NOT_FOUND: About(
        HTTPStatus.NOT_FOUND,
        "There is no such thing at this clinic",
        "A key sees its own clinic only: what belongs to another answers as if it did not exist.",
    ),
    Kind.METHOD_NOT_ALLOWED: About(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not take that method",
        "The header `Allow` lists those it takes.",
    ),
    Kind.CONFLICT: About(
        HTTPStatus.CONFLICT,
        "That does not fit how things stand now",
        "Somebody else was first, or the row is not in a state that allows it. Read it again, then decide.",
    ),
    Kind.NOT_REACHABLE: About(
        HTTPStatus.CONFLICT,
        "The patient cannot be written to",
        "`reason` says why: they opted out, gave no consent, or have no address that works. Nothing was sent and "
        "nothing will be. An opt-out cannot be overridden.",
    ),
    Kind.REQUEST_UNDER_WAY: About(
        HTTPStatus.CONFLICT,
        "A request with this idempotency key is under way",
        "Wait as long as `Retry-After` says, then send the very same request again: it is answered as the first was.",
    ),
    Kind.TOO_LARGE: About(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "A body may have 64,000 bytes at most."
    ),
    Kind.UNSUPPORTED_MEDIA_TYPE: About(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is not JSON", "Send `Content-Type: application/json`."
    ),
    Kind.IDEMPOTENCY_KEY_REUSED: About(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The idempotency key came with another request before",
        "A key stands for one request for 24 hours. Use a new one for a new request.",
    ),
    Kind.TOO_MANY_REQUESTS: About(
        HTTPStatus.TOO_MANY_REQUESTS,
        "That is too often",
        "Wait as many seconds as `Retry-After` says. `RateLimit` tells with each answer how many requests are left to "
        "a key. Requests without a good key are counted by the address they come from: 30, then one in two seconds. A "
        "good key is never refused for what others at its address do wrong.",
    ),
    Kind.INTERNAL: About(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong on our side",
        "Send the request again later, with the same idempotency key. The reference finds it in our log.",
    ),
    Kind.NOT_READY: About(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service is not ready just now", "Send the same request again in a minute."
    ),
}
BY_STATUS: Mapping[int, Kind] = {int(about.status): kind for kind, about in reversed(list(KINDS.items()))}
"""The kind that stands for a status where nothing more is known: the first of that status."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One fault of a request: in the body at a JSON Pointer, else in a parameter."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def document(self) -> dict[str, str]:
        """Return it as the answer tells it; a pointer is a fragment (RFC 6901, 6)."""
        place = {"pointer": f"#{self.pointer}"} if self.pointer is not None else {"parameter": self.parameter or ""}
        return {"detail": self.detail, **place}


@dataclass(eq=False)
class ProblemError(Exception):
    """A problem to be answered as it stands."""

    kind: Kind
    detail: str = ""
    wrong: Sequence[Wrong] = ()
    more: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_response(found: ProblemError, *, reference: str, base: str) -> Response:
    """Write a problem; its type is an address of ours, relative to the host."""
    about = KINDS[found.kind]
    document: dict[str, object] = {
        "type": f"{base}/problems/{found.kind}",
        "title": about.title,
        "status": int(about.status),
        "detail": found.detail or about.title,
        "reference": reference,
        **found.more,
    }
    if found.wrong:
        document["errors"] = [item.document() for item in found.wrong[:MOST_FAULTS]]
    return JSONResponse(document, status_code=int(about.status), media_type=MEDIA_TYPE, headers=dict(found.headers))


def refusal(path: str, status: int, *, reference: str, base: str) -> Response | None:
    """Return the answer for a status that came about outside of the API's app, such as a body that is too large.

    None where the path is not one of the API's.
    """
    if not path.startswith(BELOW):
        return None
    return problem_response(ProblemError(BY_STATUS.get(status, Kind.INTERNAL)), reference=reference, base=base)


def answer(request: Request, error: Exception) -> Response:
    """Return the answer to a request that ended in an error."""
    found = problem_of(error)
    if KINDS[found.kind].status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("api.failed", exc=error, id=reference_of(request))
    return problem_response(found, reference=reference_of(request), base=request.app.state.base)


def reference_of(request: Request) -> str:
    """Return what finds this request in the log."""
    return str(getattr(request.state, "reference", ""))


def problem_of(error: Exception) -> ProblemError:
    """Say which problem an error is."""
    match error:
        case ProblemError():
            return error
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            kind = BY_STATUS.get(error.status_code, Kind.INTERNAL)
            # The framework's own 400 is about a body that is no JSON at all, such as one nested too deep to be read.
            wrong = [Wrong("The body cannot be read as JSON", pointer="")] if kind is Kind.INVALID_REQUEST else ()
            return ProblemError(kind, wrong=wrong, headers=error.headers or {})
        case errors.RemindersError():
            return _of_ours(error)
        case _:
            return ProblemError(Kind.INTERNAL)


def _of_ours(error: errors.RemindersError) -> ProblemError:
    match error:
        case errors.InputError():
            return ProblemError(Kind.INVALID_REQUEST, wrong=[Wrong(fault, pointer="") for fault in error.faults])
        case errors.ContentError():
            return ProblemError(Kind.INVALID_REQUEST, wrong=[Wrong(str(error), pointer="")])
        case errors.NotFoundError():
            return ProblemError(Kind.NOT_FOUND)
        case errors.ConflictError() | errors.NeedsConsentError():
            return ProblemError(Kind.CONFLICT, str(error))
        case errors.NotReadyError():
            return ProblemError(Kind.NOT_READY, headers={"Retry-After": "60"})
        case _:
            return ProblemError(Kind.INTERNAL)


def _invalid(error: RequestValidationError) -> ProblemError:
    wrong = []
    for found in error.errors():
        place, *path = found["loc"]
        detail = str(found["msg"]).removeprefix("Value error, ")
        if place == "body":
            # Where the text is no JSON at all, the path is a position in it.
            parts = [] if found["type"] == "json_invalid" else path
            wrong.append(Wrong(detail, pointer="".join(f"/{escaped(str(part))}" for part in parts)))
        else:
            wrong.append(Wrong(detail, parameter=".".join(str(part) for part in path)))
    return ProblemError(Kind.INVALID_REQUEST, "The request has faults: see `errors`.", wrong)


def escaped(part: str) -> str:
    """Write one step of a JSON Pointer (RFC 6901, 3)."""
    return part.replace("~", "~0").replace("/", "~1")
