"""What kind of line each number is, as far as anybody said: all others are mobiles."""

from collections import deque
from collections.abc import Iterable, Mapping

TYPES = frozenset(
    {
        "landline",
        "mobile",
        "fixedVoip",
        "nonFixedVoip",
        "personal",
        "tollFree",
        "premium",
        "sharedCost",
        "uan",
        "voicemail",
        "pager",
        "unknown",
    }
)
"""Twilio's words (Lookup v2, line type intelligence)."""


class LineTypeError(ValueError):
    """A kind of line that Twilio does not know."""


class Lines:
    """The numbers that are not mobiles. `asked` are the numbers that were looked up, each of which costs money."""

    def __init__(self, landlines: Iterable[str], *, keep: int) -> None:
        self._first = dict.fromkeys(landlines, "landline")
        self._types = dict(self._first)
        self.asked: deque[str] = deque(maxlen=keep)

    @property
    def types(self) -> dict[str, str]:
        """The kinds that were said, by number."""
        return dict(self._types)

    def type_of(self, number: str) -> str:
        """The kind of a line."""
        return self._types.get(number, "mobile")

    def is_landline(self, number: str) -> bool:
        """Whether texts to this number end as undelivered."""
        return self.type_of(number) == "landline"

    def say(self, types: Mapping[str, str]) -> None:
        """Say of some numbers what they are.

        Raises:
            LineTypeError: if Twilio has no such kind; nothing changes then.
        """
        for number, kind in types.items():
            if kind not in TYPES:
                raise LineTypeError(f"{number}: unknown kind {kind!r}; known: {', '.join(sorted(TYPES))}")
        self._types.update(types)

    def clear(self) -> None:
        """Know only what was known at the start."""
        self._types = dict(self._first)
        self.asked.clear()
