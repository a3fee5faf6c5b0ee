"""The check-ins of a patient as their page shows them: one plot a series, and a table with every value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import MOST, CheckIn, in_words
from reminders.core.timeline.history import PastQuestion
from reminders.services.read_patient import PatientReading
from reminders.web.console.score_plot import Asked, Plot, Series, plot
from reminders.web.console.times import Times, When


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One check-in of the table under the plot."""

    at: When
    session: When | None
    score: str
    change: str
    words: str


@dataclass(frozen=True, slots=True)
class Scores:
    """One series: its plot and the exact values."""

    title: str
    plot: Plot | None
    rows: Sequence[ScoreRow]


@dataclass(frozen=True, slots=True)
class _Given:
    """A check-in that left or was answered, by series."""

    series: str | None
    at: datetime
    score: int | None
    words: str
    session: Appointment | None
    change: str


def scores(found: PatientReading) -> Iterator[Scores]:
    """Yield each series, the newest first."""
    grouped: dict[str | None, list[_Given]] = {}
    for item in sorted(_given(found), key=lambda item: item.at):
        grouped.setdefault(item.series, []).append(item)
    newest_first = sorted(grouped.items(), key=lambda pair: pair[1][-1].at, reverse=True)
    for series, items in newest_first:
        name = f"Series {series}" if series is not None else "Sessions without a series"
        yield Scores(name, _plot(found, series, items), [_score_row(item, Times(found.clinic.clock)) for item in items])


def _given(found: PatientReading) -> Iterator[_Given]:
    for item, change in found.answers:
        told = "the first score" if change.change is None else f"{in_words(change.change)} {change.baseline}"
        session = found.booked.get(item.appointment_id)
        told = told if item.score is not None else ""
        yield _Given(item.series_id, item.answered_at, item.score, item.words, session, told)
    for gap, left_at in _silences(found):
        session = found.booked.get(gap.appointment_id)
        series = session.booking.series_id if session is not None else None
        words = "no answer yet" if gap.expires_at > found.account.now else "no answer"
        yield _Given(series, left_at, None, words, session, "")


def _silences(found: PatientReading) -> Iterator[tuple[PastQuestion, datetime]]:
    """Yield the check-ins that left and were not answered, those too that a later answer closed."""
    past = found.account.past
    left = {item.id: item.left_at for item in past.messages}
    for question in past.questions:
        at = left.get(question.message_id)
        if question.kind is QuestionKind.CHECK_IN and at is not None and not _is_answered(past.check_ins, question, at):
            yield question, at


def _is_answered(answers: Sequence[CheckIn], question: PastQuestion, left_at: datetime) -> bool:
    mine = [item for item in answers if item.appointment_id == question.appointment_id]
    return any(item.asked_at == left_at or left_at <= item.answered_at <= question.expires_at for item in mine)


def _plot(found: PatientReading, series: str | None, items: Sequence[_Given]) -> Plot | None:
    starts = sorted({item.session.starts_at for item in items if item.session is not None})
    first = next((item.score for item in items if item.score is not None), None)
    asked = [Asked(item.at, item.score, item.words or "words without a number") for item in items]
    baseline = first if series is not None else None
    return plot(Series(asked, starts, baseline, found.clinic.check_in.thresholds), found.clinic.clock)


def _score_row(item: _Given, times: Times) -> ScoreRow:
    session = None
    if item.session is not None:
        session = times.moment(item.session.starts_at, times.in_zone(item.session.booking.tz))
    score = f"{item.score} of {MOST}" if item.score is not None else "–"
    return ScoreRow(times.dated(item.at), session, score, item.change, item.words)
