"""Posts to the service as Twilio does: form-encoded, signed, retried as the URL's fragment asks."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlencode
from uuid import uuid4

import aiohttp

_RETRY_PAUSE = 0.25  # seconds, times the number of the try
_MOST_RETRIES = 5
_ANSWER_LIMIT = 65_536  # bytes of an answer that are read


def signature(auth_token: str, url: str, params: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and every name and value, sorted by name, blank values included."""
    text = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: an HTTP status with its body, or why there was none (`ct` not connected, `rt` no answer)."""

    status: int | None
    body: str = ""
    fault: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the service took it."""
        return self.status is not None and self.status < 300  # noqa: PLR2004 - the end of HTTP's 2xx

    def is_retried_by(self, policy: frozenset[str]) -> bool:
        """Whether the policy (`rp`) names this failure."""
        if self.is_ok:
            return False
        kind = self.fault or f"{str(self.status)[0]}xx"
        return "all" in policy or kind in policy


def split_policy(url: str) -> tuple[str, int, frozenset[str]]:
    """Separate a URL from its retry fragment `#rc=3&rp=ct,5xx`; Twilio's default is one retry if not connected."""
    target, fragment = urldefrag(url)
    wanted = parse_qs(fragment)
    count = wanted.get("rc", ["1"])[0]
    policy = frozenset(wanted.get("rp", ["ct"])[0].split(","))
    return target, min(int(count), _MOST_RETRIES) if count.isdigit() else 1, policy


class Webhooks:
    """The provider's outgoing requests; one pool of connections for all of them."""

    def __init__(self, auth_token: str) -> None:
        self._auth_token = auth_token
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; needs a running loop."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=15),  # Twilio's own limits
            # Idle connections are given up before a usual server closes them under a request.
            connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=2),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, params: Mapping[str, str]) -> Answer:
        """Post the parameters, again if the URL's fragment says so; the last answer counts."""
        target, retries, policy = split_policy(url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "X-Twilio-Signature": signature(self._auth_token, target, params),
            "I-Twilio-Idempotency-Token": str(uuid4()),
        }
        body = urlencode(params).encode()
        answer = await self._post_once(target, body, headers)
        for attempt in range(1, retries + 1):
            if not answer.is_retried_by(policy):
                break
            await asyncio.sleep(_RETRY_PAUSE * attempt)
            answer = await self._post_once(target, body, headers)
        return answer

    async def _post_once(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self._session is None:
            return Answer(status=None, fault="ct")
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                content = await response.content.read(_ANSWER_LIMIT)
                return Answer(status=response.status, body=content.decode("utf-8", errors="replace"))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
            return Answer(status=None, fault="ct")
        except (aiohttp.ClientError, TimeoutError):
            return Answer(status=None, fault="rt")
