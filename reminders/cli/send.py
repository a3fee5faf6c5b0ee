"""`reminders send`: write to one patient or to everybody with a session on some days, after a look at who gets what."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.ad_hoc import leaving_at
from reminders.core.audience import Visitors
from reminders.core.clinics import Clinic
from reminders.core.clock_words import moment
from reminders.core.content import language_of
from reminders.core.errors import InputError
from reminders.core.ids import BatchId
from reminders.core.labels import REASONS
from reminders.core.patients import Channel
from reminders.core.windows import local_day
from reminders.services.apply_clinics import known_clinics
from reminders.services.read_session import operator
from reminders.services.send_ad_hoc import AdHocRequest, Plan, Recipient, plan_ad_hoc, send_batch, to_list
from reminders.services.stop_batch import stop_batch

if TYPE_CHECKING:
    from reminders.bootstrap import Services

DONE, NOT_POSSIBLE, BAD_INPUT = 0, 1, 2
DAY = timedelta(days=1)


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Send, show what would be sent, or stop what was.

    Raises InputError, NotFoundError (an unknown patient or batch) or ContentError (an unknown placeholder).
    """
    with opened(arguments, environment) as services:
        services.migrate()
        if arguments.stop is not None:
            return _stop(arguments, services)
        who, request = operator(services.deps, author()), _request(arguments, services)
        plan = plan_ad_hoc(services.deps, request, who=who)
        ready = [item for item in plan.recipients if item.left_out is None and not item.is_sent_before]
        if not arguments.json:
            _show(plan, environment)
        recipients, batch_id = plan.recipients, None
        if ready and not arguments.dry_run and (arguments.yes or _is_yes(len(ready), arguments)):
            # Whoever said yes said it to what was shown.
            sent = send_batch(services.deps, request, who=who, seen=None if arguments.yes else plan.fingerprint)
            recipients, batch_id = sent.recipients, sent.id
            if sent.has_changed:
                raise InputError(["nothing was sent: meanwhile somebody would get something else; please look again"])
    if arguments.json:
        _print_document(plan, request, recipients, batch_id)
    return _verdict(arguments, ready, recipients, batch_id)


def _verdict(
    arguments: Namespace, ready: Sequence[Recipient], recipients: Sequence[Recipient], batch_id: BatchId | None
) -> int:
    if batch_id is not None:
        place = f"`python3 -m reminders send --stop {batch_id}{' --demo' if arguments.demo else ''}`"
        return _say(f"{len(ready)} on the way, or waiting for their time; {place} ends what has not left", DONE)
    if ready:
        return _say(f"nothing was sent; with --yes it goes to {len(ready)}", DONE if arguments.dry_run else BAD_INPUT)
    if any(item.is_sent_before for item in recipients):
        return _say("nothing was sent: this key was used before", DONE)
    return _say("nothing was sent: nobody is left to write to", NOT_POSSIBLE)


def _stop(arguments: Namespace, services: Services) -> int:
    found = stop_batch(services.deps, operator(services.deps, author()), BatchId(arguments.stop))
    if arguments.json:
        print(json.dumps({"batch": str(arguments.stop), "ended": found.ended, "had_left": found.had_left}))
    return _say(f"stopped: {found.ended} had not left and will not, {found.had_left} had left", DONE)


def _request(arguments: Namespace, services: Services) -> AdHocRequest:
    clinic = _clinic(arguments, services)
    texts = _texts(arguments, clinic)
    home = language_of(clinic.language)
    now = services.deps.clock.now()
    return AdHocRequest(
        text=texts.pop(home),
        author=author(),
        request_key=arguments.key or services.deps.identity.new_token(),
        clinic_slug=clinic.slug,
        patient_external_id=arguments.patient,
        channel=Channel(arguments.channel) if arguments.channel else None,
        override_reason=arguments.override_quiet_hours,
        audience=_visitors(arguments, today=local_day(now, clinic.tz)) if arguments.day else None,
        translations=texts,
        send_at=leaving_at(arguments.at, clinic, now=now) if arguments.at else None,
        exceeds_caps=arguments.important,
    )


def _clinic(arguments: Namespace, services: Services) -> Clinic:
    every = known_clinics(services.deps)
    chosen = [item for item in every if arguments.clinic in {None, item.slug}]
    if len(chosen) != 1:
        known = ", ".join(item.slug for item in every) or "none yet; import a schedule first"
        raise InputError([f"--clinic: found {arguments.clinic or 'nothing'}; name one of: {known}"])
    return chosen[0]


def _texts(arguments: Namespace, clinic: Clinic) -> dict[str, str]:
    """Return the texts by language, that of the clinic's own among them."""
    home, translations = language_of(clinic.language), dict(arguments.text_in)
    if arguments.snippet is None:
        if arguments.text is None:
            raise InputError(["--text: found nothing; write what the patient is to read, or name a --snippet"])
        return {**translations, home: arguments.text}
    approved = {
        language: texts[arguments.snippet] for language, texts in clinic.snippets.items() if arguments.snippet in texts
    }
    if home not in approved:
        known = ", ".join(sorted(clinic.snippets.get(home, {}))) or "none"
        raise InputError([f"--snippet: found {arguments.snippet!r}; known here: {known}"])
    return {**approved, **translations}


def _visitors(arguments: Namespace, *, today: date) -> Visitors:
    near = {"today": (today, today), "tomorrow": (today + DAY, today + DAY)}
    first, last = near[arguments.day] if isinstance(arguments.day, str) else arguments.day
    return Visitors(
        first=first,
        last=last,
        not_before=arguments.since,
        before=arguments.before,
        appointment_type=arguments.kind,
        is_unconfirmed=arguments.unconfirmed,
        lacks_ride=arguments.no_ride,
    )


def _print_document(
    plan: Plan, request: AdHocRequest, recipients: Sequence[Recipient], batch_id: BatchId | None
) -> None:
    document = {
        "sent": batch_id is not None,
        "batch": None if batch_id is None else str(batch_id),
        "key": request.request_key,
        "to": plan.words,
        "due_at": plan.due_at.isoformat(),
        "segments": plan.segments,
        "notes": list(plan.notes),
        "recipients": to_list(recipients),
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _show(plan: Plan, environment: Mapping[str, str]) -> None:
    leaves = "" if plan.is_now else f", leaves {moment(plan.due_at, plan.clinic.tz, 'en')} ({plan.clinic.timezone})"
    print(f"{plan.words[:1].upper()}{plan.words[1:]}{leaves}")
    rows = [
        (
            f"{item.name} ({item.external_id})",
            item.channel or "",
            str(item.size.segments) if item.size and item.left_out is None else "",
            _fate(item),
        )
        for item in plan.recipients
    ]
    print_table(("Patient", "Channel", "Segments", "Text"), rows, environment)
    for line in plan.notes:
        print(f"note: {line}")


def _fate(item: Recipient) -> str:
    if item.left_out is not None:
        return f"left out: {REASONS[item.left_out]}"
    if item.is_sent_before:
        return "sent already by this key"
    held = "" if item.held_until is None else f" [quiet hours: waits until {item.held_until:%Y-%m-%dT%H:%MZ}]"
    noted = "".join(f" [{REASONS[reason]}]" for reason in item.notes)
    return f"{item.text}{held}{noted}"


def _is_yes(number: int, arguments: Namespace) -> bool:
    """Ask at a terminal; a program is told to say --yes."""
    if arguments.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(f"Send to {number}? [y/N] ").strip().lower() in {"y", "yes"}


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status
