"""Texts from outside: stored before anything is done about them, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, or_, select, true, update

from reminders.core.conversation.thread import Way
from reminders.core.conversation.turns import WaitingText
from reminders.core.errors import NotReadyError, SpoiledError
from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import AppointmentId, ClinicId, InboundId, LinkId, PatientId
from reminders.ports import InboundText
from reminders.store import events
from reminders.store.bulk import insert_new
from reminders.store.conversation_rows import inbound
from reminders.store.links import Link
from reminders.store.once import insert_once
from reminders.store.sets import Changes, listed, picked
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class StoredText:
    """A text that waits for its reader."""

    id: InboundId
    sender: str
    body: str
    media_count: int
    received_at: datetime
    opt_out_type: str | None = None
    """What the provider took it for, and acted on."""
    link_id: LinkId | None = None
    """The page on which it was written; None for a text."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was understood of a text and what was done, as staff see it.

    `intent` leads, `intents` are all that it says; `understood` tells by which words and rules, as JSON.
    """

    intent: str
    decision: str
    intents: tuple[str, ...] = ()
    understood: str | None = None
    clinic_id: ClinicId | None = None
    patient_id: PatientId | None = None
    appointment_id: AppointmentId | None = None


APART = timedelta(microseconds=1)
"""Between two texts that are stored together."""


def add_once(tx: Transaction, new_id: UUID, text: InboundText, *, now: datetime, page: Link | None = None) -> bool:
    """Keep a text, or words on a page; False where the provider, or the page, already brought it (requirement 29)."""
    values = _values(tx, new_id, text, now)
    if page is not None:
        values |= {"channel": Way.PAGE, "link_id": page.id, "clinic_id": page.clinic_id}
        values |= {"patient_id": page.patient_id, "appointment_id": page.appointment_id}
    return insert_once(tx, inbound, values)


def add_many_once(tx: Transaction, texts: Sequence[tuple[UUID, InboundText]], *, now: datetime) -> set[UUID]:
    """Keep texts, each with a new id; return the ids of those that the provider had not brought before.

    They came in this order, and each has an instant of its own: of START and STOP the later one holds.
    """
    rows = [_values(tx, *each, now + n * APART) for n, each in enumerate(texts)]
    return insert_new(tx, inbound, sorted(rows, key=lambda row: str(row["provider_id"])))


def _values(tx: Transaction, new_id: UUID, text: InboundText, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id,
        "provider_id": text.provider_id,
        "sender": tx.vault.seal("inbound.sender", new_id, text.sender),
        "sender_index": tx.vault.index(text.sender),
        "body": tx.vault.seal("inbound.body", new_id, text.body),
        "media_count": text.media_count,
        "opt_out_type": text.opt_out_type,
        "received_at": now,
    }


def waiting(tx: Transaction, *, limit: int, after: InboundId | None = None) -> list[WaitingText]:
    """Return the texts that nobody read yet, oldest first; `after` one of them, to go on with the rest."""
    given = {"most": limit} | ({} if after is None else {"after": after})
    rows = tx.connection.execute(_unread(has_after=after is not None), given).all()
    return [_looked_at(tx, row) for row in rows]


@cache
def _unread(*, has_after: bool) -> Select[Any]:
    columns = inbound.c
    looked_at = (columns.sender_index, columns.sender, columns.body, columns.opt_out_type, columns.link_id)
    statement = select(columns.id, *looked_at).where(columns.handled_at.is_(None))
    if has_after:
        after = bindparam("after", type_=columns.id.type)
        at = select(columns.received_at).where(columns.id == after).scalar_subquery()
        statement = statement.where((columns.received_at > at) | ((columns.received_at == at) & (columns.id > after)))
    return statement.order_by(columns.received_at, columns.id).limit(bindparam("most"))


def _looked_at(tx: Transaction, row: Row[*tuple[Any, ...]]) -> WaitingText:
    key = InboundId(row.id)
    body: str | None = None
    with suppress(NotReadyError, SpoiledError):
        tx.vault.open("inbound.sender", key, row.sender)
        body = tx.vault.open("inbound.body", key, row.body)
    return WaitingText(key, row.sender_index, body, row.opt_out_type, is_page=row.link_id is not None)


def senders_of(tx: Transaction, ids: Collection[InboundId]) -> list[tuple[str, LinkId | None]]:
    """Return who sent texts, and the page on which each was written. Raises SpoiledError where one does not open."""
    rows = tx.connection.execute(_senders(is_postgres=tx.is_postgres), {"ids": list(ids)}).all()
    return [(_opened(tx, "inbound.sender", InboundId(row.id), row.sender), _link_id(row.link_id)) for row in rows]


@cache
def _senders(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(inbound.c.id, "ids", is_postgres=is_postgres)
    return select(inbound.c.id, inbound.c.sender, inbound.c.link_id).where(theirs)


def _link_id(found: UUID | None) -> LinkId | None:
    return None if found is None else LinkId(found)


def _opened(tx: Transaction, field: str, text_id: InboundId, sealed: bytes) -> str:
    # Of one text among others it says nothing about the rest that its secret is missing: they are read all the same.
    try:
        return tx.vault.open(field, text_id, sealed)
    except NotReadyError as error:
        raise SpoiledError(str(error)) from error


def is_spoiled(tx: Transaction, text_id: InboundId) -> bool:
    """Say whether a text that waits can never be opened. One under a missing secret can, once that is there again."""
    columns = (inbound.c.sender, inbound.c.body)
    row = tx.connection.execute(select(*columns).where(inbound.c.id == text_id)).one()
    try:
        tx.vault.open("inbound.sender", text_id, row.sender)
        tx.vault.open("inbound.body", text_id, row.body)
    except SpoiledError:
        return True
    except NotReadyError:
        return False
    return False


def lock_waiting(tx: Transaction, text_id: InboundId) -> StoredText | None:
    """Return a text to read; None where it is read by now, or another worker holds it.

    Raises SpoiledError for one that does not open.
    """
    return next(iter(lock_many_waiting(tx, [text_id])), None)


def lock_many_waiting(tx: Transaction, ids: Collection[InboundId]) -> list[StoredText]:
    """Return likewise those of several texts that wait, in the order in which they came."""
    rows = tx.connection.execute(_waiting(is_postgres=tx.is_postgres), {"ids": list(ids)}).all()
    return [_text(tx, row) for row in rows]


@cache
def _waiting(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(inbound.c.id, "ids", is_postgres=is_postgres) & inbound.c.handled_at.is_(None)
    in_order = select(inbound).where(theirs).order_by(inbound.c.received_at, inbound.c.id)
    return in_order.with_for_update(skip_locked=True, key_share=True)


def _text(tx: Transaction, row: Row[Any]) -> StoredText:
    key = InboundId(row.id)
    return StoredText(
        key,
        _opened(tx, "inbound.sender", key, row.sender),
        _opened(tx, "inbound.body", key, row.body),
        row.media_count,
        row.received_at,
        row.opt_out_type,
        _link_id(row.link_id),
    )


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text that was read, with how it was read. `kind` is what leads, or who wrote it where no patient did."""

    text: StoredText
    kind: str
    clinic_id: ClinicId | None
    intents: tuple[str, ...]
    understood: str | None
    decision: str
    handled_at: datetime | None


