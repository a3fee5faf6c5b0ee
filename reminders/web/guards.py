"""Who may come in: a same-site nonce, a limit on tries, and doors that open to this machine only."""

from __future__ import annotations

import hmac
import math
import re
from datetime import timedelta
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminders.core.tries import PAGES
from reminders.services.limit_tries import take_try
from reminders.web.pages import services_of

NONCE = re.compile(r"[A-Za-z0-9_=-]{22,64}")
LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}
HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:]*)(:[0-9]+)?")
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers by which a proxy tells that somebody else is asking."""


def _cookie(request: Request) -> str:
    # The prefix makes browsers refuse a cookie of this name from a neighbouring host; it exists with TLS only.
    return "__Host-nonce" if has_tls(request) else "nonce"


def has_tls(request: Request) -> bool:
    """Say whether the world reaches us by TLS only: cookies are then kept from everything else."""
    return services_of(request).facts.public_url.startswith("https:")


def bind_form_key(request: Request, form_key: str) -> None:
    """Let the forms of this request carry the key of its session: it takes the place of the browser's nonce."""
    request.state.form_key = form_key


def nonce_of(request: Request) -> str:
    """Return the session's form key or, without one, the browser's nonce, a new one where it has none.

    The page puts it into its forms.
    """
    form_key = _form_key(request)
    if form_key is not None:
        return form_key
    held = request.cookies.get(_cookie(request), "")
    return held if NONCE.fullmatch(held) else services_of(request).deps.identity.new_token()


def leave_nonce(request: Request, response: Response, nonce: str) -> None:
    """Give the browser its nonce, which it will bring back from our own pages only. A session needs none."""
    if _form_key(request) is not None:
        return
    response.set_cookie(_cookie(request), nonce, httponly=True, samesite="strict", secure=has_tls(request), path="/")


def is_from_our_page(request: Request, nonce: str) -> bool:
    """Say whether a form was sent from a page of ours: the field holds what our page put there, and no other site asks.

    What our page puts there is the key of the session or, without one, what the browser's own cookie says too.

    Our pages send no referrer, for which browsers put 'null' as the Origin; their own word on the site counts first.
    """
    held = _form_key(request) or request.cookies.get(_cookie(request), "")
    if not NONCE.fullmatch(held) or not hmac.compare_digest(held.encode(), nonce.encode("utf-8", "replace")):
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin in {None, "null"} or origin in _own_origins(request)


def _own_origins(request: Request) -> set[str]:
    """Return how a browser may name us: as the world reaches us, and as this request came, which a proxy may change."""
    public = urlsplit(services_of(request).facts.public_url.lower())
    return {f"{public.scheme}://{public.netloc}", f"{request.url.scheme}://{request.headers.get('host', '')}"}


def _form_key(request: Request) -> str | None:
    found: str | None = getattr(request.state, "form_key", None)
    return found


def whole_seconds(wait: timedelta) -> str:
    """Return a wait as the header `Retry-After` tells it: never less than it is, at least a second."""
    return str(max(1, math.ceil(wait.total_seconds())))


def limit_tries(request: Request) -> None:
    """Count a try, and refuse an address that tries too often: by the database, for all processes alike.

    Where a good link costs nothing, only links that open nothing are counted: nobody's mail program may be kept from
    unsubscribing by what others do behind its address. Raises HTTPException 429.
    """
    wait = take_try(services_of(request).deps, PAGES, request.client.host if request.client else "")
    if wait:
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": whole_seconds(wait)})


def only_local(request: Request) -> None:
    """Hide a door from everybody but this machine's own browser.

    The name in the Host header is checked too: a strange site's name that leads to 127.0.0.1 must not open it.
    """
    host = HOST.fullmatch(request.headers.get("host", "").lower())
    is_direct = not any(name in request.headers for name in FORWARDED)
    if host is None or host.group(1) not in LOCAL_NAMES or not is_direct or not _is_loopback(request):
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
