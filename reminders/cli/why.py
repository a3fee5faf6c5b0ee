"""`reminders why`: the timeline of a patient, an appointment or a message, with the rule behind every line."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime

from reminders.cli.opening import opened
from reminders.cli.tables import BOLD, GAP, NARROWEST, fold, paint, print_table, room
from reminders.core.appointments import Appointment
from reminders.core.instants import iso
from reminders.core.labels import CHANNELS, MESSAGE_STATES, RIDES, title
from reminders.core.timeline.events import Event, EventKind
from reminders.core.timeline.history import PastMessage, SubjectKind
from reminders.core.wording import dated_time, day_and_time, many
from reminders.services.explain import Account, Query, explain

DONE = 0
NOT_OF_ONE_SESSION = frozenset({EventKind.ATTEMPT, EventKind.RECEIPT})


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Show the timeline, for people or with `--json` for programs.

    Raises NotFoundError for an unknown name, InputError where a name may mean several things.
    """
    kind = SubjectKind(arguments.kind) if arguments.kind else None
    query = Query(arguments.name, kind, arguments.clinic, has_texts=arguments.text)
    with opened(arguments, environment) as services:
        services.migrate()
        account = explain(services.deps, query)
    if arguments.json:
        print(json.dumps(to_document(account), ensure_ascii=False, indent=2))
    else:
        _show(account, environment)
    return DONE


def to_document(account: Account) -> dict[str, object]:
    """Return everything for programs. Instants are UTC in ISO 8601."""
    subject, patient = account.subject, account.patient
    return {
        "now": iso(account.now),
        "subject": {
            "kind": subject.kind,
            "id": str(subject.id) if subject.kind is SubjectKind.MESSAGE else subject.name,
            "clinic": account.clinic.slug,
            "timezone": account.clinic.timezone,
            "patient": patient.record.external_id if patient is not None else None,
            "name": patient.record.name if patient is not None else None,
            "appointments": [_appointment(item) for item in account.about],
        },
        "events": [_event(line, account) for line in account.events],
        "next": {
            "at": iso(account.outlook.at) if account.outlook.at is not None else None,
            "what": account.outlook.what,
        },
    }


def _appointment(item: Appointment) -> dict[str, object]:
    return {
        "external_id": item.external_id,
        "starts_at": iso(item.starts_at),
        "timezone": item.booking.timezone,
        "status": item.status,
        "version": item.version,
        "confirmed": item.is_confirmed,
        "ride": item.has_ride,
        "ride_state": item.ride,
    }


def _event(line: Event, account: Account) -> dict[str, object]:
    return {
        "at": iso(line.at),
        "kind": line.kind.name.lower(),
        "what": line.what,
        "why": line.why,
        "state": line.state,
        "appointment": _external_id(line, account),
        "version": line.version,
        "message": str(line.message_id) if line.message_id is not None else None,
        "facts": dict(line.facts),
        "text": line.text,
    }


def _external_id(line: Event, account: Account) -> str | None:
    held = account.booked.get(line.appointment_id) if line.appointment_id is not None else None
    return held.external_id if held is not None else None


def _show(account: Account, environment: Mapping[str, str]) -> None:
    print(paint(_who(account), BOLD, environment))
    print(f"{account.clinic.sender}; times are those of {account.clinic.timezone}\n")
    wide = room()
    if wide is None:
        print_table(("When", "What", "Why", "State"), rows(account), environment)
    else:
        print("\n".join(paragraphs(rows(account), wide, environment)))
    print(f"\n{paint('What happens next:', BOLD, environment)} {account.outlook.what}")


def rows(account: Account) -> list[tuple[str, str, str, str]]:
    """Return the lines; a time that is the same as above is left out, so that what happened at once reads as one."""
    times = [_when(line.at, account) for line in account.events]
    shown = [at if place == 0 or at != times[place - 1] else "" for place, at in enumerate(times)]
    return [(at, _what(line, account), line.why, line.state) for at, line in zip(shown, account.events, strict=True)]


def paragraphs(lines: Sequence[tuple[str, str, str, str]], wide: int, environment: Mapping[str, str]) -> list[str]:
    """Put each reason below what it explains: side by side, sentences of this length cannot be read."""
    margin = max((len(at) for at, *_ in lines), default=0) + len(GAP)
    found = []
    for at, what, why, state in lines:
        first, *others = fold(what + (f" \N{EN DASH} {state}" if state else ""), max(wide - margin, NARROWEST))
        found.append(at.ljust(margin) + paint(first, BOLD, environment))
        found.extend(" " * margin + paint(line, BOLD, environment) for line in others)
        reasons = fold(why, max(wide - margin - len(GAP), NARROWEST)) if why else []
        found.extend(" " * margin + GAP + line for line in reasons)
    return found


def _who(account: Account) -> str:
    patient, subject = account.patient, account.subject
    name = f"{patient.record.name} ({patient.record.external_id})" if patient is not None else "several patients' phone"
    match subject.kind:
        case SubjectKind.PATIENT:
            return f"{name}, {many(len(account.about), 'session')}"
        case SubjectKind.APPOINTMENT:
            return f"{name}, {_session(account.about[0], account)}"
        case SubjectKind.MESSAGE:
            sessions = "; ".join(_session(item, account) for item in account.about)
            return f"{_message(account.message)} for {name}" + (f", about {sessions}" if sessions else "")


def _session(item: Appointment, account: Account) -> str:
    answers = f"{'confirmed' if item.is_confirmed else 'not confirmed'}, {RIDES[item.ride]}"
    start = dated_time(item.starts_at, account.clinic.tz)
    return f"session {item.external_id} on {start}: {item.status}, {answers}"


def _message(item: PastMessage | None) -> str:
    return (
        ""
        if item is None
        else f"{CHANNELS[item.channel].capitalize()} '{title(item.kind)}' ({MESSAGE_STATES[item.state]})"
    )


def _when(at: datetime, account: Account) -> str:
    """Write an instant with its day, and with its year where that is not this one."""
    local, now = at.astimezone(account.clinic.tz), account.now.astimezone(account.clinic.tz)
    return (day_and_time if local.year == now.year else dated_time)(at, account.clinic.tz)


def _what(line: Event, account: Account) -> str:
    """Write what happened, with its session where the timeline is of several, and its text where that was asked for."""
    external_id = _external_id(line, account)
    is_told = external_id is not None and len(account.about) > 1 and line.kind not in NOT_OF_ONE_SESSION
    said = f": “{line.text}”" if line.text is not None else ""
    return (f"{external_id}: " if is_told else "") + line.what + said
