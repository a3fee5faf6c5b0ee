"""The invariants of a clinic's year, judged by a log of facts alone. None of it calls our planner or our gate.

Every rule is written a second time here, as plainly as it can be said, with nothing but `zoneinfo`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tests.simulation.facts import (
    AddressIs,
    ClinicIs,
    Contradicted,
    EscortAgreed,
    Fact,
    MessageIs,
    MessageLeft,
    Over,
    Part,
    PausedIs,
    PersonIs,
    ReminderIs,
    Replanned,
    SessionIs,
    TaskIs,
)

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
NEVER_CAPPED = {"remind_final", "moved", "cancelled"}
TELLS_IT_IS_OFF = {"cancelled", "pick_up_off"}
HOURS_BEFORE = {
    "moved": 0.0,
    "cancelled": 0.0,
    "booked": 0.0,
    "prep_first": 24.0,
    "remind_confirm": 26.0,
    "ride_check": 12.0,
    "remind_final": 8.0,
    "day_of": 1.0,
    "ask_escort": 12.0,
}
"""A step is useless from so many hours before the start on."""
HOURS_AFTER = {"pick_up": 0.0, "pick_up_off": 0.0, "checkin_24h": 36.0, "checkin_72h": 96.0}
"""And these from so many hours after the end on."""
TASKS = {
    "no_window": "no_window",
    "too_late": "not_sent_in_time",
    "no_consent": "no_consent",
    "no_address": "address_fault",
}
"""What has to be on the worklist where a reminder ended for this reason."""
CALLS = {"remind_confirm": "not_delivered", "checkin_24h": "not_delivered", "ride_check": "ride_wanted"}
"""What has to be there where a cap dropped a message that mattered."""


class Rule(StrEnum):
    WINDOW = "inside the hours of the reader's zone"
    USEFUL = "before it was useless"
    CURRENT = "about a session as it is, and not one that is off"
    PERMITTED = "to an open address with consent, and not while paused"
    PER_DAY = "at most two a day"
    PER_WEEK = "at most eight in seven days"
    CHECK_IN = "after the session, before the next one"
    ONCE = "each step once"
    PLANNED = "every booked session has its reminder"
    SETTLED = "every reminder ends, with a reason"
    WORKLIST = "what needs a person is on the worklist"
    LEDGER = "the ledger is balanced"
    REPLAN = "planning again changes nothing"


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken rule: when, and what a person needs to see it again."""

    rule: Rule
    at: datetime | None
    what: str


