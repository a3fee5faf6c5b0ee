"""A stub of a provider, for canaries: it takes a test message and reports it delivered to our own web process."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from http import HTTPStatus
from uuid import UUID

TIMEOUT_SECONDS = 10.0


class HttpStubProvider:
    """Calls our hook as a provider would, at the address where our web process is."""

    def __init__(self, base_url: str) -> None:
        """Take the web process's address, without a slash at its end."""
        self._base_url = base_url
        # Ours is never behind the proxy by which others are reached.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send(self, canary: UUID, seal: str) -> bool:
        """Report a canary; False where the hook does not answer in time, or does not take it."""
        try:
            request = urllib.request.Request(  # noqa: S310 - an address of our own settings
                f"{self._base_url}/hooks/canary/{canary}",
                data=b"status=delivered",
                headers={"X-Canary-Signature": seal, "Content-Type": "application/x-www-form-urlencoded"},
            )
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return bool(answer.status < HTTPStatus.BAD_REQUEST)
        except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError):
            return False
