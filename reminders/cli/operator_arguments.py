"""What those may ask who run the service, not the clinic: whether it is well, and the levers for when it is not."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

from reminders.cli.argument_types import CHANNELS, for_programs

Commands = _SubParsersAction


def add_operator_commands(commands: Commands[ArgumentParser]) -> None:
    """Add their commands."""
    _sending(commands)


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
