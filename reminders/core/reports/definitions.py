"""The reports of a clinic: which columns each has, and in words how they are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from reminders.core.reports.figures import (
    Absences,
    CheckInAnswers,
    CodeCount,
    Confirmations,
    Delays,
    Deliveries,
    OptOuts,
    Replies,
    Spread,
)
from reminders.core.reports.shapes import Cell, Number, Report, Row, Share, Span, Words
from reminders.core.reports.weeks import Week
from reminders.core.wording import many

WEEK = "Week of"
SHARE, SECONDS = "%", "seconds"
Counted = TypeVar("Counted")


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was counted of one clinic, by the place of the week."""

    confirmations: Mapping[int, Confirmations] = field(default_factory=dict)
    absences: Mapping[int, Absences] = field(default_factory=dict)
    deliveries: Mapping[int, Deliveries] = field(default_factory=dict)
    codes: Sequence[CodeCount] = ()
    opt_outs: Mapping[int, OptOuts] = field(default_factory=dict)
    check_ins: Mapping[int, CheckInAnswers] = field(default_factory=dict)
    delays: Mapping[int, Delays] = field(default_factory=dict)
    replies: Mapping[int, Replies] = field(default_factory=dict)
    late_hours: int = 24
    """From so many hours before the start on a cancellation was counted as late."""


def reports(weeks: Sequence[Week], found: Figures, meaning: Callable[[CodeCount], str]) -> list[Report]:
    """Return every report, in the order of the page. `meaning` says in words what an error code means."""
    return [
        _confirmations(weeks, found.confirmations),
        _absences(weeks, found.absences, found.late_hours),
        _deliveries(weeks, found.deliveries),
        _codes(found.codes, meaning),
        _opt_outs(weeks, found.opt_outs),
        _check_ins(weeks, found.check_ins),
        _delays(weeks, found.delays),
        _replies(weeks, found.replies),
    ]


def _confirmations(weeks: Sequence[Week], found: Mapping[int, Confirmations]) -> Report:
    return Report(
        key="confirmations",
        title="Confirmed before the session",
        counted="Sessions that have begun and were not cancelled, by the week in which they began. One is confirmed"
        " where the patient said yes, before it began, to the very time and kind at which it took place. By staff:"
        " somebody recorded it with a task; by page: a press on the patient’s own page.",
        of=WEEK,
        columns=("Sessions", "Confirmed", "By text", "By page", "By staff", "Share confirmed"),
        rows=_rows(
            weeks,
            found,
            Confirmations(),
            lambda one: [
                *map(Number, (one.sessions, one.confirmed, one.by_text, one.by_page, one.by_staff)),
                Share(one.confirmed, one.sessions),
            ],
        ),
        plotted="Share confirmed",
        units={"Share confirmed": SHARE},
    )


def _absences(weeks: Sequence[Week], found: Mapping[int, Absences], late_hours: int) -> Report:
    return Report(
        key="absences",
        title="No-shows and late cancellations",
        counted="Sessions whose time has come, by the week in which they were to begin, as the schedule tells it. Late:"
        f" the schedule first showed the cancellation in the last {many(late_hours, 'hour')} before the start, or after"
        " it. By patient: they had told us that they would not come or wanted another time. By clinic: the session lay"
        " on a day that was closed. Not known: only the schedule tells of it. The share lost is no-shows and late"
        " cancellations of these and of what took place; sessions without an outcome are left out of it.",
        of=WEEK,
        columns=(
            "Took place",
            "Did not come",
            "Late, by patient",
            "Late, by clinic",
            "Late, not known",
            "Cancelled earlier",
            "No outcome yet",
            "Share lost",
        ),
        rows=_rows(
            weeks,
            found,
            Absences(),
            lambda one: [
                *map(Number, (one.took_place, one.no_show)),
                *map(Number, (one.late_by_patient, one.late_by_clinic, one.late_by_schedule)),
                *map(Number, (one.cancelled_earlier, one.no_outcome)),
                Share(one.no_show + one.late, one.held_against),
            ],
        ),
        plotted="Share lost",
        units={"Share lost": SHARE},
    )


def _deliveries(weeks: Sequence[Week], found: Mapping[int, Deliveries]) -> Report:
    return Report(
        key="deliveries",
        title="Delivery of texts",
        counted="Messages to patients and escorts that left or were refused, by the week in which they were made;"
        " notices to staff are left out. The share is of texts whose end the provider has reported. E-mails are counted"
        " where a mail server took them over: nobody reports whether they arrive.",
        of=WEEK,
        columns=("Delivered", "Not delivered", "Refused", "No report yet", "Share delivered", "E-mails"),
        rows=_rows(
            weeks,
            found,
            Deliveries(),
            lambda one: [
                *map(Number, (one.delivered, one.undelivered, one.refused, one.unreported)),
                Share(one.delivered, one.reported),
                Number(one.emails),
            ],
        ),
        plotted="Share delivered",
        units={"Share delivered": SHARE},
    )