@dataclass(slots=True)
class Checker:
    """What is known so far, and every breach found. `checked` counts how often each rule was asked."""

    clinics: dict[str, ClinicIs] = field(default_factory=dict)
    people: dict[str, PersonIs] = field(default_factory=dict)
    sessions: dict[str, SessionIs] = field(default_factory=dict)
    versions: dict[tuple[str, int], SessionIs] = field(default_factory=dict)
    of_person: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    closed: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    escorts: set[tuple[str, str]] = field(default_factory=set)
    left: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    said: set[tuple[object, ...]] = field(default_factory=set)
    reminders: list[ReminderIs] = field(default_factory=list)
    messages: list[MessageIs] = field(default_factory=list)
    tasks: list[TaskIs] = field(default_factory=list)
    checked: Counter[Rule] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)
    over_cap: Counter[str] = field(default_factory=Counter)
    """Messages that may exceed a cap and did, by what they carried."""
    carried_late: Counter[str] = field(default_factory=Counter)
    """Parts whose own use was over when the message that carried them left, because a cap had held it."""
    _planned: set[tuple[str, int, str]] = field(default_factory=set)

    def hear(self, fact: Fact) -> None:
        """Take a fact in, and judge it by what was known before."""
        match fact:
            case MessageLeft():
                self._judge(fact)
            case Replanned():
                self._ask(Rule.REPLAN, fact.at, "; ".join(fact.changes), is_kept=not fact.changes)
            case Contradicted():
                self._ask(Rule.LEDGER, None, fact.what, is_kept=False)
            case Over():
                self._settle(fact.at)
            case ReminderIs() | MessageIs() | TaskIs():
                self._count(fact)
            case _:
                self._learn(fact)

    def hear_all(self, facts: Iterable[Fact]) -> None:
        """Take a whole log in."""
        for fact in facts:
            self.hear(fact)

    def _learn(self, fact: ClinicIs | PersonIs | SessionIs | AddressIs | PausedIs | EscortAgreed) -> None:
        match fact:
            case ClinicIs():
                self.clinics[fact.key] = fact
            case PersonIs():
                self.people[fact.key] = fact
            case SessionIs():
                self.sessions[fact.key] = self.versions[fact.key, fact.version] = fact
                self.of_person[fact.person].add(fact.key)
            case AddressIs():
                (self.closed.discard if fact.is_open else self.closed.add)(fact.address)
            case PausedIs():
                (self.paused.add if fact.is_paused else self.paused.discard)(fact.subject)
            case EscortAgreed():
                self.escorts.add((fact.person, fact.phone))

    def _count(self, fact: ReminderIs | MessageIs | TaskIs) -> None:
        match fact:
            case ReminderIs():
                self.reminders.append(fact)
            case MessageIs():
                self.messages.append(fact)
            case TaskIs():
                self.tasks.append(fact)

    def _ask(self, rule: Rule, at: datetime | None, what: str, *, is_kept: bool) -> None:
        self.checked[rule] += 1
        if not is_kept:
            self.breaches.append(Breach(rule, at, what))

    # ---- as a message leaves -------------------------------------------------------------------------------------

    def _judge(self, sent: MessageLeft) -> None:
        if sent.person is None:
            return
        person = self.people[sent.person]
        clinic = self.clinics[person.clinic]
        is_own = sent.recipient == "patient"
        zone = ZoneInfo(person.zone if is_own and person.zone else clinic.zone)
        parts = " ".join(map(_named, sent.parts))
        what = f"{sent.kind} by {sent.channel} to {sent.recipient} {sent.person} ({zone}) with {parts}"
        permitted = sent.address not in self.closed and self._is_agreed(sent, person)
        self._ask(Rule.PERMITTED, sent.at, what, is_kept=permitted)
        if sent.origin == "answer":
            return
        self._ask(Rule.WINDOW, sent.at, what, is_kept=is_open(sent.at, zone, clinic))
        self._ask(Rule.USEFUL, sent.at, what, is_kept=sent.at < sent.expires_at)
        for part in sent.parts:
            self._judge_part(sent, part, clinic, f"{what}: {_named(part)} of {self.sessions[part.session]}")
        if sent.origin == "reminder" and is_own:
            self._judge_caps(sent, zone, clinic, what)

    def _is_agreed(self, sent: MessageLeft, person: PersonIs) -> bool:
        if sent.origin == "answer":
            return True
        if sent.recipient == "escort":
            # Only who has not said a word yet is asked for it; all else needs their yes.
            return ((person.key, sent.address) in self.escorts) is (sent.kind != "ask_escort")
        return sent.channel in person.channels

    def _judge_part(self, sent: MessageLeft, part: Part, clinic: ClinicIs, what: str) -> None:
        session = self.sessions[part.session]
        paused = {session.person, session.series} & self.paused
        self._ask(Rule.PERMITTED, sent.at, f"{what}, paused: {paused}", is_kept=not paused)
        self._ask(Rule.CURRENT, sent.at, what, is_kept=_is_current(part, session))
        self._judge_use(sent, part, _useless_from(part.step, session, clinic), what)
        if part.step.startswith(("checkin_", "outcome_")):
            at = sent.at if part.step == sent.kind else sent.made_at
            self._ask(Rule.CHECK_IN, sent.at, what, is_kept=self._may_check_in(part.step, session, clinic, at))
        # What follows a session is said once, though its row is marked, corrected and marked again.
        is_after = part.step.startswith(("checkin_", "outcome_", "rebook"))
        key = (part.session, None if is_after else part.version, part.step, sent.recipient)
        self._ask(Rule.ONCE, sent.at, what, is_kept=key not in self.said)
        self.said.add(key)

    def _judge_use(self, sent: MessageLeft, part: Part, useless_from: datetime, what: str) -> None:
        """A message lives as long as what leads it; what it carries must have been of use when it was written."""
        leads = part.step == sent.kind
        self._ask(Rule.USEFUL, sent.at, what, is_kept=(sent.at if leads else sent.made_at) < useless_from)
        if not leads and sent.at >= useless_from:
            self.carried_late[part.step] += 1

    def _may_check_in(self, step: str, session: SessionIs, clinic: ClinicIs, at: datetime) -> bool:
        if at < end_of(session):
            return False
        if not step.startswith("checkin_"):
            return True
        took_place = session.status == "fulfilled" or (
            clinic.assumes_fulfilled and session.status in {"booked", "arrived"}
        )
        others = [self.sessions[key] for key in self.of_person[session.person] if key != session.key]
        is_next_begun = any(
            session.starts_at < other.starts_at <= at for other in others if other.status not in {"cancelled", "noshow"}
        )
        # What the evening's message says (no driving, whom to call) stays true when the next day's session has begun.
        return took_place and (step == "checkin_evening" or not is_next_begun)

    def _judge_caps(self, sent: MessageLeft, zone: ZoneInfo, clinic: ClinicIs, what: str) -> None:
        before, today = self.left[sent.person or ""], sent.at.astimezone(zone).date()
        same_day = sum(1 for at in before[-40:] if at.astimezone(zone).date() == today)
        same_week = sum(1 for at in before[-40:] if sent.at - WEEK < at <= sent.at)
        before.append(sent.at)
        uncapped = {part.step for part in sent.parts} & NEVER_CAPPED
        for rule, count, most in (
            (Rule.PER_DAY, same_day, clinic.per_day),
            (Rule.PER_WEEK, same_week, clinic.per_week),
        ):
            self._ask(rule, sent.at, f"{what}: number {count + 1}", is_kept=count < most or bool(uncapped))
            if count >= most and uncapped:
                self.over_cap[f"{rule.name} {'+'.join(sorted(uncapped))}"] += 1

    # ---- at the end ----------------------------------------------------------------------------------------------

    def _settle(self, at: datetime) -> None:
        tasks = {(task.kind, task.session) for task in self.tasks}
        about = {(task.kind, task.message) for task in self.tasks}
        for item in self.reminders:
            self._planned.add((item.part.session, item.part.version, item.part.step))
            name = f"{_named(item.part)} {item.state} {item.reason}"
            is_settled = item.state in {"dispatched", "merged"} or (item.state != "planned" and item.reason is not None)
            self._ask(Rule.SETTLED, at, name, is_kept=is_settled)
            wanted = TASKS.get(item.reason or "") if item.state in {"expired", "suppressed"} else None
            if wanted is not None:
                self._ask(Rule.WORKLIST, at, f"{name}: {wanted}", is_kept=(wanted, item.part.session) in tasks)
        for message in self.messages:
            self._settle_message(message, at, tasks, about)
        for told in self._booked_ahead():
            what = f"{told.key} version {told.version}"
            is_there = (told.key, told.version, "remind_final") in self._planned
            self._ask(Rule.PLANNED, at, what, is_kept=is_there)
        self._ask(Rule.LEDGER, at, "", is_kept=True)

    def _settle_message(
        self, item: MessageIs, at: datetime, tasks: set[tuple[str, str | None]], about: set[tuple[str, str | None]]
    ) -> None:
        name = f"message {item.kind} about {item.session} {item.state} {item.reason}"
        is_settled = item.state not in {"due", "held", "claimed", "sending", "unknown"}
        self._ask(Rule.SETTLED, at, name, is_kept=is_settled)
        wanted = CALLS.get(item.kind) if item.reason == "cap" and item.origin == "reminder" else None
        if item.state == "expired":
            wanted = "not_sent_in_time"
        if wanted is not None:
            is_kept = (wanted, item.key) in about or (wanted, item.session) in tasks
            self._ask(Rule.WORKLIST, at, f"{name}: {wanted}", is_kept=is_kept)

    def _booked_ahead(self) -> Iterator[SessionIs]:
        for told in self.versions.values():
            if told.status == "booked" and told.at is not None and told.at < told.starts_at:
                yield told


