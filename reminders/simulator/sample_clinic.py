"""A clinic that does not exist, for demos: forty patients and six weeks of sessions around any instant.

Everything follows from the instant and the zone by arithmetic, so two demos of the same day are the same.

Phone numbers are 555-0100 to 555-0199 in area code 212: that range is set aside for fiction in every North American
area code, no subscriber can have it, and the numbers still count as well formed for programs that check them. E-mail
addresses are at example.com, which RFC 2606 sets aside likewise.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NAMES = (
    *("María Álvarez", "Daniel Okafor", "Trần Thị Linh", "Ruth Goldberg", "José Luis Herrera", "Hannah Lindqvist"),
    *("Nguyễn Văn Minh", "Walter Brandt", "Lucía Fernández", "Grace Adeyemi", "Phạm Thu Hà", "Carlos Mendoza"),
    *("Eleanor Whitfield", "Lê Quang Huy", "Sofía Ramírez", "Thomas Kowalski", "Ana Belén Castillo", "Priya Raman"),
    *("Võ Ngọc Lan", "Miguel Ángel Soto", "Robert Hayes", "Linda Hayes", "Đặng Minh Tuấn", "Patrick O'Connor"),
    *("Isabel Núñez", "Margaret Ellison", "Bùi Thanh Mai", "Javier Ortega", "Samuel Greene", "Hoàng Kim Anh"),
    *("Rosa Delgado", "Deborah Stein", "Andrés Villalobos", "Marcus Bell", "Đỗ Hải Yến", "Carmen Iglesias"),
    *("Joanna Pierce", "Francisco Peña", "Ngô Bảo Châu", "Vivian Clarke"),
)
SPANISH_READERS = frozenset({0, 4, 8, 11, 14, 19, 24, 30, 32, 37})
MAIL_ONLY = frozenset({2, 15, 27, 36})
WITHOUT_MAIL = frozenset({6, 7, 11, 18, 24, 30, 38})
WITHOUT_CONSENT = frozenset({9, 22, 33})
LANDLINE = 7
COUPLE = (20, 21)
"""The second of them is reached on the phone of the first."""
AWAY = {25: "America/Los_Angeles", 31: "America/Chicago"}
"""Patients whose own clocks differ from the clinic's."""
LANDLINE_NUMBER = "+12125550199"
CLINIC_NUMBER = "+12125550100"
ON_CALL = (("Nurse on call", "+12125550198", "oncall@riverside.example"), ("Charge nurse", "+12125550197", None))
"""Who is called when a patient may need help, in this order; both have phones on the page."""
FIRST_PATIENT_NUMBER = 10
FIRST_ESCORT_NUMBER = 50
ESCORTS = {
    0: "Luis Álvarez",
    3: "Aaron Goldberg",
    6: "Nguyễn Thị Hoa",
    10: "Phạm Quốc Bảo",
    12: "Colin Whitfield",
    14: "Elena Ramírez",
    17: "Arjun Raman",
    23: "Maeve O'Connor",
    26: "Bùi Đức Anh",
    28: "Denise Greene",
    34: "Đỗ Mạnh Hùng",
    35: "Pablo Iglesias",
    39: "Owen Clarke",
}

SHORT = timedelta(minutes=60)
LONG = timedelta(hours=4)
FIRST_START = timedelta(hours=8)
STARTS = 15
"""Half hours from 08:00 to 15:00 in which a session may begin."""

# A course begins in some week, counted from the present one. Nine patients come on Monday, Wednesday and Friday of two
# weeks, nine on Tuesday and Thursday of three, sixteen once every four weeks, six on consecutive days.
THRICE_WEEKLY = (-2, -1, -1, -1, 0, 0, 0, 1, 1)
TWICE_WEEKLY = (-3, -2, -2, -1, -1, -1, 0, 0, 0)
THRICE_DAYS = (0, 2, 4, 7, 9, 11)
TWICE_DAYS = (1, 3, 8, 10, 15, 17)
BOOSTERS = 16
BOOSTER_EVERY = 28
CONSECUTIVE = ((-2, 0, 5), (-1, 1, 4), (0, 0, 5), (0, 1, 4), (1, 0, 4), (2, 1, 4))
"""For each pain patient: week, weekday, number of days."""
FIRST_WEEK, LAST_WEEK = -3, 2
WEEK = 7

