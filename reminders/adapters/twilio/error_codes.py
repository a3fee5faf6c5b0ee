"""What Twilio's error codes ask of us; the codes themselves are data, in error_codes.toml beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from reminders.core.delivery import Blame, Refusal


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code: `meaning` is ours, so that it never carries a number or a text; `blame` is for transient ones."""

    code: str
    kind: Refusal
    meaning: str
    blame: Blame = Blame.PROVIDER


@cache
def known_codes() -> Mapping[str, ErrorCode]:
    """Return every listed code."""
    table = tomllib.loads(files(__package__).joinpath("error_codes.toml").read_text(encoding="utf-8"))
    return MappingProxyType({code: _read(code, row) for code, row in table.items()})


def _read(code: str, row: Mapping[str, str]) -> ErrorCode:
    return ErrorCode(code, Refusal(row["kind"]), row["meaning"], Blame(row.get("blame", Blame.PROVIDER)))


def classify(code: str) -> ErrorCode:
    """Return what a code means; one that is not listed is final for its message, and says so."""
    return known_codes().get(code) or ErrorCode(code, Refusal.UNLISTED, "a code that is not in our list")


def reason(code: str) -> Refusal:
    """Return why a text that was taken did not arrive."""
    return classify(code).kind
