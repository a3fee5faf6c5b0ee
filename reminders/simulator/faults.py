"""What goes wrong on request: how often, of which kind, and always the same way for the same seed.

A specification is `kind=rate` pairs, for example `accept_then_timeout=0.03,callback_lost=0.05,slow_seconds=2`.
Rates are probabilities per create call, per callback, per message or per mail; names in `_seconds` are durations.
"""

import random
from collections import deque
from collections.abc import Iterable, Mapping

BEFORE_ACCEPTING = ("error_500", "error_503", "rate_429", "reset", "timeout")
AFTER_ACCEPTING = ("accept_then_timeout", "accept_then_500", "accept_then_reset", "slow", "malformed", "huge")
CREATE_FAULTS = BEFORE_ACCEPTING + AFTER_ACCEPTING
CALLBACK_FAULTS = ("callback_lost", "callback_duplicate", "callback_delayed")
ORDER_FAULTS = ("callback_reversed",)
DELIVERY_FAULTS = ("undelivered", "failed", "expired", "filtered")
MAIL_FAULTS = ("mail_451", "mail_550", "mail_dropped", "mail_accepted_then_dropped")
KINDS = frozenset(CREATE_FAULTS + CALLBACK_FAULTS + ORDER_FAULTS + DELIVERY_FAULTS + MAIL_FAULTS)
DURATIONS: Mapping[str, float] = {
    "slow_seconds": 3.0,  # how late a slow answer comes
    "callback_delay_seconds": 5.0,  # how late a delayed callback comes
    "retry_after_seconds": 1.0,  # what a 429 asks for
    "date_skew_seconds": 0.0,  # how far ahead the provider's clock is by its answers; negative for behind
    "hang_seconds": 120.0,  # when a call that is never answered is dropped after all
}
SIGNED = frozenset({"date_skew_seconds"})


class FaultSpecError(ValueError):
    """A fault specification names an unknown kind or an impossible value."""


def parse_faults(spec: str) -> dict[str, float]:
    """Read `kind=rate,kind=rate`.

    Raises:
        FaultSpecError: naming the part that is wrong.
    """
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in spec.split(","))):
        kind, _, value = part.partition("=")
        try:
            found[kind.strip()] = float(value)
        except ValueError as error:
            raise FaultSpecError(f"{part}: expected kind=number") from error
    return checked(found)


def checked(values: Mapping[str, float]) -> dict[str, float]:
    """Give the values back if each is a known kind with a rate from 0 to 1, or a known duration.

    Raises:
        FaultSpecError: naming the first value that is wrong.
    """
    for kind, value in values.items():
        if kind not in KINDS and kind not in DURATIONS:
            raise FaultSpecError(f"unknown fault {kind!r}; known: {', '.join(sorted(KINDS | set(DURATIONS)))}")
        if (value < 0 and kind not in SIGNED) or (kind in KINDS and value > 1):
            raise FaultSpecError(f"{kind}={value}: out of range")
    return dict(values)


class Faults:
    """Decides for each call, callback, message and mail whether something goes wrong.

    Every decision depends on the seed and on the key of what is decided (a running number), never on the order in which
    concurrent work happens to run, so that a run can be repeated.
    """

    def __init__(self, values: Mapping[str, float], seed: int) -> None:
        self._seed = seed
        self._values = checked(values)
        self._next_calls: deque[str] = deque()

    @property
    def values(self) -> dict[str, float]:
        """The rates and durations in force."""
        return dict(self._values)

    def replace(self, values: Mapping[str, float]) -> None:
        """Put other rates and durations in force; what is not named no longer fails.

        Raises:
            FaultSpecError: if one is wrong; nothing changes then.
        """
        self._values = checked(values)

    def fail_next(self, kinds: Iterable[str]) -> None:
        """Give the next create calls these faults, one each, before chance decides again; `none` lets one pass.

        Raises:
            FaultSpecError: if one is no fault of a create call.
        """
        queue = list(kinds)
        for kind in queue:
            if kind not in (*CREATE_FAULTS, "none"):
                raise FaultSpecError(f"unknown fault of a call: {kind!r}")
        self._next_calls.extend(queue)

    def clear(self) -> None:
        """Nothing fails any more."""
        self._values = {}
        self._next_calls.clear()

    def seconds(self, name: str) -> float:
        """A duration of `DURATIONS`."""
        return self._values.get(name, DURATIONS[name])

    def of_call(self, number: int) -> str | None:
        """The fault of the create call with this running number, if any."""
        if self._next_calls:
            kind = self._next_calls.popleft()
            return None if kind == "none" else kind
        return self.draw(CREATE_FAULTS, f"call {number}")

    def draw(self, kinds: Iterable[str], key: str) -> str | None:
        """At most one of the kinds, each with its rate."""
        rates = [(kind, self._values[kind]) for kind in kinds if self._values.get(kind)]
        if not rates:
            return None
        chance = random.Random(f"{self._seed} {key}").random()  # noqa: S311 - repeatable on purpose, guards nothing
        for kind, rate in rates:
            if chance < rate:
                return kind
            chance -= rate
        return None