def lock_read(tx: Transaction, text_id: InboundId) -> ReadText | None:
    """Return a text with its reading, which nobody else corrects until this transaction ends; None for none.

    Raises SpoiledError for one that does not open.
    """
    statement = select(inbound).where(inbound.c.id == text_id)
    row = tx.connection.execute(statement.with_for_update(key_share=True)).one_or_none()
    if row is None:
        return None
    text = _text(tx, row)
    return ReadText(
        text=text,
        kind=row.intent or "",
        clinic_id=None if row.clinic_id is None else ClinicId(row.clinic_id),
        intents=tuple((row.intents or row.intent or "").replace(",", " ").split()),
        understood=tx.vault.open_optional("inbound.understood", text_id, row.understood),
        decision=row.decision or "",
        handled_at=row.handled_at,
    )


def is_there(
    tx: Transaction, text_id: InboundId, *, clinics: Collection[ClinicId], has_clinicless: bool = False
) -> bool:
    """Say whether there is a text of some clinics, or of none yet where that counts too."""
    mine = inbound.c.clinic_id.in_(clinics)
    theirs = mine | inbound.c.clinic_id.is_(None) if has_clinicless else mine
    return tx.connection.scalar(select(inbound.c.id).where(inbound.c.id == text_id, theirs)) is not None


