"""Pages: how a template becomes an answer. Everything that is shown is escaped; nothing is shown that is not given."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reminders.bootstrap import Services

HERE = Path(__file__).parent
STATIC = HERE / "static"
PHONE = re.compile(r"\+?[0-9][0-9 ().-]{5,}")


def dialled(phone: str) -> str:
    """Return a phone number as a `tel:` link needs it; empty for words such as 'our front desk'."""
    return re.sub(r"[^+0-9]", "", phone) if PHONE.fullmatch(phone.strip()) else ""


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["dialled"] = dialled
    return found


TEMPLATES = _environment()


def services_of(request: Request) -> Services:
    """Return what the app was made with."""
    found: Services = request.app.state.services
    return found


def base_path(services: Services) -> str:
    """Return the path under which the public address puts this service; mostly empty."""
    return urlsplit(services.facts.public_url).path.rstrip("/")


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Render a template, with `base` in front of all our own addresses."""
    base = base_path(services_of(request))
    return HTMLResponse(TEMPLATES.get_template(template).render(base=base, **values), status_code=status)
