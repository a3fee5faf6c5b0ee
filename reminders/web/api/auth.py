"""Who asks: every route of the API wants a key with a scope, counts the request, and answers errors as problems.

The key is looked at before the body is read: to whoever has none, no fault of a body is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from typing_extensions import override

from reminders.bootstrap import Services
from reminders.core.api_keys import ApiKey, Scope
from reminders.core.clinics import Clinic
from reminders.core.staff import Actor
from reminders.core.tries import KEYS
from reminders.services.api_keys import PACE, Entry, clinic_of, enter
from reminders.services.deps import Deps
from reminders.services.limit_tries import take_try
from reminders.web.api.problem import Kind, ProblemError, Wrong, answer
from reminders.web.guards import whole_seconds
from reminders.web.pages import services_of

SCHEME = "key"
BEARER = "bearer "
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="reminders"'}
JSON = "application/json"
NO_GOOD_KEY = "Too many requests from this address showed no good key."


def needs(scope: Scope) -> dict[str, Any]:
    """Return what a route says of itself in the description: the key's scope that it wants."""
    return {"security": [{SCHEME: [scope.value]}]}


@dataclass(frozen=True, slots=True)
class Caller:
    """The program that asks, its clinic, and the services that it is given."""

    key: ApiKey
    clinic: Clinic
    services: Services

    @property
    def who(self) -> Actor:
        """Who acts."""
        return self.key.actor

    @property
    def deps(self) -> Deps:
        """What services are given."""
        return self.services.deps


def caller(request: Request) -> Caller:
    """Return who was let in; a service reads and changes only rows of `caller.clinic`."""
    services, entry = services_of(request), request.state.entry
    return Caller(entry.key, clinic_of(services.deps, entry.key.clinic_id), services)


Calling = Annotated[Caller, Depends(caller)]


class KeyedRoute(APIRoute):
    """A route behind a key. What goes wrong in it, expected or not, is answered as a problem."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Stand before the route."""
        handler = super().get_route_handler()
        scope = Scope((self.openapi_extra or {})["security"][0][SCHEME][0])
        has_body = self.body_field is not None
        known = _query_names(self.dependant)

        async def guarded(request: Request) -> Response:
            entry: Entry | None = None
            try:
                entry = await run_in_threadpool(_entry, request)
                _permit(entry, scope)
                _check_query(request, known)
                if has_body:
                    _check_media(request)
                request.state.entry = entry
                response = await handler(request)
            except Exception as error:  # noqa: BLE001 - the fence: whatever it is, it is answered and logged as a problem
                response = answer(request, error)
            if entry is not None:
                response.headers.update(_pace(entry))
            return response

        return guarded


def _entry(request: Request) -> Entry:
    given = request.headers.get("authorization", "")
    is_bearer = given[: len(BEARER)].lower() == BEARER
    entry = enter(services_of(request).deps, given[len(BEARER) :].strip()) if is_bearer else None
    if entry is None:
        _count_refusal(request)
        raise ProblemError(Kind.UNAUTHORIZED, headers=CHALLENGE)
    return entry


def _count_refusal(request: Request) -> None:
    """Slow down an address that shows no good key again and again. A good one has been let in before this."""
    address = request.client.host if request.client else ""
    wait = take_try(services_of(request).deps, KEYS, address)
    if wait:
        raise ProblemError(Kind.TOO_MANY_REQUESTS, NO_GOOD_KEY, headers={"Retry-After": whole_seconds(wait)})


def _permit(entry: Entry, scope: Scope) -> None:
    if not entry.is_within_pace:
        raise ProblemError(Kind.TOO_MANY_REQUESTS, headers={"Retry-After": _seconds(entry)})
    if scope not in entry.key.scopes:
        headers = {"WWW-Authenticate": f'{CHALLENGE["WWW-Authenticate"]}, error="insufficient_scope", scope="{scope}"'}
        raise ProblemError(Kind.SCOPE_MISSING, f"This wants the scope {scope}.", headers=headers)


def _check_media(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise ProblemError(Kind.UNSUPPORTED_MEDIA_TYPE)


def _query_names(wanted: Dependant) -> set[str]:
    """Return the parameters that a route takes, also by what it depends on."""
    own = {item.alias for item in wanted.query_params}
    return own.union(*(_query_names(part) for part in wanted.dependencies))


def _check_query(request: Request, known: Collection[str]) -> None:
    """Refuse what nobody asked for: a filter that is spelled wrongly must not look as if it had filtered."""
    strange = sorted({name for name in request.query_params if name not in known})
    if strange:
        wrong = [Wrong("There is no such parameter", parameter=name) for name in strange]
        raise ProblemError(Kind.INVALID_REQUEST, "The request has faults: see `errors`.", wrong)


def _pace(entry: Entry) -> dict[str, str]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers: what the key may do, and what is left of it."""
    window = round(PACE.burst / PACE.rate)
    return {
        "RateLimit-Policy": f'"key";q={PACE.burst:.0f};w={window}',
        "RateLimit": f'"key";r={entry.remaining};t={_seconds(entry)}',
    }


def _seconds(entry: Entry) -> str:
    return whole_seconds(entry.wait)