def said_later(tx: Transaction, text: StoredText) -> set[str]:
    """Return all that later texts of the same phone, or of the same patient, were read to say."""
    mine = select(inbound.c.sender_index, inbound.c.patient_id).where(inbound.c.id == text.id).subquery()
    same = or_(
        inbound.c.sender_index == select(mine.c.sender_index).scalar_subquery(),
        inbound.c.patient_id == select(mine.c.patient_id).scalar_subquery(),
    )
    here = same & (inbound.c.received_at > text.received_at) & (inbound.c.id != text.id)
    rows = tx.connection.scalars(select(inbound.c.intents).where(here, inbound.c.handled_at.is_not(None)))
    return {word for row in rows for word in (row or "").split(",") if word}


def mark_corrected(
    tx: Transaction,
    text_id: InboundId,
    intents: tuple[str, ...],
    decision: str,
    *,
    appointment_id: AppointmentId | None,
) -> None:
    """Put a person's reading in the place of ours, and say first what came of it. What led us stays as it was kept."""
    values: dict[str, object] = {
        "intent": intents[0],
        "intents": ",".join(intents)[:200],
        "decision": decision[:200],
    }
    if appointment_id is not None:
        values["appointment_id"] = appointment_id
    tx.connection.execute(update(inbound).where(inbound.c.id == text_id).values(values))


def keep_answer(tx: Transaction, text_id: InboundId, answer: str) -> None:
    """Keep what the page answers to words written on it."""
    sealed = tx.vault.seal("inbound.answer", text_id, answer)
    tx.connection.execute(update(inbound).where(inbound.c.id == text_id).values(answer=sealed))


def answer_on(tx: Transaction, link_id: LinkId, *, since: datetime) -> str:
    """Return what a page answers to the newest words on it since an instant, empty where it answers nothing."""
    here = (inbound.c.link_id == link_id) & (inbound.c.received_at > since)
    newest = (
        select(inbound.c.id, inbound.c.answer).where(here).order_by(inbound.c.received_at.desc(), inbound.c.id.desc())
    )
    row = tx.connection.execute(newest.limit(1)).one_or_none()
    return "" if row is None else tx.vault.open_optional("inbound.answer", row.id, row.answer) or ""


HANDLED = (
    "handled_at",
    "intent",
    "intents",
    "understood",
    "decision",
    "clinic_id",
    "patient_id",
    "appointment_id",
)
HANDLING = Changes(
    inbound,
    "id",
    {name: inbound.c[name].type for name in HANDLED},
    where=lambda _: true(),
    values=lambda given: picked(given, *HANDLED),
)


def mark_handled(tx: Transaction, text_id: InboundId, found: Decision, *, now: datetime) -> None:
    """Record what was understood and done, in the transaction that did it."""
    mark_many_handled(tx, {text_id: found}, now=now)


def mark_many_handled(tx: Transaction, found: Mapping[InboundId, Decision], *, now: datetime) -> None:
    """Record likewise what was understood of several texts."""
    HANDLING.apply(tx, [_handled(tx, text_id, one, now) for text_id, one in found.items()])
    events.add(tx, [news for text_id, one in found.items() for news in _news(text_id, one, now)])


def _handled(tx: Transaction, text_id: InboundId, found: Decision, now: datetime) -> dict[str, Any]:
    return {
        "id": text_id,
        "handled_at": now,
        "intent": found.intent,
        "intents": ",".join(found.intents)[:200] or None,
        "understood": tx.vault.seal_optional("inbound.understood", text_id, found.understood),
        "decision": found.decision[:200],
        "clinic_id": found.clinic_id,
        "patient_id": found.patient_id,
        "appointment_id": found.appointment_id,
    }


def _news(text_id: InboundId, found: Decision, now: datetime) -> Iterator[FeedEvent]:
    if found.clinic_id is not None:
        visit: dict[str, str | int | None] = (
            {} if found.appointment_id is None else {"appointment": str(found.appointment_id)}
        )
        yield FeedEvent(FeedKind.REPLY_RECEIVED, found.clinic_id, "reply", text_id, now, found.patient_id, visit)
