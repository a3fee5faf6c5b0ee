"""What can be asked of `reminders report`."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, _SubParsersAction

from reminders.cli.argument_types import count, of_the_demo

Commands = _SubParsersAction
MOST_WEEKS = 104
KEYS = ("confirmations", "absences", "deliveries", "codes", "opt-outs", "check-ins", "delays", "replies")


def add_report(commands: Commands[ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "report",
        help="figures by week: confirmed, missed, delivered, opted out, answered, in time, understood",
        description="Counts by week of the clinic's own clock, the last of them the one that runs. Names nobody.",
    )
    command.add_argument("name", nargs="?", choices=KEYS, metavar="REPORT", help=f"one of {', '.join(KEYS)}")
    command.add_argument("--weeks", type=_weeks, default=12, metavar="N", help="how many weeks (default: 12)")
    command.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV; with a REPORT that table alone, else one by one")
    form.add_argument("--json", action="store_true", help="print JSON")
    of_the_demo(command)


def _weeks(text: str) -> int:
    found = count(text)
    if found > MOST_WEEKS:
        raise ArgumentTypeError(f"found {text!r}; at most {MOST_WEEKS} weeks are wanted")
    return found
