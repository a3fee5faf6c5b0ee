"""`reminders send`: write to one patient or to everybody with a session on some days, after a look at who gets what."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.errors import InputError
from reminders.core.patients import Channel
from reminders.core.windows import civil
from reminders.services.apply_clinics import known_clinics
from reminders.services.send_ad_hoc import AdHocRequest, Recipient, preview_ad_hoc, send_ad_hoc, to_list

if TYPE_CHECKING:
    from reminders.bootstrap import Services

DONE, NOT_POSSIBLE, BAD_INPUT = 0, 1, 2


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Send, or show what would be sent.

    Raises InputError, NotFoundError (an unknown patient) or ContentError (an unknown placeholder).
    """
    with opened(arguments, environment) as services:
        services.migrate()
        request = _request(arguments, services)
        recipients = preview_ad_hoc(services.deps, request)
        ready = [item for item in recipients if item.left_out is None and not item.is_sent_before]
        if not arguments.json:
            _show(recipients, environment)
        may_send = bool(ready) and (arguments.yes or _is_yes(len(ready), arguments))
        if may_send:
            recipients = send_ad_hoc(services.deps, request)
    if arguments.json:
        document = {"sent": may_send, "key": request.request_key, "recipients": to_list(recipients)}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    was_sent = any(item.is_sent_before for item in recipients)
    if may_send:
        place = f"`python3 -m reminders status{' --demo' if arguments.demo else ''}`"
        return _say(f"{len(ready)} on the way, or waiting out quiet hours; {place} shows what becomes of them", DONE)
    if ready:
        return _say(f"nothing was sent; with --yes it goes to {len(ready)}", BAD_INPUT)
    if was_sent:
        return _say("nothing was sent: this key was used before", DONE)
    return _say("nothing was sent: nobody is left to write to", NOT_POSSIBLE)


def _request(arguments: Namespace, services: Services) -> AdHocRequest:
    after, before = _span(arguments, services) if arguments.starting else (None, None)
    return AdHocRequest(
        text=arguments.text,
        author=author(),
        request_key=arguments.key or services.deps.identity.new_token(),
        clinic_slug=arguments.clinic,
        patient_external_id=arguments.patient,
        starts_after=after,
        starts_before=before,
        channel=Channel(arguments.channel) if arguments.channel else None,
        override_reason=arguments.override_quiet_hours,
    )


def _span(arguments: Namespace, services: Services) -> tuple[datetime, datetime]:
    """Return the instants at which the clinic's days begin and end."""
    clinics = [item for item in known_clinics(services.deps) if arguments.clinic in {None, item.slug}]
    if len(clinics) != 1:
        known = ", ".join(item.slug for item in known_clinics(services.deps)) or "none yet; import a schedule first"
        raise InputError([f"--clinic: found {arguments.clinic or 'nothing'}; name one of: {known}"])
    first, last = arguments.starting
    return civil(first, time(), clinics[0].tz), civil(last + timedelta(days=1), time(), clinics[0].tz)


def _show(recipients: Sequence[Recipient], environment: Mapping[str, str]) -> None:
    rows = [
        (
            f"{item.name} ({item.external_id})",
            item.channel or "",
            str(item.size.segments) if item.size and item.left_out is None else "",
            _verdict(item),
        )
        for item in recipients
    ]
    print_table(("Patient", "Channel", "Segments", "Text"), rows, environment)


def _verdict(item: Recipient) -> str:
    if item.left_out is not None:
        return f"left out: {item.left_out.replace('_', ' ')}"
    return "sent already by this key" if item.is_sent_before else item.text


def _is_yes(number: int, arguments: Namespace) -> bool:
    """Ask at a terminal; a program is told to say --yes."""
    if arguments.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(f"Send to {number}? [y/N] ").strip().lower() in {"y", "yes"}


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status
