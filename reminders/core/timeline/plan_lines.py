"""Plan lines: versions of appointments, what patients answered to them, and the planned touches with their rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby, pairwise
from operator import attrgetter
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.conditions import Case, Telling, case_of
from reminders.core.escorts import EscortWord
from reminders.core.ids import AppointmentId, MessageId, ReminderId
from reminders.core.instants import iso
from reminders.core.labels import CHANNELS, MESSAGE_STATES, REASON_SENTENCES, REMINDER_STATES, title
from reminders.core.patients import Recipient
from reminders.core.planning import by_rule
from reminders.core.timeline.events import Event, EventKind, Surroundings
from reminders.core.timeline.history import History, PastMessage, PastReminder, PastVersion
from reminders.core.timeline.rules import explain
from reminders.core.transport import RideState
from reminders.core.windows import local_day

NO_RIDE: Mapping[RideState | None, str] = {
    RideState.NEEDED: "No ride home",
    RideState.HIRED: "Only a hired car home, which the clinic does not accept as it was said",
    RideState.SELF: "Patient means to drive home",
}
"""What was said of a ride that is not arranged."""


def session_lines(history: History, scene: Surroundings) -> Iterator[Event]:
    """Yield each version of each appointment, its recorded end, its confirmation and its ride."""
    by_appointment = sorted(history.versions, key=lambda said: (str(said.appointment_id), said.version))
    for key, group in groupby(by_appointment, key=attrgetter("appointment_id")):
        versions, appointment = list(group), scene.booked[key]
        yield _version_line(None, versions[0], appointment, scene)
        for before, said in pairwise(versions):
            yield _version_line(before, said, appointment, scene)
        yield from _end(appointment, scene)
        yield from _answers(appointment, versions, history, scene)


def _version_line(
    before: PastVersion | None, said: PastVersion, appointment: Appointment, scene: Surroundings
) -> Event:
    answers = (("confirmation", appointment.confirmed_version), ("ride", appointment.ride_version))
    is_over = before is None or said.status in OUTCOMES  # they served their purpose
    ends = [] if is_over else [word for word, version in answers if version == said.version - 1]
    ended = f" The {' and the '.join(ends)} of version {said.version - 1} no longer count." if ends else ""
    return Event(
        at=said.versioned_at,
        kind=EventKind.SESSION,
        what=_change(before, said, scene),
        why=f"The schedule says so.{ended.replace(' count.', ' counts.') if len(ends) == 1 else ended}",
        state=f"version {said.version}" + (", the present one" if said.version == appointment.version else ""),
        appointment_id=said.appointment_id,
        version=said.version,
        facts={"starts_at": iso(said.starts_at), "status": said.status, "type": said.appointment_type},
    )


def _end(appointment: Appointment, scene: Surroundings) -> Iterator[Event]:
    if appointment.ended_at is not None:
        yield Event(
            at=appointment.ended_at,
            kind=EventKind.SESSION,
            what=f"Ended at {scene.tell(appointment.ended_at)}, as staff recorded",
            why=f"Recorded by {appointment.ended_by or 'nobody named'}; check-ins count from here.",
            appointment_id=appointment.id,
            version=appointment.version,
            facts={"ended_at": iso(appointment.ended_at), "ended_by": appointment.ended_by},
        )


OUTCOMES = frozenset({AppointmentStatus.ARRIVED, AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW})
"""What is marked at a session or after it: the same session, though marking it makes a new version."""
MARKED: Mapping[AppointmentStatus, str] = {
    AppointmentStatus.BOOKED: "Session booked again",
    AppointmentStatus.ARRIVED: "Session marked: patient arrived",
    AppointmentStatus.FULFILLED: "Session marked: took place",
    AppointmentStatus.CANCELLED: "Session cancelled",
    AppointmentStatus.NOSHOW: "Session marked: patient did not come",
}


def _change(before: PastVersion | None, said: PastVersion, scene: Surroundings) -> str:
    start = scene.tell(said.starts_at)
    if before is None:
        booked = said.status is AppointmentStatus.BOOKED
        return f"Session booked for {start}" if booked else f"{MARKED[said.status]}, {start}"
    if before.status is not said.status:
        return f"{MARKED[said.status]}, {start}"
    if before.starts_at != said.starts_at:
        return f"Session moved from {scene.tell(before.starts_at)} to {start}"
    if before.appointment_type != said.appointment_type:
        return f"Session is now {said.appointment_type}, was {before.appointment_type}"
    return "Session passed to this patient"


def _answers(
    appointment: Appointment, versions: list[PastVersion], history: History, scene: Surroundings
) -> Iterator[Event]:
    """Yield the confirmation and the ride with the version they were given for."""
    known = {said.version: said.versioned_at for said in versions}
    confirmed, ride = appointment.confirmed_version, appointment.ride_version
    if confirmed is not None:
        at = versions[-1].confirmed_at or known.get(confirmed, appointment.versioned_at)
        line = Event(at, EventKind.CONFIRMATION, "Confirmed by the patient", version=confirmed)
        yield _answer(line, appointment, versions, scene)
    if ride is not None:
        at = _answered_at(appointment, ride, QuestionKind.RIDE, history) or known.get(ride, appointment.versioned_at)
        line = Event(at, EventKind.RIDE, "Ride home arranged", version=ride)
        yield _answer(line, appointment, versions, scene)
    said = appointment.ride_state_version
    if appointment.ride_state in NO_RIDE and said is not None:
        at = _answered_at(appointment, said, QuestionKind.RIDE, history) or known.get(said, appointment.versioned_at)
        line = Event(at, EventKind.RIDE, NO_RIDE[appointment.ride_state], version=said)
        yield _answer(line, appointment, versions, scene)


def _answered_at(appointment: Appointment, version: int, kind: QuestionKind, history: History) -> datetime | None:
    about = (appointment.id, version, kind)
    answered = (item for item in history.questions if (item.appointment_id, item.version, item.kind) == about)
    return next((item.answered_at for item in answered if item.answered_at is not None), None)


def _answer(line: Event, appointment: Appointment, versions: list[PastVersion], scene: Surroundings) -> Event:
    """Say of a confirmation or a ride whether it still counts (requirement 2)."""
    holds = line.version == appointment.version
    later = [said for said in versions if said.version > (line.version or 0)]
    is_over = bool(later) and all(said.status in OUTCOMES for said in later)
    given_for = f"It was given for version {line.version}; the session is now version {appointment.version}."
    return replace(
        line,
        what=line.what + scene.of_version(appointment.id, line.version),
        why="" if holds or is_over else given_for,
        state="holds" if holds else "held" if is_over else "no longer counts",
        appointment_id=appointment.id,
        facts={"holds": holds},
    )


Cases = Mapping[tuple[AppointmentId, int], Case]


def cases_of(history: History, scene: Surroundings) -> Cases:
    """Return the surroundings of every version that has reminders, as the rules are now."""
    said = {(item.appointment_id, item.version): item for item in history.versions}
    keys = {(item.reminder.appointment_id, item.reminder.version) for item in history.reminders}
    found = ((key, _case(scene, key[0], said.get(key))) for key in keys)
    return {key: case for key, case in found if case is not None}


def days_that_matter(history: History, cases: Cases) -> frozenset[date]:
    """Return the days of sessions, and those on which reminders fall by their own rules: closing one moves them."""
    days = {item.starts_at.astimezone(ZoneInfo(item.timezone)).date() for item in history.versions}
    for item in history.reminders:
        case = cases.get((item.reminder.appointment_id, item.reminder.version))
        step = case.cadence.step(item.reminder.step) if case is not None else None
        if case is not None and step is not None:
            days.add(local_day(by_rule(step, case), case.tz))
    return frozenset(days)


def reminder_lines(history: History, scene: Surroundings, cases: Cases) -> Iterator[Event]:
    """Yield each planned touch: when it is or was due, by which rule, and what became of it."""
    by_id = {item.reminder.id: item for item in history.reminders}
    messages = {item.id: item for item in history.messages}
    first_due: dict[MessageId, datetime] = {}
    for item in history.reminders:
        if item.message_id is not None:
            due = item.reminder.due_at
            first_due[item.message_id] = min(due, first_due.get(item.message_id, due))
    for item in history.reminders:
        held = item.reminder
        case = cases.get((held.appointment_id, held.version))
        message = messages.get(item.message_id) if item.message_id is not None else None
        at = first_due[message.id] if message is not None else _stands_at(item)
        yield _reminder_line(item, case, at=at, state=_reminder_state(item, by_id, message, scene), scene=scene)


def _stands_at(item: PastReminder) -> datetime:
    """Return where a reminder stands in time: what waits at its due time, what ended where it ended."""
    is_waiting = item.reminder.planned.state.is_waiting
    return item.reminder.due_at if is_waiting else item.changed_at


def _case(scene: Surroundings, appointment_id: AppointmentId, said: PastVersion | None) -> Case | None:
    """Return the surroundings of one version as the rules are now; of an old one with what it said then."""
    appointment = scene.booked.get(appointment_id)
    if appointment is None or scene.patient is None:
        return None
    if said is not None and said.version != appointment.version:
        booking = replace(
            appointment.booking,
            starts_at=said.starts_at,
            timezone=said.timezone,
            appointment_type=said.appointment_type,
            status=said.status,
        )
        appointment = replace(appointment, booking=booking, version=said.version, versioned_at=said.versioned_at)
    return case_of(
        appointment,
        scene.patient,
        scene.clinic,
        siblings=[other for key, other in scene.booked.items() if key != appointment_id],
        telling=Telling(),
        now=scene.now,
        pauses=scene.pauses,
        escort=scene.escorts.get(appointment_id, EscortWord.SILENT),
    )


def _reminder_line(item: PastReminder, case: Case | None, *, at: datetime, state: str, scene: Surroundings) -> Event:
    held, planned = item.reminder, item.reminder.planned
    step = case.cadence.step(held.step) if case is not None else None
    found = explain(step, case, planned, scene.language) if case is not None and step is not None else None
    lost = "The session is another patient's now." if case is None else "The cadence no longer has this step."
    rule = found.words if found is not None else lost
    is_tied = item.message_id is not None
    if planned.reason is not None and not is_tied:
        stood = f": {found.stands}." if found is not None else "."
        why = f"{REASON_SENTENCES[planned.reason]} It was due {scene.tell(planned.due_at)}{stood}"
    elif is_tied or found is None:
        why = rule
    else:
        why = f"{rule} Of use until {scene.tell(planned.expires_at)}, {found.useful_until}."
    to = " to the escort" if planned.key.recipient is Recipient.ESCORT else ""
    return Event(
        at=at,
        kind=EventKind.REMINDER,
        what=f"{title(held.step)}, {CHANNELS[planned.key.channel]}{to}"
        + scene.of_version(held.appointment_id, held.version),
        why=why,
        state=state,
        appointment_id=held.appointment_id,
        message_id=item.message_id,
        version=held.version,
        facts={
            "step": held.step,
            "recipient": planned.key.recipient,
            "channel": planned.key.channel,
            "due_at": iso(planned.due_at),
            "expires_at": iso(planned.expires_at),
            "state": planned.state,
            "reason": planned.reason,
            "rule": found.rule if found is not None else None,
            "shift": found.shift if found is not None else None,
            "useful_until": found.useful_until if found is not None else None,
            "differs": found.differs if found is not None else None,
        },
    )


def _reminder_state(
    item: PastReminder, by_id: Mapping[ReminderId, PastReminder], message: PastMessage | None, scene: Surroundings
) -> str:
    leader = by_id.get(item.merged_into) if item.merged_into is not None else None
    if leader is not None:
        other = scene.of_session(leader.reminder.appointment_id, beside=item.reminder.appointment_id)
        return f"goes with '{title(leader.reminder.step)}'{other}"
    if message is not None:
        return f"{CHANNELS[message.channel]} {MESSAGE_STATES[message.state]}"
    return REMINDER_STATES[item.reminder.planned.state]