HEADER = (
    *("external_id", "patient_id", "patient_name", "phone", "email", "language", "patient_timezone", "starts_at"),
    *("timezone", "duration_minutes", "appointment_type", "status", "series_id", "series_number", "consent_sms"),
    *("consent_email", "escort_name", "escort_phone", "clinic"),
)


@dataclass(frozen=True, slots=True)
class SampleClinic:
    """A schedule to import, the phones and mailboxes to show, and the clinic's own configuration."""

    csv_text: str
    people: list[dict[str, str | bool | None]]
    clinic_toml: str


@dataclass(frozen=True, slots=True)
class _Patient:
    index: int
    name: str
    phone: str
    email: str

    @property
    def has_consent(self) -> bool:
        return self.index not in WITHOUT_CONSENT

    @property
    def language(self) -> str:
        return "es" if self.index in SPANISH_READERS else "en"

    @property
    def contact_cells(self) -> dict[str, str]:
        takes_mail = self.has_consent and self.email and (not self.phone or self.index % 2 == 0)
        return {
            "patient_id": f"P-{self.index + 1:03d}",
            "patient_name": self.name,
            "phone": self.phone,
            "email": self.email,
            "language": self.language,
            "patient_timezone": AWAY.get(self.index, ""),
            "consent_sms": "yes" if self.has_consent and self.phone else "no",
            "consent_email": "yes" if takes_mail else "no",
        }

    @property
    def escort_cells(self) -> dict[str, str]:
        if self.index not in ESCORTS:
            return {}
        return {"escort_name": ESCORTS[self.index], "escort_phone": _number(FIRST_ESCORT_NUMBER + self.index)}


@dataclass(frozen=True, slots=True)
class _Session:
    patient: _Patient
    on: date
    length: timedelta
    kind: str
    place: int

    @property
    def starts_local(self) -> datetime:
        """Each patient keeps one time of day; four-hour infusions begin at eight or half past."""
        slot = self.patient.index % 2 if self.length == LONG else self.patient.index * 4 % STARTS
        return datetime.combine(self.on, time()) + FIRST_START + slot * timedelta(minutes=30)


