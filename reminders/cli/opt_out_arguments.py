"""What can be asked of `reminders opt-out`. Its words are the core's own, written out: help loads no rule."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

from reminders.cli.argument_types import day, for_programs

Commands = _SubParsersAction
MEANS = ("voice", "letter", "email", "in_person")


def add_opt_out(commands: Commands[ArgumentParser]) -> None:
    """Add the command with its verbs."""
    command = commands.add_parser(
        "opt-out",
        help="record who wants no more messages and said so to a person; show who is not written to",
        description="What is recorded holds at once, at every clinic. The law gives 10 business days.",
    )
    verbs = command.add_subparsers(dest="verb", metavar="VERB", required=True)
    record = _entry(verbs, "record", "close a number, a mailbox, or all addresses of a patient")
    record.add_argument(
        "--unmatched", metavar="WORDS", help="nobody knows yet whose address: opens a task with the deadline instead"
    )
    _entry(verbs, "undo", "write to them again, by their own word to a person")
    listing = verbs.add_parser("list", help="show the addresses that are closed, the newest first")
    _for_a_clinic(listing)
    show = verbs.add_parser("show", help="show all that one patient said about being written to")
    show.add_argument("patient", metavar="PATIENT", help="by the schedule's patient_id")
    _for_a_clinic(show)


def _entry(verbs: Commands[ArgumentParser], name: str, what: str) -> ArgumentParser:
    entry = verbs.add_parser(name, help=what)
    entry.add_argument("--phone", help="theirs; without + it is one of the clinic's country")
    entry.add_argument("--email", metavar="ADDRESS", help="theirs")
    entry.add_argument("--patient", metavar="PATIENT", help="by the schedule's patient_id: all their addresses")
    entry.add_argument("--by", dest="means", choices=MEANS, required=True, help="how they said it")
    entry.add_argument("--received-on", type=day, required=True, metavar="DATE", help="when it reached the clinic")
    entry.add_argument("--note", metavar="TEXT", help="what they said; it is kept")
    entry.add_argument("--recorded-by", metavar="NAME", help="who records this (default: whoever is logged in)")
    _for_a_clinic(entry)
    return entry


def _for_a_clinic(command: ArgumentParser) -> None:
    command.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    for_programs(command)
