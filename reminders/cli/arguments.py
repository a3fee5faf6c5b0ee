"""What can be asked of the command line: every command, its options and its help."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter, _SubParsersAction
from functools import cache
from pathlib import Path

from reminders.cli.api_key_arguments import add_api_key
from reminders.cli.argument_types import (
    QUEUES,
    SUBJECTS,
    count,
    day,
    for_programs,
    of_the_demo,
    port,
    queues,
    speed,
)
from reminders.cli.corrections_arguments import add_corrections
from reminders.cli.interpret_arguments import add_interpret_command
from reminders.cli.operator_arguments import add_operator_commands
from reminders.cli.opt_out_arguments import add_opt_out
from reminders.cli.report_arguments import add_report
from reminders.cli.send_arguments import add_send
from reminders.cli.staff_arguments import add_staff
from reminders.cli.worklist_arguments import add_worklist

Commands = _SubParsersAction  # argparse has no public name for what `add_subparsers` returns

DESCRIPTION = """\
Reminds patients of their sessions by SMS and e-mail, hears their answers, and shows the clinic what needs a person.

  python3 -m reminders demo       try it: a sample clinic and simulated phones on this machine
  python3 -m reminders up         run it: web, worker, beat and broker under one supervisor
"""
EPILOG = "Exit status: 0 done, 1 not possible as things stand, 2 the input has faults or waits for a yes."


@cache
def parser() -> ArgumentParser:
    """Return the parser of the whole command line, made once: it is big, and reading a command leaves it as it is."""
    top = ArgumentParser(
        "python3 -m reminders", description=DESCRIPTION, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _running(commands)
    _import(commands)
    _preview(commands)
    add_send(commands)
    _status(commands)
    add_worklist(commands)
    add_report(commands)
    _why(commands)
    _checkins(commands)
    _pause(commands)
    _override(commands)
    _escort(commands)
    add_opt_out(commands)
    _ended(commands)
    add_api_key(commands)
    _clinic(commands)
    add_staff(commands)
    add_interpret_command(commands)
    add_corrections(commands)
    add_operator_commands(commands)
    _parts(commands)
    commands.add_parser("test", help="run the tests (further words go to pytest)")
    commands.add_parser(
        "check", help="run everything a change must pass: format, lint, types, layers, tests of the house"
    )
    return top


def _running(commands: Commands[ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="a sample clinic and simulated phones, in simulated time, on this machine",
        description="Shows a sample clinic with invented patients. Nothing leaves this machine; Ctrl-C ends it.",
    )
    demo.add_argument("--port", type=port, help="port of the clinic's pages (default: 8000, or a free one)")
    demo.add_argument("--simulator-port", type=port, help="port of the phones (default: 8001, or a free one)")
    demo.add_argument("--speed", type=speed, default=600.0, help="how fast time runs (default: 600, a day in 144 s)")
    demo.add_argument("--folder", type=Path, help="a new or empty folder for the demo's data, which is kept")
    demo.add_argument("--keep", action="store_true", help="keep the temporary folder")
    demo.add_argument("--verbose", action="store_true", help="show what every process writes")
    up = commands.add_parser(
        "up",
        help="run the whole service: web, worker, beat and, where none is given, a broker",
        description="Runs the service until Ctrl-C. README.md lists the settings, which are environment variables.",
    )
    up.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    up.add_argument("--port", type=port, default=8000, help="port to listen on (default: 8000)")
    up.add_argument("--verbose", action="store_true", help="show what every process writes")


def _import(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "import",
        help="read the clinic's schedule, show what it changes, and apply it",
        description="Reads a schedule and applies it, unless a row has a fault. The same file twice changes nothing.",
    )
    command.add_argument(
        "file", type=Path, metavar="FILE", help="the schedule, a CSV file; README.md names its columns"
    )
    command.add_argument("--source", choices=("csv",), default="csv", help="its format (default: csv)")
    command.add_argument("--dry-run", action="store_true", help="only show what would change")
    command.add_argument("--partial", action="store_true", help="import the good rows of a faulty file (exit status 2)")
    command.add_argument(
        "--yes", action="store_true", help="apply even if it cancels more than a fifth of what is to come"
    )
    command.add_argument(
        "--announce", action="store_true", help="tell patients that they are booked at a first import too"
    )
    for_programs(command)


def _preview(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "preview",
        help="show what a schedule file leads to: who is written to, when, and why not",
        description="Plans a file as if every row were newly booked and took place. Changes nothing.",
    )
    command.add_argument(
        "--schedule", type=Path, required=True, metavar="FILE", help="the schedule, a CSV file as `import` reads it"
    )
    command.add_argument(
        "--now", metavar="ISO", help="plan as of this time, such as 2027-03-01T09:00-05:00 (default: now)"
    )
    command.add_argument(
        "--days", type=count, metavar="N", help="only what falls due in the next N days (default: all)"
    )
    command.add_argument(
        "--clinic", type=Path, metavar="FILE|FOLDER", help="clinic files (default: the built-in settings)"
    )
    command.add_argument("--partial", action="store_true", help="plan the good rows of a faulty file (exit status 2)")
    command.add_argument("--json", action="store_true", help="print one JSON object a line")


def _status(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "status", help="what is planned, sent and answered, what needs a person, what is running"
    )
    command.add_argument("--days", type=count, default=7, help="how many days ahead (default: 7)")
    for_programs(command)


def _why(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "why",
        help="everything about a patient, a session or a message in order of time, with the rule behind each line",
    )
    command.add_argument(
        "name",
        metavar="PATIENT|APPOINTMENT|MESSAGE",
        help="the schedule's patient_id or external_id, or a message's id or its first 8 characters or more",
    )
    command.add_argument("--as", dest="kind", choices=SUBJECTS, help="which of these, where the name may mean several")
    command.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    command.add_argument("--text", action="store_true", help="show what was written, too: it is patient data")
    for_programs(command)


def _checkins(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "checkins",
        help="what a patient answered after each session, and how it changed",
        description="Shows scores from 0 to 10, the change since the series' first one, and the patient's exact words.",
    )
    command.add_argument("patient", metavar="PATIENT", help="by the schedule's patient_id")
    command.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    for_programs(command)


def _pause(commands: Commands[ArgumentParser]) -> None:
    pause = commands.add_parser(
        "pause",
        help="close a day, put a patient on hold or stop a series; `resume` takes it back",
        description="Stops reminders that have not left; answers and what staff write themselves still go out.",
    )
    resume = commands.add_parser(
        "resume", help="end a pause: what is still useful goes out", description="Ends a pause; its history is kept."
    )
    pauses = pause.add_subparsers(dest="kind", metavar="day|patient|series|list", required=True)
    for verbs, is_pause in (
        (pauses, True),
        (resume.add_subparsers(dest="kind", metavar="day|patient|series", required=True), False),
    ):
        for kind, metavar, what in (
            ("day", "YYYY-MM-DD", "a day on which the clinic is closed"),
            ("patient", "PATIENT", "a patient, by the schedule's patient_id"),
            ("series", "SERIES", "a series, by the schedule's series_id"),
        ):
            verb = verbs.add_parser(kind, help=what)
            verb.add_argument("name", metavar=metavar, type=day if kind == "day" else str, help=what)
            if is_pause:
                verb.add_argument("--reason", required=True, help="why; it is kept")
            _by_staff(verb)
    listing = pauses.add_parser("list", help="show what is paused")
    listing.add_argument("--all", action="store_true", help="and what was, and who ended it")
    listing.add_argument("--clinic", metavar="SLUG", help="this clinic only")
    for_programs(listing)


def _override(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "override",
        help="change the plan of messages for one patient, or show what was changed",
        description="Amends what holds already; the word `default` gives a value back to the clinic.",
    )
    command.add_argument("patient", metavar="PATIENT", help="by the schedule's patient_id")
    command.add_argument("--off", action="append", default=[], metavar="STEP", help="never send this step")
    command.add_argument("--on", action="append", default=[], metavar="STEP", help="send this step")
    command.add_argument("--channels", metavar="A,B", help="in this order: sms, email, or both")
    command.add_argument("--solids-fast", metavar="24h", help="no solid food for so long before the start")
    command.add_argument("--liquids-fast", metavar="2h", help="no clear liquids for so long before the start")
    command.add_argument("--driving-ban", metavar="24h", help="no driving for so long after the end")
    command.add_argument("--arrive-early", metavar="30m", help="arrive so long before the start")
    command.add_argument("--rebook-weeks", metavar="N", help="ask for another session so many weeks after the last")
    command.add_argument("--rebook", metavar="declined|discharged|allowed", help="never ask, and why; or ask again")
    command.add_argument("--clear", action="store_true", help="begin from the clinic's own plan again")
    command.add_argument("--reason", help="why; it is kept")
    _by_staff(command)


def _escort(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "escort",
        help="record whether the person who fetches a patient agreed to be texted, or show it",
        description="With their own consent they are texted pick-up time and place, and nothing else.",
    )
    command.add_argument("patient", metavar="PATIENT", help="by the schedule's patient_id")
    command.add_argument("--phone", help="theirs, as in the schedule's escort_phone")
    command.add_argument("--consent", choices=("yes", "no"), help="what they said")
    command.add_argument("--note", metavar="TEXT", help="how and when they said it; it is kept")
    _by_staff(command)


def _ended(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser(
        "ended",
        help="record when a session really ended: check-ins count from there",
        description="For a session that was shorter or longer than booked. Another time later corrects it.",
    )
    command.add_argument("appointment", metavar="APPOINTMENT", help="by the schedule's external_id")
    command.add_argument(
        "--at",
        metavar="HH:MM|ISO",
        help="the clinic's clock that day, or the next where that is before the start; or a time with its zone,"
        " such as 2027-03-05T15:40-05:00 (default: now)",
    )
    _by_staff(command)


def _by_staff(command: ArgumentParser) -> None:
    command.add_argument("--by", metavar="NAME", help="who decides this (default: whoever is logged in)")
    command.add_argument("--clinic", metavar="SLUG", help="which clinic, where there are several")
    for_programs(command)


def _clinic(commands: Commands[ArgumentParser]) -> None:
    command = commands.add_parser("clinic", help="bring a clinic's configuration in, or write it out")
    verbs = command.add_subparsers(dest="verb", metavar="VERB", required=True)
    apply = verbs.add_parser("apply", help="apply a clinic file, or every *.toml of a folder")
    apply.add_argument(
        "path", type=Path, metavar="FILE|FOLDER", help="reminders/cli/clinic.example.toml shows each key"
    )
    of_the_demo(apply)
    export = verbs.add_parser("export", help="write a clinic's configuration as a file that `apply` reads")
    export.add_argument("slug", nargs="?", metavar="SLUG", help="which clinic, where there are several")
    of_the_demo(export)
    versions = verbs.add_parser("versions", help="show who changed a clinic's configuration, when, and what")
    versions.add_argument("slug", nargs="?", metavar="SLUG", help="which clinic, where there are several")
    one = versions.add_mutually_exclusive_group()
    one.add_argument("--show", type=count, metavar="N", help="one version whole, as a file that `apply` reads")
    one.add_argument("--diff", type=count, nargs=2, metavar=("A", "B"), help="what differs between two versions")
    versions.add_argument("--limit", type=count, default=50, metavar="N", help="how many, the newest (default: 50)")
    for_programs(versions)


def _parts(commands: Commands[ArgumentParser]) -> None:
    commands.add_parser("migrate", help="bring the database up to date (for containers; `up` does it by itself)")
    web = commands.add_parser("web", help="run the web process alone")
    web.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    web.add_argument("--port", type=port, default=8000, help="port to listen on (default: 8000)")
    worker = commands.add_parser("worker", help="run one worker process")
    worker.add_argument(
        "--queues", type=queues, default=QUEUES, metavar="A,B", help=f"of {','.join(QUEUES)} (default: all)"
    )
    worker.add_argument("--concurrency", type=count, default=8, help="tasks at a time (default: 8)")
    commands.add_parser("beat", help="run the ticker; never more than one")
    health = commands.add_parser("health", help="exit 0 if a process left a sign of life in the last 90 seconds")
    health.add_argument(
        "name", metavar="NAME", help="worker, worker-sms, worker-email, worker-inbound, worker-upkeep, beat, watch"
    )
    watch = commands.add_parser(
        "watch",
        help="the second watcher: reads only the database, and mails when something is wrong",
        description="Looks every 10 seconds and mails REMINDERS_ALERT_TO by REMINDERS_SMTP_URL when an alarm begins,"
        " each hour while it lasts, and when it is over. Needs neither broker nor workers nor web.",
    )
    watch.add_argument("--once", action="store_true", help="look once, print, and exit 1 if something is wrong (cron)")
    for_programs(watch)
