"""Pacing by the broker: one bucket for each sender, shared by all workers and filled by the broker's own clock.

The script repeats the arithmetic of `core.pacing.take`; one suite of tests holds both to it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog

from reminders.core.pacing import WITHOUT_BROKER, Grant, Pace

if TYPE_CHECKING:
    from redis import Redis

log = structlog.get_logger()

_TIMEOUT_SECONDS = 1.0
_KEPT_SECONDS = 86_400
"""How long an unused bucket is kept beyond the time in which it fills: a day of rest is no loss of memory."""
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local rate, burst, share = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens
if held[1] and held[2] then
  tokens = tonumber(held[1])
  local passed = math.max(0, now - tonumber(held[2])) / 1000000
  tokens = math.max(tokens, math.min(burst, tokens + passed * rate))
else
  tokens = burst * share
end
local count, missing = 0, 0
for place = 5, #ARGV do
  local size = tonumber(ARGV[place])
  if size > tokens then
    missing = size - tokens
    break
  end
  tokens = tokens - size
  count = count + 1
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + tonumber(ARGV[4]))
return {count, string.format('%.6f', missing / rate)}
"""
"""A key that is not there begins half full: the broker may have been wiped a moment after a full burst left."""


class RedisPacer:
    """Counts in Redis or Valkey. While that is gone or frozen nobody can count, and nothing is given away."""

    def __init__(self, url: str, key_prefix: str, *, silence: float = 5.0) -> None:
        """Open nothing yet. `url` may be in Celery's form for a socket: `redis+socket:///path?virtual_host=0`.

        After a failure nothing is tried for `silence` seconds, so that a frozen broker costs each caller little.
        """
        self._url, self._prefix = url, key_prefix
        self._silence = silence
        self._silent_until = 0.0

    def take(self, pool: str, sizes: Sequence[int], pace: Pace) -> Grant | None:
        """Let as many leave, in order, as the pool has tokens for; None where the broker does not answer."""
        if time.monotonic() < self._silent_until:
            return None
        try:
            count, wait = self._script(
                keys=[f"{self._prefix}pace:{pool}"],
                args=[pace.rate, pace.burst, WITHOUT_BROKER, _KEPT_SECONDS, *sizes],
            )
            return Grant(int(count), timedelta(seconds=float(wait)))
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing was counted: the caller counts elsewhere
            self._silent_until = time.monotonic() + self._silence
            log.warning("pace.not_counted", error=type(error).__name__)
            return None

    def close(self) -> None:
        """Close the connections to the broker."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> Redis:
        from redis import Redis  # noqa: PLC0415 - a tenth of a second, for those who send only
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import ConnectionError as LostError  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        return Redis.from_url(
            client_url(self._url),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # Once more, for a connection that a broker closed when it started anew. If the first call was counted after
            # all, too much is counted: the safe side. A frozen broker is not asked twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(LostError,)),
        )

    @cached_property
    def _script(self) -> Any:  # noqa: ANN401 - redis-py does not type what a script returns
        return self._client.register_script(_TAKE)


def client_url(url: str) -> str:
    """Return an address of Celery's as redis-py wants it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "virtual_host" in query:
        query["db"] = query.pop("virtual_host").lstrip("/") or "0"
    if "ssl_cert_reqs" in query:
        query["ssl_cert_reqs"] = query["ssl_cert_reqs"].lower().removeprefix("cert_")
    scheme = "unix" if parts.scheme == "redis+socket" else parts.scheme
    # Not `urlunsplit`: of a path without a host it leaves the two strokes away that redis-py asks for.
    return f"{scheme}://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")
