"""What can be asked of `reminders api-key`. Its words are the core's own, written out: help loads no rule."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

from reminders.cli.argument_types import count, for_programs

Commands = _SubParsersAction
SCOPES = "read,write,send"


def add_api_key(commands: Commands[ArgumentParser]) -> None:
    """Add the command with its verbs."""
    command = commands.add_parser(
        "api-key",
        help="keys by which programs use the API: make one, list them, end one",
        description="A key is for one clinic, ends by itself, and is shown once: we keep only its hash.",
    )
    verbs = command.add_subparsers(dest="verb", metavar="VERB", required=True)
    add = verbs.add_parser("add", help="make a key and print it; it cannot be shown again")
    add.add_argument("name", metavar="NAME", help="which program it is for, in a few words")
    add.add_argument("--scopes", default="read", metavar="SCOPES", help=f"some of {SCOPES} (default: read)")
    add.add_argument("--days", type=count, default=365, metavar="N", help="how long it holds (default: 365)")
    _by(add)
    listing = verbs.add_parser("list", help="show all keys, what they may do, and when they were last used")
    listing.add_argument("--clinic", metavar="SLUG", help="this clinic only")
    for_programs(listing)
    end = verbs.add_parser("end", help="end a key at once and for good")
    end.add_argument("prefix", metavar="PREFIX", help="its first part, as the list shows it")
    end.add_argument("--by", metavar="NAME", help="who decides (default: whoever is logged in)")
    for_programs(end)


def _by(add: ArgumentParser) -> None:
    add.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    add.add_argument("--by", metavar="NAME", help="who decides (default: whoever is logged in)")
    for_programs(add)
