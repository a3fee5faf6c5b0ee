"""The web app: hooks, patients' pages and health for everybody; staff pages for whoever signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from reminders.bootstrap import Services, open_services
from reminders.web import acknowledge, canary, errors, health, hooks, links, problems
from reminders.web.api.app import PREFIX, create_api
from reminders.web.console import (
    audit,
    batches,
    inbox,
    patients,
    plan,
    plan_new,
    plan_texts,
    reports,
    sign_in,
    staff,
    today,
    worklist,
    write,
)
from reminders.web.console.door import acting
from reminders.web.envelope import Envelope
from reminders.web.pages import STATIC, base_path

STAFF_PAGES = (
    today,
    inbox,
    patients,
    worklist,
    write,
    batches,
    plan,
    plan_texts,
    plan_new,
    reports,
    staff,
    audit,
)


def create_app(services: Services | None = None) -> FastAPI:
    """Return the app. Without services it opens those of the environment; either way it closes them at its end."""
    given = services or open_services()
    app = FastAPI(title="Reminders", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.services = given
    app.state.base = base_path(given)
    app.state.arrivals = hooks.Arrivals(given.deps)
    app.state.metrics = health.Metrics(given.deps)
    app.state.readiness = health.Readiness(given.deps)
    errors.install(app)
    for door in (canary, links, acknowledge, health, problems):
        app.include_router(door.router)
    app.include_router(sign_in.router)
    for staff_page in STAFF_PAGES:
        # Each page asks for `Acting` itself; one that forgot to is closed all the same.
        app.include_router(staff_page.router, dependencies=[Depends(acting)])
    app.mount(PREFIX, create_api(given), name="api")
    # Files are compressed, pages never: beside what somebody else chose, the length of a page tells of its secrets.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC)), name="static")
    app.add_middleware(hooks.Door)
    app.add_middleware(Envelope, services=given)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.services.close()
