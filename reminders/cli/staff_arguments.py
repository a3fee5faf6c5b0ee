"""What can be asked of `reminders staff`. Its words are the core's own, written out: help loads no rule."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

from reminders.cli.argument_types import for_programs

Commands = _SubParsersAction
ROLES = ("front_desk", "clinician", "manager", "auditor")


def add_staff(commands: Commands[ArgumentParser]) -> None:
    """Add the command with its verbs."""
    command = commands.add_parser(
        "staff",
        help="who may sign in to the clinic's pages: add, list, change a role, end",
        description="Whoever is added gets a link that works once and for one day: there they choose a password and"
        " add an authenticator app.",
    )
    verbs = command.add_subparsers(dest="verb", metavar="VERB", required=True)
    add = _verb(verbs, "add", "add a person, and print the link that lets them in", with_login=True)
    add.add_argument("--name", required=True, help="as colleagues know them: it is kept with what they do")
    add.add_argument("--role", choices=ROLES, required=True, metavar="ROLE", help=", ".join(ROLES))
    _at_clinics(add, "at this clinic, more than once for several (default: at all of them)")
    _verb(verbs, "invite", "print another link, as for somebody who lost their phone", with_login=True)
    role = _verb(verbs, "role", "change a role", with_login=True)
    role.add_argument(
        "--role", choices=(*ROLES, "none"), required=True, metavar="ROLE", help=f"{', '.join(ROLES)}, none"
    )
    _at_clinics(role, "at this clinic, more than once for several (default: at all of them)")
    _verb(verbs, "list", "show who may sign in, and who could", with_login=False)
    _verb(verbs, "end", "end a person's access for good", with_login=True)
    sessions = _verb(verbs, "sessions", "show how many browsers a person is signed in on", with_login=True)
    sessions.add_argument("--end", action="store_true", help="sign them out on all of them")


def _verb(verbs: Commands[ArgumentParser], name: str, what: str, *, with_login: bool) -> ArgumentParser:
    verb = verbs.add_parser(name, help=what)
    if with_login:
        verb.add_argument("login", metavar="LOGIN", help="such as kim.lee, or an e-mail address")
        verb.add_argument("--by", metavar="NAME", help="who decides this (default: whoever is logged in)")
    for_programs(verb)
    return verb


def _at_clinics(verb: ArgumentParser, what: str) -> None:
    verb.add_argument("--clinic", action="append", default=[], metavar="SLUG", help=what)