def sample_schedule(now: datetime, timezone: str) -> SampleClinic:
    """Make the sample clinic as it stands at an instant: three weeks behind it, the present one, and two to come.

    `now` is aware, `timezone` the IANA zone of the clinic; the times of sessions are its wall clock. On each weekday
    some sessions are one, two and three days ahead, so that reminders fall due every day.
    """
    local_now = now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    monday = local_now.date() - timedelta(days=local_now.weekday())
    patients = [_patient(index) for index in range(len(NAMES))]
    sessions = sorted(_sessions(patients, monday), key=lambda session: (session.starts_local, session.patient.index))
    output = io.StringIO()
    writer = csv.DictWriter(output, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    for number, session in enumerate(sessions, start=1):
        writer.writerow(_row(session, number, timezone, local_now))
    people = [*(_person(patient) for patient in patients), *(_staff(*one) for one in ON_CALL)]
    return SampleClinic(output.getvalue(), people, _configuration(timezone))


def _number(last_two: int) -> str:
    return f"+121255501{last_two:02d}"


def _patient(index: int) -> _Patient:
    owner = COUPLE[0] if index == COUPLE[1] else index
    number = LANDLINE_NUMBER if index == LANDLINE else _number(FIRST_PATIENT_NUMBER + owner)
    return _Patient(
        index=index,
        name=NAMES[index],
        phone="" if index in MAIL_ONLY else number,
        email="" if index in WITHOUT_MAIL else f"{_plain(NAMES[index])}@example.com",
    )


def _plain(name: str) -> str:
    """Spell a name in small ASCII letters with points between its words."""
    folded = unicodedata.normalize("NFKD", name.lower().replace("đ", "d"))
    return "".join(sign for sign in folded.replace(" ", ".") if sign.isascii() and (sign.isalpha() or sign == "."))


def _sessions(patients: Sequence[_Patient], monday: date) -> Iterator[_Session]:
    queue = iter(patients)
    for week in THRICE_WEEKLY:
        yield from _course(next(queue), monday, week, THRICE_DAYS)
    for week in TWICE_WEEKLY:
        yield from _course(next(queue), monday, week, TWICE_DAYS)
    for index in range(BOOSTERS):
        yield from _boosters(next(queue), monday, FIRST_WEEK + index % 4, index % 5)
    for week, weekday, days in CONSECUTIVE:
        patient = next(queue)
        for place in range(1, days + 1):
            yield _Session(patient, _day(monday, week, weekday + place - 1), LONG, "pain_infusion", place)


def _course(patient: _Patient, monday: date, week: int, days: Sequence[int]) -> Iterator[_Session]:
    for place, day in enumerate(days, start=1):
        yield _Session(patient, _day(monday, week, day), SHORT, "ketamine_infusion", place)


def _boosters(patient: _Patient, monday: date, week: int, weekday: int) -> Iterator[_Session]:
    end = _day(monday, LAST_WEEK + 1, 0)
    for place in (1, 2):
        on = _day(monday, week, weekday + (place - 1) * BOOSTER_EVERY)
        if on < end:
            yield _Session(patient, on, SHORT, "ketamine_booster", place)


def _day(monday: date, week: int, day: int) -> date:
    return monday + timedelta(days=week * WEEK + day)


def _row(session: _Session, number: int, timezone: str, local_now: datetime) -> dict[str, str | int]:
    patient = session.patient
    return {
        **patient.contact_cells,
        **patient.escort_cells,
        "external_id": f"A-{patient.index + 1:03d}-{session.place}",
        "starts_at": session.starts_local.isoformat(timespec="minutes"),
        "timezone": timezone,
        "duration_minutes": int(session.length.total_seconds() // 60),
        "appointment_type": session.kind,
        "status": _status(session, number, local_now),
        "series_id": f"S-{patient.index + 1:03d}",
        "series_number": session.place,
    }


def _status(session: _Session, number: int, local_now: datetime) -> str:
    """Say how a session stands: what is over has an outcome, and some were called off."""
    starts = session.starts_local
    if starts > local_now:
        return "cancelled" if number % 19 == 0 else "booked"
    if starts + session.length > local_now:
        return "arrived"
    if number % 13 == 0:
        return "cancelled"
    return "noshow" if number % 17 == 0 else "fulfilled"


def _person(patient: _Patient) -> dict[str, str | bool | None]:
    return {
        "name": patient.name,
        "phone": patient.phone or None,
        "email": patient.email or None,
        "note": ", ".join(_remarks(patient)),
        "landline": patient.index == LANDLINE,
    }


def _staff(name: str, phone: str, email: str | None) -> dict[str, str | bool | None]:
    return {"name": name, "phone": phone, "email": email, "note": "staff on call", "landline": False}


def _remarks(patient: _Patient) -> Iterator[str]:
    if patient.index == LANDLINE:
        yield "landline"
    if patient.index in COUPLE:
        yield "couple on one phone"
    if not patient.phone:
        yield "e-mail only"
    if not patient.has_consent:
        yield "no consent"
    if patient.language == "es":
        yield "reads Spanish"
    if patient.index in AWAY:
        yield f"lives in {AWAY[patient.index]}"


def _configuration(timezone: str) -> str:
    values = {
        "slug": "sample",
        "sender": "Riverside Clinic",
        "timezone": timezone,
        "phone": CLINIC_NUMBER,
        "country": "US",
        "language": "en",
        "emergency_number": "911",
        "address": "12 Harbor Street, Suite 3",
        "assume_fulfilled": True,
    }
    # A string or a truth value of JSON is one of TOML too.
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    for name, phone, email in ON_CALL:
        given = {"name": name, "phone": phone, "email": email}
        lines += ["[[clinic.escalation]]", *(f"{key} = {json.dumps(value)}" for key, value in given.items() if value)]
    return "\n".join(("[clinic]", *lines, ""))
