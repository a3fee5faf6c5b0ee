"""What Twilio's error codes ask of us; the codes themselves are data, in error_codes.toml beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from reminders.core.delivery import Refusal


class ErrorKind(StrEnum):
    """What a code means for the message, the number or the account."""

    OPTED_OUT = "opted_out"
    ADDRESS = "address"
    CONTENT = "content"
    TRANSIENT = "transient"
    EXPIRED = "expired"
    CONFIGURATION = "configuration"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code: `meaning` is ours, so that it never carries a number or a text."""

    code: str
    kind: ErrorKind
    meaning: str


_REFUSALS = {
    ErrorKind.OPTED_OUT: Refusal.OPTED_OUT,
    ErrorKind.ADDRESS: Refusal.ADDRESS,
    ErrorKind.CONTENT: Refusal.CONTENT,
}


@cache
def known_codes() -> Mapping[str, ErrorCode]:
    """Return every listed code."""
    table = tomllib.loads(files(__package__).joinpath("error_codes.toml").read_text(encoding="utf-8"))
    listed = {code: ErrorCode(code, ErrorKind(row["kind"]), row["meaning"]) for code, row in table.items()}
    return MappingProxyType(listed)


def classify(code: str) -> ErrorCode:
    """Return what a code means; one that is not listed is final for its message, and says so."""
    return known_codes().get(code) or ErrorCode(code, ErrorKind.UNLISTED, "a code that is not in our list")


def reason(code: str) -> Refusal | None:
    """Return why a text was not delivered; None for codes about anything but person, number and words."""
    return _REFUSALS.get(classify(code).kind)


def refusal(kind: ErrorKind) -> Refusal:
    """Return a final refusal in the product's words."""
    return _REFUSALS.get(kind, Refusal.OTHER)