def _codes(found: Sequence[CodeCount], meaning: Callable[[CodeCount], str]) -> Report:
    return Report(
        key="codes",
        title="Why messages did not arrive",
        counted="Messages made in these weeks that met an error code of the provider, a carrier or a mail server. One"
        " that met two codes counts under both; one that was tried again may have arrived after all.",
        of="Code",
        columns=("Messages", "Channel", "What it means"),
        rows=[
            Row(one.code, [Number(one.messages), Words("text" if one.is_text else "e-mail"), Words(meaning(one))])
            for one in sorted(found, key=lambda one: (-one.messages, one.code))
        ],
    )


def _opt_outs(weeks: Sequence[Week], found: Mapping[int, OptOuts]) -> Report:
    return Report(
        key="opt-outs",
        title="Opt-outs",
        counted="Phones and addresses of which somebody said that they want no more messages, by the week in which we"
        " learned of it. By text: a reply, or the provider’s word of one; by staff: said on the phone, by letter, in"
        " person or in the clinic’s own records.",
        of=WEEK,
        columns=("Opted out", "By text", "By link", "By staff", "Opted in again"),
        rows=_rows(
            weeks,
            found,
            OptOuts(),
            lambda one: [*map(Number, (one.total, one.by_text, one.by_link, one.by_staff, one.opted_in))],
        ),
        plotted="Opted out",
    )


def _check_ins(weeks: Sequence[Week], found: Mapping[int, CheckInAnswers]) -> Report:
    return Report(
        key="check-ins",
        title="Answers to check-ins",
        counted="Check-ins that left, by the week in which they did. Answered: a score came, by text or on the"
        " patient’s page. The time is from when it left to the first score; 95 in 100 took no longer than the last"
        " column.",
        of=WEEK,
        columns=("Asked", "Answered", "Share answered", "Half within", "95 in 100 within"),
        rows=_rows(
            weeks,
            found,
            CheckInAnswers(),
            lambda one: [
                *map(Number, (one.asked, one.answered)),
                Share(one.answered, one.asked),
                *_spread(one.after),
            ],
        ),
        plotted="Share answered",
        units={"Share answered": SHARE, "Half within": SECONDS, "95 in 100 within": SECONDS},
    )


def _delays(weeks: Sequence[Week], found: Mapping[int, Delays]) -> Report:
    return Report(
        key="delays",
        title="From due to sent",
        counted="Reminders that left, by the week in which their message was made: from when the plan wanted them to"
        " leave until a provider took them over. Waiting for a permitted hour is part of the plan, waiting for an"
        " outage to end is not.",
        of=WEEK,
        columns=("Sent", "Half within", "95 in 100 within"),
        rows=_rows(weeks, found, Delays(), lambda one: [Number(one.sent), *_spread(one.after)]),
        plotted="95 in 100 within",
        units={"Half within": SECONDS, "95 in 100 within": SECONDS},
    )


def _replies(weeks: Sequence[Week], found: Mapping[int, Replies]) -> Report:
    return Report(
        key="replies",
        title="Replies understood without a person",
        counted="Texts from patients that were read, by the week in which they arrived. Without a person: the rules"
        " understood it, nobody corrected the reading, and it opened no task. Some replies need a person although they"
        " are understood well, such as a wish for a call.",
        of=WEEK,
        columns=("Replies", "Not understood", "Corrected", "Without a person", "Share without a person"),
        rows=_rows(
            weeks,
            found,
            Replies(),
            lambda one: [*map(Number, (one.read, one.unclear, one.corrected, one.alone)), Share(one.alone, one.read)],
        ),
        plotted="Share without a person",
        units={"Share without a person": SHARE},
    )


def _rows(
    weeks: Sequence[Week], found: Mapping[int, Counted], nothing: Counted, cells: Callable[[Counted], Iterable[Cell]]
) -> list[Row]:
    return [Row(week.monday.isoformat(), list(cells(found.get(place, nothing)))) for place, week in enumerate(weeks)]


def _spread(found: Spread | None) -> tuple[Span, Span]:
    return (Span(None), Span(None)) if found is None else (Span(found.p50), Span(found.p95))
