"""What a rule of the conversation sees: the text, the thread, the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.conversation.actions import Action, OpenTask
from reminders.core.conversation.answers import MOST_ANSWERS, AnswerKind
from reminders.core.conversation.binding import about
from reminders.core.conversation.thread import Thread
from reminders.core.conversation.understanding import Heard
from reminders.core.opt_out_words import forbids_any_answer
from reminders.core.replies import Intent
from reminders.core.tasks import USUAL_URGENCY, Doubt, TaskKind, Urgency

URGENT = timedelta(hours=24)
BEFORE_A_SESSION = frozenset(
    {
        TaskKind.REPLY_UNCLEAR,
        TaskKind.RESCHEDULE,
        TaskKind.DECLINED,
        TaskKind.QUESTION,
        TaskKind.CALL_WANTED,
        TaskKind.PHONE_PATIENT,
    }
)
"""What cannot wait when the session is near."""
ENDS_ANSWERS = frozenset({Intent.OPT_OUT, Intent.DECEASED, Intent.WRONG_NUMBER, Intent.REACTION, Intent.AUTO_REPLY})
"""After these only numbers for an emergency, or the one confirmation of an opt-out, may leave."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One text in its thread, at a moment."""

    heard: Heard
    thread: Thread
    now: datetime

    def says(self, *intents: Intent) -> bool:
        """Say whether the text says any of these."""
        return any(self.heard.interpretation.has(intent) for intent in intents)

    @property
    def is_stranger(self) -> bool:
        """Say whether this number belongs to no patient."""
        return not self.thread.patients

    def may_say(self, kind: AnswerKind) -> bool:
        """Say whether an answer of this kind may leave to who wrote this.

        Numbers for an emergency go to everybody who has not opted out, also to who wants no answer. What only stands on
        the page that somebody has open is no message, so that no opt-out forbids it.
        """
        if kind is AnswerKind.OPT_OUT_CONFIRMED:
            return True
        if self.thread.is_page:
            return kind is AnswerKind.CRISIS or not self.says(*ENDS_ANSWERS)
        if self.thread.is_opted_out or self.says(Intent.OPT_OUT, Intent.WRONG_NUMBER):
            return False
        is_unwanted = self.says(*ENDS_ANSWERS) or forbids_any_answer(self.heard.body)
        return kind is AnswerKind.CRISIS or not (is_unwanted or self.has_had_enough)

    @property
    def has_had_enough(self) -> bool:
        """Say whether this phone was answered often enough in the last hour."""
        return self.thread.answers_last_hour >= MOST_ANSWERS

    def task(
        self,
        kind: TaskKind,
        *,
        visits: Sequence[Appointment] | None = None,
        urgency: Urgency | None = None,
        note: str = "",
        doubt: Doubt | None = None,
    ) -> OpenTask:
        """Return a task about this text, with the visit and the patient only where they are sure.

        Without `visits` it shows what was asked last. Which day of a run somebody means, only they can say.
        """
        shown = about(self.thread, self.now) if visits is None else tuple(visits)
        people = {item.patient_id for item in shown}
        patient = people.pop() if len(people) == 1 else self.thread.owner
        is_near = kind in BEFORE_A_SESSION and any(self._is_near(item) for item in shown)
        only = shown[0].id if len(shown) == 1 else None
        found = urgency or (Urgency.HIGH if is_near else USUAL_URGENCY[kind])
        return OpenTask(kind, found, only, patient, note, doubt)

    def unread(self, doubt: Doubt, *, visits: Sequence[Appointment] | None = None) -> OpenTask:
        """Return the task to read this text, with what stands between it and what might follow from it."""
        return self.task(TaskKind.REPLY_UNCLEAR, visits=visits, doubt=doubt)

    def _is_near(self, item: Appointment) -> bool:
        return self.now - URGENT < item.starts_at <= self.now + URGENT


Rule = Callable[[Scene], Iterable[Action]]
