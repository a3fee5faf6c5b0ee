"""Binding: which visits a reply means. Where that is not sure it means none, and a person asks (requirement 42)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.conversation.thread import OpenQuestion, Thread

SOON = timedelta(days=7)
"""How far ahead a reply reaches that answers no open question (replies, section 4)."""
BEFORE_A_VISIT = frozenset({QuestionKind.CONFIRM, QuestionKind.RIDE})


@dataclass(frozen=True, slots=True)
class Bound:
    """The visits that are meant as they are now, and those that were meant and have moved since we asked."""

    visits: tuple[Appointment, ...] = ()
    moved: tuple[Appointment, ...] = ()


def bind(thread: Thread, kind: QuestionKind, now: datetime) -> Bound:
    """Return what an answer to a question of this kind is about.

    That question's own visits, where the last message asked nothing about other ones; else what the last message asked
    about; with no question at all the one visit within a week.
    """
    if thread.is_shared:
        return Bound()
    asked = thread.question(kind)
    named = [item for item in thread.last if item.kind in BEFORE_A_VISIT]
    if asked is None:
        return _of(thread, named) if named else _the_only_one(thread, thread.soon(now, SOON))
    beside = [item for item in named if item.kind is not kind]
    if asked not in thread.last and any(not item.appointment_ids & asked.appointment_ids for item in beside):
        # The last message spoke of one visit, the word answers an older message about another: only they can say.
        return Bound()
    return _of(thread, [asked])


def _of(thread: Thread, questions: list[OpenQuestion]) -> Bound:
    visits = {item.id: item for question in questions for item in thread.current(question)}
    moved = {item.id: item for question in questions for item in thread.moved(question) if item.id not in visits}
    return Bound(tuple(visits.values()), tuple(moved.values()))


def _the_only_one(thread: Thread, visits: Sequence[Appointment]) -> Bound:
    """Return the visit that can be meant without a question, if it is one; whose time is news to them, has moved."""
    if len(visits) != 1:
        return Bound()
    return Bound(moved=tuple(visits)) if visits[0].id in thread.unheard else Bound(tuple(visits))


def about(thread: Thread, now: datetime) -> tuple[Appointment, ...]:
    """Return the visits that staff should see beside a reply: what was asked last, today's, or the only one there is.

    Here a visit that moved counts too: this confirms nothing.
    """
    if thread.is_shared:
        return ()
    for question in thread.questions:
        if question.kind in BEFORE_A_VISIT:
            asked = tuple(item for item in thread.upcoming if item.id in question.appointment_ids)
            if asked:
                return asked
    today = thread.today(now)
    if today is not None:
        return (today,)
    return thread.upcoming if len(thread.upcoming) == 1 else ()


def for_a_ride(thread: Thread, now: datetime) -> Bound:
    """Return the visits whose ride is meant: as asked, else today's, even under way, else the only one to come."""
    bound = bind(thread, QuestionKind.RIDE, now)
    if bound.visits or bound.moved or thread.is_shared:
        return bound
    today = thread.today(now)
    if today is not None and today.status.is_coming:
        return Bound((today,))
    return bound if thread.last else _the_only_one(thread, thread.upcoming)


def of_check_in(thread: Thread) -> tuple[OpenQuestion | None, Appointment | None]:
    """Return the open check-in and its session; without one the newest session that took place or began.

    That only where this phone has one patient: a number that nobody asked for does not tell whose it is.
    """
    question = thread.question(QuestionKind.CHECK_IN)
    began = [item for item in thread.past if not item.status.is_off]
    if question is None:
        return None, began[0] if began and len(thread.patients) == 1 else None
    return question, next((item for item in began if item.id in question.appointment_ids), None)
