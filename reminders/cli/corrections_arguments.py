"""What can be asked of `reminders corrections`."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

from reminders.cli.argument_types import day, of_the_demo

Commands = _SubParsersAction


def add_corrections(commands: Commands[ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser("corrections", help="write out what staff corrected in the reading of texts")
    verbs = command.add_subparsers(dest="verb", metavar="VERB", required=True)
    export = verbs.add_parser(
        "export",
        help="print each corrected text as a labelled example, one JSON line each",
        description="Names, numbers and addresses are masked. The shape is that of the interpreter's own examples,"
        " without 'intents', 'score' and 'voice' that of what `interpret` reads.",
    )
    export.add_argument("--since", type=day, metavar="DAY", help="only those made since the beginning of a day (UTC)")
    of_the_demo(export)
