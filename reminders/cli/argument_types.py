"""What words on the command line may be: each reader raises ArgumentTypeError that says what was found and wanted."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from urllib.parse import urlsplit

QUEUES = ("sms", "email", "inbound", "schedule", "upkeep")
CHANNELS = ("sms", "email")
SUBJECTS = ("patient", "appointment", "message")


def for_programs(command: ArgumentParser) -> None:
    """Let a command print JSON, and be asked of the demo."""
    command.add_argument("--json", action="store_true", help="print JSON")
    of_the_demo(command)


def of_the_demo(command: ArgumentParser) -> None:
    """Let a command be asked of the demo."""
    command.add_argument("--demo", action="store_true", help="ask the demo that is running, not this installation")


def port(text: str) -> int:
    """Read a port to listen on; `urlsplit` knows their range."""
    try:
        found = urlsplit(f"//host:{text}").port
    except ValueError:
        found = None
    if not found:
        raise ArgumentTypeError(f"found {text!r}; a number from 1 to 65535 is wanted")
    return found


def count(text: str) -> int:
    """Read a number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"found {text!r}; a whole number above 0 is wanted")
    return int(text)


def speed(text: str) -> float:
    """Read how many seconds of clinic time pass in one of ours."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 100_000:  # noqa: PLR2004 - stated to the user
        raise ArgumentTypeError(f"found {text!r}; a number above 0 and at most 100000 is wanted")
    return found


def queues(text: str) -> tuple[str, ...]:
    """Read names of queues."""
    found = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in found if name not in QUEUES]
    if unknown:
        raise ArgumentTypeError(f"found {', '.join(map(repr, unknown))}; queues are {', '.join(QUEUES)}")
    return found


def day(text: str) -> str:
    """Read one day; it stays text, as it is kept."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ArgumentTypeError(f"found {text!r}; a day such as 2027-12-24 is wanted") from None


def days(text: str) -> tuple[date, date]:
    """Read a day, or a first and a last one."""
    first, _, last = text.partition("..")
    try:
        found = (date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError:
        raise ArgumentTypeError(
            f"found {text!r}; a day such as 2027-03-05, or 2027-03-05..2027-03-07, is wanted"
        ) from None
    if found[1] < found[0]:
        raise ArgumentTypeError(f"found {text!r}; the first day comes first")
    return found