def _named(part: Part) -> str:
    return f"{part.session}/{part.version}/{part.step}"


def _is_current(part: Part, session: SessionIs) -> bool:
    if part.version != session.version:
        return False
    if part.step in TELLS_IT_IS_OFF:
        return session.status == "cancelled"
    if part.step.startswith("outcome_"):
        return session.status != "cancelled"
    return session.status not in {"cancelled", "noshow"}


def is_open(at: datetime, zone: ZoneInfo, clinic: ClinicIs) -> bool:
    """Say whether a clock on the reader's wall shows one of the hours of that day; a span may run past midnight."""
    local = at.astimezone(zone)
    today, yesterday = clinic.week[local.weekday()], clinic.week[(local.weekday() - 1) % 7]
    clock = local.time()
    for opens, closes in today:
        if opens <= clock and (clock < closes or closes <= opens):
            return True
    return any(closes <= opens and clock < closes for opens, closes in yesterday)


def end_of(session: SessionIs) -> datetime:
    """Return when the patient may go home: the real end, else the planned one with the time on site after it."""
    recovery = 40 if session.minutes <= 90 else 60
    return session.ended_at or session.starts_at + timedelta(minutes=session.minutes + recovery)


def _useless_from(step: str, session: SessionIs, clinic: ClinicIs) -> datetime:
    zone, end = ZoneInfo(clinic.zone), end_of(session)
    if step in HOURS_BEFORE:
        return session.starts_at - HOURS_BEFORE[step] * HOUR
    if step in HOURS_AFTER:
        return end + HOURS_AFTER[step] * HOUR
    if step == "checkin_evening":
        return _wall(end, 1, time(12), zone)
    if step.startswith("outcome_"):
        days = int(step.removeprefix("outcome_").removesuffix("d"))
        return _wall(end, days, time(10), zone) + 4 * DAY
    if step == "rebook" and clinic.rebook_weeks is not None:
        return _wall(session.starts_at, 7 * clinic.rebook_weeks, time(10), zone) + 14 * DAY
    message = f"{step} is a step that nobody told this checker about"
    raise LookupError(message)


def _wall(since: datetime, days: int, at: time, zone: ZoneInfo) -> datetime:
    on = since.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(on, at, tzinfo=zone).astimezone(UTC)
