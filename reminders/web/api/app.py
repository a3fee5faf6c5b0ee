"""The API as an app of its own beside the pages: its errors are problems, and its description speaks of it alone."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from typing_extensions import override

from reminders.bootstrap import Services
from reminders.web.api import appointments, events, messages, patients, worklist
from reminders.web.api.openapi import describe
from reminders.web.api.problem import answer
from reminders.web.api.reference import open_router
from reminders.web.pages import base_path

PREFIX = "/api/v1"
METHOD_NOT_ALLOWED = 405
ROUTERS = (*(door.router for door in (appointments, patients, messages, worklist, events)), open_router)


class Api(FastAPI):
    """The API's own app."""

    @override
    def openapi(self) -> dict[str, Any]:
        """Return its description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self, f"{self.state.base}{PREFIX}")
        return self.openapi_schema


def create_api(services: Services) -> FastAPI:
    """Return the API; the app that serves it closes the services."""
    api = Api(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    api.state.services = services
    api.state.base = base_path(services)
    for router in ROUTERS:
        api.include_router(router)
    api.exception_handler(HTTPException)(_refused)
    api.exception_handler(RequestValidationError)(_refused)
    return api


def _refused(request: Request, error: Exception) -> Response:
    """Answer what went wrong before a route was found."""
    found = answer(request, error)
    if found.status_code == METHOD_NOT_ALLOWED:
        found.headers["Allow"] = ", ".join(_methods(request))
    return found


def _methods(request: Request) -> list[str]:
    """Return what an address takes, by all its routes: the framework names those of the first."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    fitting = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in fitting for method in route.methods or ()})
