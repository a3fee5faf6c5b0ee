"""`reminders opt-out`: take down what somebody said about being written to, and show who is not."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.choices import Heard
from reminders.core.consent import Source
from reminders.core.errors import InputError
from reminders.core.labels import CHANNELS
from reminders.core.permissions import ClosedAddress
from reminders.core.wording import dated_time
from reminders.services.escort_consent import clinic_named
from reminders.services.read_choices import Choice, read_choices, read_closed
from reminders.services.record_choice import Recorded, Whom, record_choice, record_unmatched

if TYPE_CHECKING:
    from reminders.bootstrap import Services

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says. Raises InputError or NotFoundError."""
    with opened(arguments, environment) as services:
        services.migrate()
        VERBS[arguments.verb](services, arguments, environment)
    return DONE


def _record(services: Services, arguments: Namespace, _environment: Mapping[str, str]) -> None:
    if arguments.unmatched is not None:
        if arguments.note is not None:
            raise InputError(["--note: is not given with --unmatched, which has the person's words"])
        heard = _heard(arguments, arguments.unmatched)
        _refuse_address(arguments)
        _show_waiting(record_unmatched(services.deps, heard, arguments.clinic), arguments)
        return
    report = _choice(services, arguments, is_granted=False)
    if arguments.json:
        print(json.dumps(_document(report), indent=2))
        return
    for address in report.addresses:
        print(f"nothing automatic goes to {address} from now on; what waited is cancelled")
    if report.patients > 1:
        print(f"{report.patients} patients can be reached there: tell them, or write to them by other ways")
    elif not report.patients:
        print("no patient of the schedule has it; it stays closed for whoever comes with it")
    _show_deadline(report)


def _undo(services: Services, arguments: Namespace, _environment: Mapping[str, str]) -> None:
    report = _choice(services, arguments, is_granted=True)
    if arguments.json:
        print(json.dumps(_document(report), indent=2))
        return
    for address in report.addresses:
        print(f"{address} may be written to again, as far as the schedule's consent goes")


def _choice(services: Services, arguments: Namespace, *, is_granted: bool) -> Recorded:
    heard = _heard(arguments, arguments.note)
    whom = _whom(services, arguments)
    return record_choice(services.deps, whom, heard, arguments.clinic, is_granted=is_granted)


def _heard(arguments: Namespace, note: str | None) -> Heard:
    if note is None:
        raise InputError(["--note: found nothing; write down what the person said, for whoever asks later"])
    return Heard(
        Source(arguments.means), date.fromisoformat(arguments.received_on), note, author(arguments.recorded_by)
    )


def _whom(services: Services, arguments: Namespace) -> Whom:
    given = [name for name in ("phone", "email", "patient") if getattr(arguments, name) is not None]
    if len(given) != 1:
        found = " and ".join(f"--{name}" for name in given) or "nothing"
        raise InputError([f"found {found}; say whose choice it is by one of --phone, --email and --patient"])
    if arguments.phone is not None:
        clinic = clinic_named(services.deps, arguments.clinic)
        return Whom(phone=services.phone(arguments.phone, clinic.country))
    if arguments.email is not None:
        return Whom(email=services.email(arguments.email))
    return Whom(patient=arguments.patient)


def _refuse_address(arguments: Namespace) -> None:
    if any(getattr(arguments, name) is not None for name in ("phone", "email", "patient")):
        raise InputError(["--unmatched: is for what belongs to no address yet; without it, the address is closed"])


def _show_waiting(report: Recorded, arguments: Namespace) -> None:
    if arguments.json:
        print(json.dumps(_document(report), indent=2))
        return
    print("a task is open: find the number or address, and close it with `reminders opt-out record`")
    _show_deadline(report)


def _show_deadline(report: Recorded) -> None:
    if report.deadline is None:
        return
    due_on = f"{report.deadline.due_on:%a %d %b %Y}"
    is_waiting = report.task_key is not None
    if not report.deadline.is_met:
        print(f"the deadline was {due_on}, 10 business days after the request: it has passed")
    elif is_waiting:
        print(f"it is to be honoured by {due_on}, 10 business days after the request")
    else:
        print(f"the deadline, 10 business days after the request, is {due_on}: met")


def _list(services: Services, arguments: Namespace, environment: Mapping[str, str]) -> None:
    clinic, closed = read_closed(services.deps, arguments.clinic)
    if arguments.json:
        print(json.dumps([_closed(item) for item in closed], indent=2))
        return
    if not closed:
        print("nobody has opted out")
    rows = [
        (
            dated_time(item.opted_out_at, clinic.tz),
            CHANNELS[item.channel],
            item.address,
            ", ".join(item.patients) or "-",
            _told(item.opted_out_by),
        )
        for item in closed
    ]
    print_table(("Since", "Channel", "Address", "Patient", "By"), rows, environment)


def _show(services: Services, arguments: Namespace, environment: Mapping[str, str]) -> None:
    report = read_choices(services.deps, arguments.patient, arguments.clinic)
    if arguments.json:
        document = {
            "patient": arguments.patient,
            "closed": [_closed(item) for item in report.closed],
            "choices": [_said(item) for item in report.choices],
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    if not report.choices:
        print(f"{arguments.patient} has said nothing about being written to")
    rows = [
        (dated_time(item.recorded_at, report.clinic.tz), item.what, item.address, _means(item), item.words)
        for item in report.choices
    ]
    print_table(("Recorded", "What", "Address", "How", "Words"), rows, environment)
    if report.choices:
        print(f"closed now: {', '.join(item.address for item in report.closed) or 'nothing'}")


def _means(item: Choice) -> str:
    how = _told(item.source)
    said = f"{how} on {item.asked_on:%d %b %Y}" if item.asked_on is not None else how
    by = "" if item.recorded_by in {"", item.source, "text", "link"} else f"{item.recorded_by}"
    due = f", due {item.due_on:%d %b %Y}" if item.due_on is not None else ""
    return f"{': '.join(filter(None, (said, by)))}{due}"


def _told(word: str) -> str:
    return word.replace("_", " ")


def _closed(item: ClosedAddress) -> dict[str, object]:
    return {
        "channel": item.channel,
        "address": item.address,
        "since": item.opted_out_at.isoformat(),
        "by": item.opted_out_by,
        "patients": list(item.patients),
    }


def _said(item: Choice) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(item).items()}


def _document(report: Recorded) -> dict[str, object]:
    """Return what was recorded, for programs. Days are the clinic's."""
    due = report.deadline
    return {
        "addresses": list(report.addresses),
        "patients": report.patients,
        "due_on": None if due is None else due.due_on.isoformat(),
        "is_met": None if due is None else due.is_met,
        "task": report.task_key,
    }


Verb = Callable[["Services", Namespace, Mapping[str, str]], None]
VERBS: Mapping[str, Verb] = {"record": _record, "undo": _undo, "list": _list, "show": _show}
