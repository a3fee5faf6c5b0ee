"""A look at the broker: Redis or Valkey, whatever it tells of itself. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from reminders.core.examination.facts import BrokerFacts
from reminders.ports import Clock

if TYPE_CHECKING:
    from redis import Redis

_TIMEOUT_SECONDS = 3.0
_POLICY, _KEPT = "maxmemory-policy", "appendonly"


class RedisBrokerInspection:
    """Asks one server by PING, TIME, INFO and CONFIG GET; some hosted ones refuse the last."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Take the address as redis-py wants it; open nothing yet."""
        self._url, self._clock = url, clock

    def inspect(self) -> BrokerFacts:
        """Ask for a few seconds at most. What the server says of an error is kept to its class: it may quote us."""
        from redis import Redis  # noqa: PLC0415 - a tenth of a second, for those who ask only
        from redis.exceptions import RedisError  # noqa: PLC0415

        place = _place(self._url)
        try:
            with Redis.from_url(
                self._url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, retry=None
            ) as client:
                return self._ask(client, place)
        except (RedisError, OSError, ValueError) as error:
            return BrokerFacts(is_reached=False, detail=f"{place}: {_spoken(error)}")

    def _ask(self, client: Redis, place: str) -> BrokerFacts:
        client.ping()
        seconds, micros = client.time()
        now = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)
        reached = BrokerFacts(is_reached=True, detail=place, skew=self._clock.skew_from(now))
        info, config = _asked(client.info), _asked(lambda: client.config_get(_POLICY, _KEPT))
        name = "Valkey" if "valkey_version" in info else "Redis"
        return replace(
            reached,
            name=name,
            version=_numbers(str(info.get(f"{name.lower()}_version", ""))),
            policy=config.get(_POLICY) or info.get("maxmemory_policy"),
            is_kept=_is_kept(info, config),
            is_replica=info.get("role") in {"slave", "replica"},
            is_refusing_writes=info.get("aof_last_write_status") == "err",
            used_bytes=info.get("used_memory"),
            most_bytes=info.get("maxmemory"),
        )


def _asked(question: Any) -> Mapping[str, Any]:  # noqa: ANN401 - redis-py types its answers for two kinds of client
    """Return an answer, or nothing where this user may not ask."""
    from redis.exceptions import ResponseError  # noqa: PLC0415

    try:
        answer: Mapping[str, Any] = question()
    except ResponseError:
        return {}
    return answer


def _is_kept(info: Mapping[str, Any], config: Mapping[str, Any]) -> bool | None:
    if _KEPT in config:
        return bool(config[_KEPT] == "yes")
    return bool(info["aof_enabled"]) if "aof_enabled" in info else None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(".") if word.isdecimal())


def _place(url: str) -> str:
    """Return where a server is, without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else unquote(parts.path)


def _spoken(error: Exception) -> str:
    """Return an error in a word or two that hold nothing of ours."""
    from redis.exceptions import AuthenticationError, NoPermissionError  # noqa: PLC0415
    from redis.exceptions import TimeoutError as LateError  # noqa: PLC0415

    if isinstance(error, AuthenticationError | NoPermissionError):
        return "the log-in is refused"
    if isinstance(error, LateError | TimeoutError):
        return f"no answer within {_TIMEOUT_SECONDS:.0f} s"
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return (cause.strerror if isinstance(cause, OSError) and cause.strerror else None) or type(error).__name__
