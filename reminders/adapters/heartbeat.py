"""The heartbeat by HTTP: an address of somebody else's is asked each time all is well, and alarms when it is not."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from http import HTTPStatus
from urllib.parse import urlsplit

from reminders.core.errors import SettingsError

TIMEOUT_SECONDS = 5.0


class HttpHeartbeat:
    """GETs one address; any answer below 400 counts as heard. A proxy that the environment names is used."""

    def __init__(self, url: str) -> None:
        """Take the address. Raises SettingsError where it is none."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(
                ["REMINDERS_HEARTBEAT_URL: an address such as https://watch.example.org/ping is wanted"]
            )
        self._url = url

    def tell(self) -> bool:
        """Ask the address; False where it does not answer within 5 seconds, or answers that it failed."""
        request = urllib.request.Request(self._url, headers={"User-Agent": "reminders"})  # noqa: S310 - http(s), checked
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
                return bool(answer.status < HTTPStatus.BAD_REQUEST)
        except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError):
            return False
