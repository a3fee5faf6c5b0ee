"""What can be asked of `reminders send`."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, _SubParsersAction
from datetime import date, datetime, time
from uuid import UUID

from reminders.cli.argument_types import CHANNELS, days, for_programs

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
NEAR_DAYS = ("today", "tomorrow")
DESCRIPTION = (
    "Shows who gets what and who is left out and why; sends with --yes, or after a yes at a terminal. The clinic's name"
    " stands in front of the text by itself. What was sent is a batch, which --stop ends as far as it has not left."
)


def add_send(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "send", help="write to one patient, or to everybody with a session on some days", description=DESCRIPTION
    )
    to = command.add_mutually_exclusive_group(required=True)
    to.add_argument("--to", "--patient", dest="patient", metavar="ID", help="one patient, by the schedule's patient_id")
    to.add_argument(
        "--day",
        "--starting",
        dest="day",
        type=some_days,
        metavar="DAY[..DAY]",
        help="everybody with a session then: today, tomorrow, or YYYY-MM-DD (civil days where the session is)",
    )
    to.add_argument("--stop", type=batch, metavar="BATCH", help="end what of a batch has not left")
    _narrowing(command)
    _words(command)
    command.add_argument("--channel", choices=CHANNELS, help="this channel only (default: the first one that is open)")
    command.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    command.add_argument(
        "--at", type=wall_time, metavar="YYYY-MM-DDTHH:MM", help="leave then, by the clinic's clock (default: now)"
    )
    command.add_argument("--override-quiet-hours", metavar="REASON", help="send at any hour; the reason is kept")
    command.add_argument("--key", help="a name of this request: the same one again sends nothing twice")
    asked = command.add_mutually_exclusive_group()
    asked.add_argument("--dry-run", action="store_true", help="only show who would get what")
    asked.add_argument("--yes", action="store_true", help="send without asking")
    for_programs(command)


def _narrowing(command: ArgumentParser) -> None:
    command.add_argument("--from", dest="since", type=clock, metavar="HH:MM", help="of a day: sessions from then on")
    command.add_argument("--before", type=clock, metavar="HH:MM", help="of a day: sessions that start before")
    command.add_argument("--type", dest="kind", metavar="TYPE", help="of a day: this type of session only")
    command.add_argument("--unconfirmed", action="store_true", help="of a day: only who has not confirmed")
    command.add_argument("--no-ride", action="store_true", help="of a day: only who has no ride home")
    command.add_argument(
        "--important", action="store_true", help="of a day: also those who had enough messages already"
    )


def _words(command: ArgumentParser) -> None:
    said = command.add_mutually_exclusive_group()
    said.add_argument(
        "--text", help="what they read; {{sender}}, {{phone}} and, with a session, {{when}} are filled in"
    )
    said.add_argument("--snippet", metavar="NAME", help="an approved text of the clinic's, in every language it has")
    command.add_argument(
        "--text-in",
        action="append",
        default=[],
        type=translation,
        metavar="LANGUAGE=TEXT",
        help="the same text for those who read another language, such as es=…",
    )


def some_days(text: str) -> str | tuple[date, date]:
    """Read a day or a first and a last one; today and tomorrow depend on the clinic, and stay words."""
    return text if text in NEAR_DAYS else days(text)


def clock(text: str) -> time:
    """Read a time of day."""
    if CLOCK.fullmatch(text) is None:
        raise ArgumentTypeError(f"found {text!r}; a time such as 12:00 is wanted")
    return time.fromisoformat(text)


def wall_time(text: str) -> datetime:
    """Read a day and time without a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or len(text) < len("2027-03-05T14:00"):
        raise ArgumentTypeError(f"found {text!r}; a day and time such as 2027-03-05T14:00 is wanted")
    return found


def batch(text: str) -> UUID:
    """Read the id of a batch."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"found {text!r}; the id of a batch is wanted, as `send` printed it") from None


def translation(text: str) -> tuple[str, str]:
    """Read a text with its language in front."""
    language, is_there, said = text.partition("=")
    if not is_there or not language.strip() or not said.strip():
        raise ArgumentTypeError(f"found {text!r}; a language and a text are wanted, such as es=Hola")
    return language.strip().lower(), said
