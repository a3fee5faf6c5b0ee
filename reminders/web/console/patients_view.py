"""What the page of a patient shows: who they are, what happened and why, what will be sent, and what staff may do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reminders.core.appointments import Appointment
from reminders.core.cadences import Cadence
from reminders.core.consent import BY_STAFF
from reminders.core.ids import AppointmentId
from reminders.core.labels import CHANNELS, REASONS, RIDES, title
from reminders.core.overrides import in_words as override_words
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.pauses import Pause, PauseKind
from reminders.core.permissions import ClosedAddress
from reminders.core.staff import Actor, Right
from reminders.core.texts import RIDE_RULES
from reminders.core.timeline.events import Event, EventKind
from reminders.core.transport import RideState
from reminders.core.upcoming import Upcoming
from reminders.core.windows import local_day
from reminders.core.wording import StaffClock
from reminders.services.read_patient import PatientReading
from reminders.services.search_patients import Listed, Search
from reminders.web.console.labels import STATUSES
from reminders.web.console.scores_view import Scores, scores
from reminders.web.console.times import Times, When

LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Spanish"}
STAFF_LANGUAGE = "en"
MOST_EVENTS = 200
HEARD_BY: Sequence[tuple[str, str]] = tuple((item.value, item.value.replace("_", " ")) for item in BY_STAFF)
RIDE_CHOICES: Sequence[tuple[str, str]] = (
    (RideState.ARRANGED, "is arranged"),
    (RideState.NEEDED, "they need one"),
    (RideState.HIRED, "a hired car that we do not accept"),
    (RideState.SELF, "they want to drive"),
)


class Lines(StrEnum):
    """Which lines of the timeline are shown."""

    ALL = "all"
    MESSAGES = "messages"
    REPLIES = "replies"


OF_LINES: Mapping[Lines, frozenset[EventKind]] = {
    Lines.ALL: frozenset(EventKind),
    Lines.MESSAGES: frozenset({EventKind.REMINDER, EventKind.MESSAGE, EventKind.ATTEMPT, EventKind.RECEIPT}),
    Lines.REPLIES: frozenset(
        {EventKind.REPLY, EventKind.CHECK_IN, EventKind.CONFIRMATION, EventKind.RIDE, EventKind.QUESTION}
    ),
}
LINE_WORDS: Mapping[Lines, str] = {Lines.ALL: "All", Lines.MESSAGES: "Messages", Lines.REPLIES: "Replies"}


@dataclass(frozen=True, slots=True)
class Row:
    """A patient in the list."""

    key: str
    name: str
    external_id: str
    clinic: str
    next_at: When | None


@dataclass(frozen=True, slots=True)
class Door:
    """A channel: its address, and why it is closed where it is."""

    channel: str
    address: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline."""

    at: When
    what: str
    state: str
    why: str
    text: str
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Coming:
    """A message to come, in the words in which it would leave now."""

    at: When
    what: str
    to: str
    about: When
    subject: str
    body: str
    note: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session to come, with what is known of its ride home. `version` is what a form about it is good for."""

    key: str
    version: int
    when: When
    status: str
    tone: str
    number: str
    answer: str
    ride: str
    rule: str
    escort: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause that holds."""

    kind: str
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class StepChoice:
    """A step of the clinic's that staff may switch for this patient."""

    key: str
    words: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class View:
    """The whole page."""

    key: str
    name: str
    external_id: str
    facts: Sequence[str]
    doors: Sequence[Door]
    next: str
    holds: Sequence[Hold]
    is_held: bool
    series: Sequence[str]
    sessions: Sequence[Session]
    ride_choices: Sequence[tuple[str, str]]
    coming: Sequence[Coming]
    lines: Sequence[Line]
    more: int
    scores: Sequence[Scores]
    choices: Sequence[Line]
    heard_by: Sequence[tuple[str, str]]
    today: str
    escorts: Sequence[str]
    changed: Sequence[str]
    changed_why: str
    steps: Sequence[StepChoice]
    channels: str
    may_work: bool


def rows(found: Search, times: Times) -> list[Row]:
    """Return the list of patients."""
    return [_row(item, times, has_clinic=found.has_several_clinics) for item in found.listed]


def _local(item: Listed) -> StaffClock:
    return StaffClock(ZoneInfo(item.timezone), item.clinic.language)


def _row(item: Listed, times: Times, *, has_clinic: bool) -> Row:
    at = None if item.next_at is None else times.moment(item.next_at, _local(item))
    clinic = item.clinic.sender if has_clinic else ""
    return Row(str(item.found.id), item.found.name, item.found.external_id, clinic, at)


def view(found: PatientReading, who: Actor, lines: Lines) -> View:
    """Return the page of one patient."""
    account, clinic, patient = found.account, found.clinic, found.patient
    times, now = Times(clinic.clock), account.now
    coming = [item for item in account.booked.values() if item.status.is_coming and item.starts_at > now]
    ahead = sorted(coming, key=lambda item: item.starts_at)
    events = [item for item in reversed(account.events) if item.kind in OF_LINES[lines]]
    override = account.past.overrides[-1] if account.past.overrides else None
    pauses = [item for item in account.past.pauses if item.ended_at is None and item.kind is not PauseKind.DAY]
    return View(
        key=str(patient.id),
        name=patient.record.name,
        external_id=patient.record.external_id,
        facts=list(_facts(found, ahead, times)),
        doors=[_door(patient, channel, found.closed, account.pauses.patients) for channel in Channel],
        next=account.outlook.what,
        holds=[_hold(item, times) for item in pauses],
        is_held=patient.id in account.pauses.patients,
        series=sorted(
            {item.booking.series_id for item in ahead if item.booking.series_id is not None} - account.pauses.series
        ),
        sessions=[_session(item, found, times) for item in ahead],
        ride_choices=RIDE_CHOICES,
        coming=[_coming(item, patient, times) for item in found.coming] if not _is_silent(found) else [],
        lines=[_line(item, times, now) for item in events[:MOST_EVENTS]],
        more=max(0, len(events) - MOST_EVENTS),
        scores=list(scores(found)),
        choices=[
            Line(times.dated(item.recorded_at), item.what, "", f"{item.source} {item.recorded_by}", item.words)
            for item in found.choices
        ],
        heard_by=HEARD_BY,
        today=local_day(now, clinic.tz).isoformat(),
        escorts=sorted(found.willing),
        changed=override_words(override.document) if override is not None else [],
        changed_why=f"{override.reason} ({override.made_by})" if override is not None else "",
        steps=_steps(_cadence(found, ahead)),
        channels=",".join(patient.override.channels),
        may_work=who.may(Right.WORK, clinic.id),
    )


