"""What can be asked of `reminders worklist`. Its words are the core's own, written out: help loads no rule."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

from reminders.cli.argument_types import for_programs

Commands = _SubParsersAction
GROUPS = (
    "escalations",
    "unconfirmed",
    "no_ride",
    "undelivered",
    "landline",
    "check_ins",
    "replies",
    "opt_outs",
    "other",
)
OUTCOMES = ("done", "reached", "not_reached", "not_needed")


def add_worklist(commands: Commands[ArgumentParser]) -> None:
    """Add the command with its verbs; without one it shows the list."""
    command = commands.add_parser(
        "worklist",
        help="what needs a person this morning; take a task, hand it on, resolve it",
        description="Shows what needs a person, most pressing first. The verbs work on one task, by its id.",
    )
    command.add_argument("--clinic", metavar="SLUG", help="this clinic only")
    command.add_argument("--kind", action="append", default=[], metavar="KIND", help="only these, as --json names them")
    command.add_argument(
        "--group", action="append", default=[], choices=GROUPS, metavar="GROUP", help=", ".join(GROUPS)
    )
    whose = command.add_mutually_exclusive_group()
    whose.add_argument("--owner", metavar="NAME", help="only what is this person's")
    whose.add_argument("--mine", action="store_true", help="only what is yours")
    whose.add_argument("--unassigned", action="store_true", help="only what is nobody's yet")
    command.add_argument("--by", metavar="NAME", help="who you are, for --mine (default: whoever is logged in)")
    for_programs(command)
    verbs = command.add_subparsers(dest="verb", metavar="show|take|assign|done|reopen")
    show = _verb(verbs, "show", "everything about one task: the exact words, how they were read, what was done")
    for_programs(show)
    _by_somebody(_verb(verbs, "take", "it is yours now; an alarm behind it stops climbing"))
    assign = _verb(verbs, "assign", "give it to somebody")
    assign.add_argument("--to", required=True, metavar="NAME", help="whose it is from now on")
    _by_somebody(assign)
    done = _verb(verbs, "done", "it is resolved")
    done.add_argument("--outcome", required=True, choices=OUTCOMES, metavar="WORD", help=", ".join(OUTCOMES))
    done.add_argument("--note", default="", metavar="TEXT", help="what came of it; it is kept, sealed")
    done.add_argument("--confirmed", action="store_true", help="the patient said that they come")
    done.add_argument("--ride-arranged", action="store_true", help="somebody takes the patient home")
    _by_somebody(done)
    reopen = _verb(verbs, "reopen", "it is not resolved after all; an alarm climbs anew")
    reopen.add_argument("--note", default="", metavar="TEXT", help="why; it is kept, sealed")
    _by_somebody(reopen)


def _verb(verbs: Commands[ArgumentParser], name: str, what: str) -> ArgumentParser:
    verb = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    verb.add_argument("id", metavar="ID", help="the task's six characters, or more of its id from the end")
    return verb


def _by_somebody(verb: ArgumentParser) -> None:
    verb.add_argument("--by", metavar="NAME", help="who does this (default: whoever is logged in)")
    for_programs(verb)
