"""Rules about a visit: whether the patient comes, when, and who takes them home. Attendance and ride are two facts."""

from __future__ import annotations

from collections.abc import Iterator

from reminders.core.cadences import QuestionKind
from reminders.core.conversation.actions import Action, Confirm, Note, RecordRide, Say, TakeBack
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.binding import BEFORE_A_VISIT, about, bind, for_a_ride
from reminders.core.conversation.preferred_times import preferred_times
from reminders.core.conversation.scene import Scene
from reminders.core.ids import AppointmentId
from reminders.core.replies import Intent
from reminders.core.rides import ride_after
from reminders.core.tasks import Doubt, TaskKind
from reminders.core.transport import RidePolicy, RideState

CONTRADICTS = (Intent.DECLINE, Intent.WRONG_NUMBER, Intent.DECEASED)
"""Beside one of these a yes is no yes."""
ANSWER_TO_RIDE = {
    RideState.ARRANGED: AnswerKind.RIDE_NOTED,
    RideState.NEEDED: AnswerKind.RIDE_NEEDED,
    RideState.HIRED: AnswerKind.HIRED,
    RideState.SELF: AnswerKind.SELF_DRIVE,
}
TASK_OF_RIDE = {RideState.SELF: TaskKind.SELF_DRIVE}


def confirm(scene: Scene) -> Iterator[Action]:
    """A yes counts for what was asked and did not move; for what moved the new time is asked."""
    if scene.says(*CONTRADICTS):
        return
    bound = bind(scene.thread, QuestionKind.CONFIRM, scene.now)
    if bound.visits:
        yield from (Confirm(item.id, item.version) for item in bound.visits)
        yield Say(AnswerKind.CONFIRMED, bound.visits)
    if bound.moved:
        asked_again = Say(AnswerKind.MOVED, bound.moved, QuestionKind.CONFIRM)
        yield Note("asked about an earlier time; the new one is not confirmed")
        yield asked_again if scene.may_say(AnswerKind.MOVED) else scene.unread(Doubt.MOVED)
    if not bound.visits and not bound.moved:
        yield Note("confirmed already") if _is_confirmed(scene) else scene.unread(_unbound(scene, is_yes=True))


def _unbound(scene: Scene, *, is_yes: bool = False) -> Doubt:
    """Say why a reply is about no session for sure."""
    thread = scene.thread
    if thread.is_shared:
        return Doubt.SEVERAL_PATIENTS
    asked = {key for item in thread.questions if item.kind in BEFORE_A_VISIT for key in item.appointment_ids}
    today = thread.today(scene.now)
    has_begun = (today is not None and today.starts_at <= scene.now) or any(item.id in asked for item in thread.past)
    if is_yes and has_begun:
        return Doubt.CONFIRMED_LATE
    if not thread.upcoming:
        return Doubt.NO_SESSION
    if asked and not any(item.id in asked for item in thread.upcoming):
        return Doubt.SESSION_GONE
    return Doubt.SEVERAL_SESSIONS if len(thread.upcoming) > 1 or asked else Doubt.FAR_AHEAD


def _is_confirmed(scene: Scene) -> bool:
    thread = scene.thread
    is_asked = any(item.kind is QuestionKind.CONFIRM for item in thread.questions)
    return (
        not thread.is_shared
        and not is_asked
        and bool(thread.upcoming)
        and all(item.is_confirmed for item in thread.upcoming)
    )


def decline(scene: Scene) -> Iterator[Action]:
    """Staff phone; the schedule stays as it is. An earlier yes no longer holds."""
    visits = about(scene.thread, scene.now)
    if not scene.thread.upcoming and not visits:
        yield scene.unread(Doubt.NO_SESSION)
        return
    if len(visits) == 1:
        yield from (TakeBack(item.id, item.version) for item in visits if item.is_confirmed)
    yield scene.task(TaskKind.DECLINED, visits=visits, note=preferred_times(scene.heard.body))
    yield Say(AnswerKind.DECLINED, visits)


def reschedule(scene: Scene) -> Iterator[Action]:
    """Staff offer another time, the words that name one before them; nothing is moved by a text."""
    visits = about(scene.thread, scene.now)
    yield scene.task(TaskKind.RESCHEDULE, visits=visits, note=preferred_times(scene.heard.body))
    yield Say(AnswerKind.RESCHEDULE, visits)


def late(scene: Scene) -> Iterator[Action]:
    """On the day of the session staff hear of it at once; on another day it means something else."""
    yield from _on_the_day(scene)


def arrived(scene: Scene) -> Iterator[Action]:
    """Treated like a late arrival: somebody should go and look."""
    yield from _on_the_day(scene)


def _on_the_day(scene: Scene) -> Iterator[Action]:
    today = None if scene.thread.is_shared else scene.thread.today(scene.now)
    if today is None or not today.status.is_coming:
        yield scene.unread(Doubt.SEVERAL_PATIENTS if scene.thread.is_shared else Doubt.NOT_TODAY)
        return
    yield scene.task(TaskKind.RUNNING_LATE, visits=[today])
    yield Say(AnswerKind.LATE)


def ride(scene: Scene) -> Iterator[Action]:
    """Record the worst that was said of the ride; what cannot be tied to a visit, or to its time, goes to a person."""
    thread, intents = scene.thread, scene.heard.interpretation.intents
    bound = for_a_ride(thread, scene.now)
    states = {item.id: _state(scene, item.id) for item in (*bound.visits, *bound.moved)}
    # A ride that was found for an earlier time may not suit the new one; one that is missing is missing all the same.
    fitting = [item for item in bound.moved if states[item.id] is not RideState.ARRANGED]
    for state in RideState:
        visits = tuple(item for item in (*bound.visits, *fitting) if states[item.id] is state)
        if visits:
            yield RecordRide(visits, state)
            yield Say(ANSWER_TO_RIDE[state])
    if len(fitting) < len(bound.moved):
        yield scene.unread(Doubt.RIDE_FOR_EARLIER, visits=bound.moved)
    if not states:
        state = ride_after(intents, RidePolicy.ADULT_PRESENT) or RideState.NEEDED
        is_found = state is RideState.ARRANGED
        yield scene.unread(_unbound(scene)) if is_found else scene.task(TASK_OF_RIDE.get(state, TaskKind.RIDE_WANTED))


def _state(scene: Scene, key: AppointmentId) -> RideState | None:
    policy = scene.thread.policies.get(key, RidePolicy.ADULT_PRESENT)
    return ride_after(scene.heard.interpretation.intents, policy)