def _is_silent(found: PatientReading) -> bool:
    return found.patient.id in found.account.pauses.patients


def _facts(found: PatientReading, ahead: Sequence[Appointment], times: Times) -> Iterator[str]:
    record, clinic = found.patient.record, found.clinic
    yield clinic.sender
    yield f"reads {LANGUAGES.get(record.language, record.language)}"
    yield f"lives in {record.timezone}" if record.timezone else f"zone of the clinic, {clinic.timezone}"
    if ahead:
        first = ahead[0]
        yield Markup("next session {}").format(times.moment(first.starts_at, times.in_zone(first.booking.tz)))
        number = _number(first, found.booked)
        if number:
            yield number
    else:
        yield "no session to come"


def _number(item: Appointment, booked: Mapping[AppointmentId, Appointment]) -> str:
    series = item.booking.series_id
    if series is None:
        return ""
    every = [one for one in booked.values() if one.booking.series_id == series and not one.status.is_off]
    numbers = [one.booking.series_number for one in every if one.booking.series_number is not None]
    number = item.booking.series_number
    if number is None:
        return f"series {series}"
    return f"session {number} of {max(len(every), *numbers)}"


def _door(patient: Patient, channel: Channel, closed: Sequence[ClosedAddress], held: Collection[object]) -> Door:
    address, record = patient.record.address(channel), patient.record
    name = CHANNELS[channel].capitalize()
    if not address:
        return Door(name, "", "closed: no address", "wait")
    opted_out = next((item for item in closed if item.channel is channel and item.address == address), None)
    if opted_out is not None:
        return Door(name, address, f"closed: opted out by {opted_out.opted_out_by.replace('_', ' ')}", "bad")
    if channel in patient.faulty:
        return Door(name, address, "closed: the address does not work", "bad")
    if channel in patient.closed:
        return Door(name, address, "closed", "bad")
    if not record.has_consent(channel):
        return Door(name, address, "closed: no consent in the schedule", "wait")
    return Door(name, address, "on hold", "wait") if patient.id in held else Door(name, address, "open", "good")


def _hold(item: Pause, times: Times) -> Hold:
    what = "Everything" if item.kind is PauseKind.PATIENT else f"Series {item.subject}"
    since = times.dated(item.made_at)
    words = Markup("{} is on hold since {}: {} ({})").format(what, since, item.reason, item.made_by)
    return Hold(item.kind, item.subject, words)


def _session(item: Appointment, found: PatientReading, times: Times) -> Session:
    cadence = found.clinic.cadence(item.booking.appointment_type, found.patient.override)
    status, tone = STATUSES[item.status]
    escort = " ".join(part for part in (item.booking.escort_name, item.booking.escort_phone) if part)
    return Session(
        key=str(item.id),
        version=item.version,
        when=times.dated(item.starts_at, times.in_zone(item.booking.tz)),
        status=status,
        tone=tone,
        number=_number(item, found.booked),
        answer="confirmed" if item.is_confirmed else "not confirmed",
        ride=RIDES[item.ride],
        rule=RIDE_RULES[STAFF_LANGUAGE][cadence.ride_policy],
        escort=escort,
    )


def _coming(item: Upcoming, patient: Patient, times: Times) -> Coming:
    escort = item.appointment.booking.escort_phone
    to = escort if item.recipient is Recipient.ESCORT else patient.record.address(item.channel)
    along = f"Carries along: {', '.join(title(key) for key in item.along)}." if item.along else ""
    note = f"Will not leave: {REASONS[item.needless]}." if item.needless is not None else along
    return Coming(
        at=times.moment(item.at),
        what=f"{title(item.step)} by {CHANNELS[item.channel]}",
        to=("to the escort, " if item.recipient is Recipient.ESCORT else "to ") + (to or "nobody: no address"),
        about=times.moment(item.appointment.starts_at, times.in_zone(item.appointment.booking.tz)),
        subject=item.words.subject if item.words is not None and item.channel is Channel.EMAIL else "",
        body=item.words.body if item.words is not None else "",
        note=note,
    )


def _line(item: Event, times: Times, now: datetime) -> Line:
    return Line(times.dated(item.at), item.what, item.state, item.why, item.text or "", is_ahead=item.at > now)


def _cadence(found: PatientReading, ahead: Sequence[Appointment]) -> Cadence:
    kinds = [item.booking.appointment_type for item in ahead] or [
        item.booking.appointment_type for item in found.booked.values()
    ]
    return found.clinic.cadence(kinds[0] if kinds else "*", found.patient.override)


def _steps(cadence: Cadence) -> list[StepChoice]:
    return [StepChoice(item.key, title(item.key), item.is_enabled) for item in cadence.steps]
