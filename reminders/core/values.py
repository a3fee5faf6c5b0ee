"""Values of a text's placeholders, worked out when the text names them: of a dozen it names a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Self

from typing_extensions import override

Makers = Mapping[str, Callable[[], str]]
"""How to work out each value, by its placeholder."""


class Values(Mapping[str, str]):
    """What a text may say, by placeholder. Each is worked out when it is first asked for, and kept."""

    def __init__(self, makers: Makers, known: Mapping[str, str]) -> None:
        """Say how to work some out, and which are known; a known one is never worked out."""
        self._makers = makers
        self._known = dict(known)

    def but(self, **known: str) -> Self:
        """Return the same with other values for some placeholders, or for more."""
        return type(self)(self._makers, {**self._known, **known})

    @override
    def __getitem__(self, name: str) -> str:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._makers[name]()
        return found

    @override
    def __contains__(self, name: object) -> bool:
        return name in self._known or name in self._makers

    @override
    def __iter__(self) -> Iterator[str]:
        return iter({**self._makers, **self._known})

    @override
    def __len__(self) -> int:
        return len({**self._makers, **self._known})
