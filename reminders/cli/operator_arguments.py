"""What those may ask who run the service, not the clinic: whether it is well, and the levers for when it is not."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter, _SubParsersAction

from reminders.cli.argument_types import CHANNELS, for_programs
from reminders.core.examination.codes import EXIT_STATUSES, LOOK_STATUS

Commands = _SubParsersAction


def add_operator_commands(commands: Commands[ArgumentParser]) -> None:
    """Add their commands."""
    _doctor(commands)
    _sending(commands)
    _purge(commands)


def _doctor(commands: Commands[ArgumentParser]) -> None:
    statuses = [
        (0, "all is well"),
        (LOOK_STATUS, "nothing is broken, something should be looked at"),
        *sorted((status, f"broken: {area}") for area, status in EXIT_STATUSES.items()),
    ]
    lines = "\n".join(f"  {status:2}  {text}" for status, text in statuses)
    command = commands.add_parser(
        "doctor",
        help="examine the whole installation: what is wrong, and what to do about it",
        description="Looks at every part and changes nothing. Each fault has a code, its meaning and a hint.",
        epilog=f"Exit status:\n{lines}\nWhere several areas are broken it is the lowest: the others rest upon it.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    for_programs(command)


def _sending(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "sending",
        help="how each channel stands; try a paused one now",
        description="A channel is paused while its provider fails or refuses us: messages wait, none is lost.",
    )
    for_programs(command)
    levers = command.add_subparsers(dest="lever", metavar="try|resend")
    trying = levers.add_parser("try", help="let the next message find out whether a paused channel works again")
    trying.add_argument("channel", choices=CHANNELS)
    resend = levers.add_parser("resend", help="send doubtful texts again, after some had arrived twice")
    resend.add_argument("--by", metavar="NAME", help="who decides (default: whoever is logged in)")


def _purge(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "purge",
        help="for how long what is stored is kept, and what went so far",
        description="Workers let go each hour what is kept no longer. What a task is about stays for as long again.",
    )
    for_programs(command)
