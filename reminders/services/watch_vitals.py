"""Watch the vital signs: read from the database alone, so that it works while broker, workers and web do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

import structlog

from reminders.core.alarm_news import News, subject, text
from reminders.core.alarms import LATE, OpenCircuit, Vitals
from reminders.core.delivery import Accepted, Outcome, Unknown
from reminders.core.ids import AttemptTag
from reminders.core.patients import Channel
from reminders.ports import EmailGateway, OutgoingMail
from reminders.services.deps import Deps
from reminders.services.read_status import read_ledger
from reminders.store import backlog, canaries, circuits, clinics, escalations, oldest, opt_out_requests, vital_signs
from reminders.store.unit_of_work import Transaction

log = structlog.get_logger()
CANARIES_BACK = timedelta(hours=1)
MAIL_STARTS_WITHIN = 60.0


def read_vitals(deps: Deps, *, is_told_outside: bool) -> Vitals:
    """Read the vital signs in one snapshot: some look-ups by index, however much there is.

    Raises NotReadyError without a database, and the driver's own errors.
    """
    machine_now, now = deps.clock.machine_now(), deps.clock.now()

    def by_machine(at: datetime | None) -> datetime | None:
        """Return the machine's time of an instant of the clinic's."""
        return None if at is None else machine_now - (now - at) / deps.clock.speed

    with deps.store.reading() as tx:
        open_alarms = escalations.oldest_open(tx)
        waiting = {channel: by_machine(oldest.waiting_message(tx, channel)) for channel in _open_channels(deps)}
        opened = circuits.every(tx)
        return Vitals(
            waits_since={channel: at for channel, at in waiting.items() if at is not None},
            undispatched_since=by_machine(_undispatched(tx, now, now - LATE * deps.clock.speed)),
            doubts_since=oldest.open_attempts(tx),
            doubts_last=_doubts_last(deps),
            signs=vital_signs.last_beats(tx),
            canaries=canaries.since(tx, machine_now - CANARIES_BACK),
            is_told_outside=is_told_outside,
            circuits=[
                OpenCircuit(channel, item.cause, by_machine(item.opened_at) or machine_now)
                for name, item in opened.items()
                if item.cause is not None and (channel := _channel(deps, name)) is not None
            ],
            receipt_since=oldest.waiting_receipt(tx),
            reply_since=by_machine(oldest.waiting_text(tx)),
            opt_out_since=by_machine(opt_out_requests.overdue_since(tx, now=now)),
            holds_since=by_machine(circuits.holds_unknown_since(tx, deps.accounts[Channel.SMS])),
            patient_waits_since=by_machine(min(open_alarms.values(), default=None)),
            is_nobody_called=any(not clinics.get(tx, key).escalation for key in open_alarms),
        )


def with_ledger(deps: Deps, vitals: Vitals) -> Vitals:
    """Add what contradicts a promise. It reads whole tables: for now and then."""
    return replace(vitals, contradictions=read_ledger(deps).contradictions)


def mail_news(deps: Deps, gateway: EmailGateway, recipients: Sequence[str], news: News) -> bool:
    """Mail what there is to tell, all in one mail; say whether anybody got it."""
    outcomes: dict[AttemptTag, Outcome] = {}
    words = text(news, machine_now=deps.clock.machine_now())
    mails = [
        OutgoingMail(
            tag=deps.identity.new_tag(),
            to=recipient,
            subject=subject(news),
            text=words,
            html=f"<pre>{escape(words)}</pre>",
            message_id=f"{deps.identity.new_id()}@{deps.mail_domain}",
            start_by=deps.clock.monotonic() + MAIL_STARTS_WITHIN,
        )
        for recipient in recipients
    ]
    gateway.send_many(mails, outcomes.__setitem__)
    # One that nobody knows of has probably arrived: to mail it again every half minute would be a storm.
    failed = [type(outcome).__name__ for outcome in outcomes.values() if not isinstance(outcome, Accepted | Unknown)]
    if failed:
        log.warning("alarm.not_mailed", count=len(failed), outcome=failed[0])
    return len(failed) < len(mails)


def _open_channels(deps: Deps) -> list[Channel]:
    """Return the channels by which anything may leave at all: without a provider messages wait rightly."""
    gateways: Mapping[Channel, object] = {Channel.SMS: deps.sms, Channel.EMAIL: deps.email}
    return [channel for channel, gateway in gateways.items() if gateway is not None]


def _doubts_last(deps: Deps) -> dict[Channel, timedelta]:
    rule = deps.resolution
    return {Channel.SMS: rule.grace + rule.spread, Channel.EMAIL: rule.blind_grace}


def _undispatched(tx: Transaction, now: datetime, late: datetime) -> datetime | None:
    """Return the due time of the oldest reminder at a clinic where none became a message of late.

    Where some do, the rest is a backlog that is worked off at the clinic's pace.
    """
    stalled = [
        key for key in backlog.clinics_behind(tx, now=now, before=late) if not oldest.has_made_since(tx, key, late)
    ]
    return min(filter(None, (oldest.planned_reminder(tx, key, now=now) for key in stalled)), default=None)


def _channel(deps: Deps, account: str) -> Channel | None:
    """Return what an account is used for; None for one of earlier settings."""
    return next((channel for channel, name in deps.accounts.items() if name == account), None)
