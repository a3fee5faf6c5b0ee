"""Visits of our own pages, as others would make them."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

from reminders.core.examination.facts import Visit, VisitProblem

_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follows nobody: where a page sends us is not where it is."""

    @override
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class HttpVisitor:
    """Asks once, by a proxy that the environment names except on this machine itself."""

    def visit(self, url: str, *, form: bytes | None = None) -> Visit:
        """GET a page, or POST a form to it."""
        try:
            parts = urlsplit(url)
            request = urllib.request.Request(url, data=form, headers={"User-Agent": "reminders doctor"})  # noqa: S310 - checked below
        except ValueError:
            return Visit(None, problem=VisitProblem.NOT_REACHED, detail="not an address")
        if parts.scheme not in {"http", "https"}:
            return Visit(None, problem=VisitProblem.NOT_REACHED, detail="neither http nor https")
        own = [urllib.request.ProxyHandler({})] if parts.hostname in _LOOPBACK else []
        try:
            with urllib.request.build_opener(_Staying, *own).open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return Visit(answer.status, answer.read(_MOST_BYTES).decode("utf-8", "replace"))
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Visit(refusal.code)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return _missed(error)


def _missed(error: Exception) -> Visit:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Visit(None, problem=VisitProblem.CERTIFICATE, detail=reason.verify_message)
    if isinstance(reason, socket.gaierror):
        return Visit(None, problem=VisitProblem.NOT_REACHED, detail="no such host name")
    if isinstance(reason, TimeoutError):
        return Visit(None, problem=VisitProblem.NOT_REACHED, detail=f"no answer within {_TIMEOUT_SECONDS:.0f} s")
    words = reason.strerror if isinstance(reason, OSError) else None
    return Visit(None, problem=VisitProblem.NOT_REACHED, detail=words or type(error).__name__)
