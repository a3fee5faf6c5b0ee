"""Alarms: what the second watcher makes of the vital signs it read from the database.

Each alarm has a sentence for the one who is woken and a next step. Neither names a patient. All times are machine time:
what fell due by the clinic's clock was converted by its pace, so that a simulation that runs fast raises no alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.canaries import Canary, Stop, last_through, stuck_at
from reminders.core.circuit import Cause
from reminders.core.patients import Channel
from reminders.core.wording import many

LATE = timedelta(seconds=120)
"""What is due for so long should have left."""
SILENT = timedelta(seconds=90)
"""Nine signs of life were left out."""
WITHOUT_CANARY = timedelta(seconds=140)
"""Two canaries did not come through; counted from the beginning of the last one that did, so that with the watcher's
own round the alarm comes within three minutes of the fault."""
AWAY = timedelta(seconds=30)
"""A database that starts again is away for less."""
OPEN_FOR = timedelta(minutes=2)
UNHEARD_FOR = timedelta(minutes=15)
"""Nobody took an alarm about a patient over for so long, though several were called."""
LEAST_DOUBT = timedelta(minutes=15)
BEYOND_DOUBT = timedelta(minutes=5)
BEAT = "beat"
ROLES: Mapping[str, str] = {
    "worker-sms": "sends texts",
    "worker-email": "sends e-mail",
    "worker-inbound": "reads replies and receipts",
    "worker-upkeep": "settles doubts and reads the schedule",
}
WORKER = "worker"
"""One process that does all of it."""


class AlarmCode(StrEnum):
    """What can be wrong; stable, for programs."""

    DATABASE_AWAY = "database_away"
    DATABASE_FULL = "database_refuses_writes"
    LATE_MESSAGES = "late_messages"
    LATE_REMINDERS = "late_reminders"
    OLD_DOUBTS = "old_doubts"
    SILENT_PROCESS = "silent_process"
    CANARY_STUCK = "canary_stuck"
    CIRCUIT_OPEN = "circuit_open"
    RECEIPTS_WAIT = "receipts_wait"
    REPLIES_WAIT = "replies_wait"
    RESENDS_HELD = "resends_held"
    LEDGER_WRONG = "ledger_wrong"
    OPT_OUT_OVERDUE = "opt_out_overdue"
    PATIENT_WAITS = "patient_waits"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong: `about` tells two of one code apart."""

    code: AlarmCode
    about: str
    sentence: str
    what_to_do: str

    @property
    def key(self) -> tuple[AlarmCode, str]:
        """What makes it the same alarm as a minute ago."""
        return self.code, self.about


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """An account that is not called, why, and since when."""

    channel: Channel
    cause: Cause
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Vitals:
    """The vital signs at one moment. Instants are machine time; None where nothing waits.

    Nothing counts as older than `watched_since`, where that is known: after a night switched off everything is old.
    """

    is_database_there: bool = True
    away_since: datetime | None = None
    unwritable_since: datetime | None = None
    """Since when the database takes no writes, as far as somebody tried."""
    watched_since: datetime | None = None
    waits_since: Mapping[Channel, datetime] = field(default_factory=dict)
    """When the oldest message fell due that may leave by a channel and did not."""
    undispatched_since: datetime | None = None
    """When the oldest reminder fell due at a clinic where none became a message of late."""
    doubts_since: Mapping[Channel, datetime] = field(default_factory=dict)
    """Since when the outcome of the oldest attempt is unknown."""
    doubts_last: Mapping[Channel, timedelta] = field(default_factory=dict)
    """How long an outcome may stay unknown by this installation's settings."""
    signs: Mapping[str, datetime] = field(default_factory=dict)
    canaries: Sequence[Canary] = ()
    is_told_outside: bool = False
    circuits: Sequence[OpenCircuit] = ()
    receipt_since: datetime | None = None
    reply_since: datetime | None = None
    holds_since: datetime | None = None
    contradictions: Mapping[str, int] = field(default_factory=dict)
    opt_out_since: datetime | None = None
    """When the oldest opt-out request should have been honoured that was not."""
    patient_waits_since: datetime | None = None
    """Since when the oldest alarm about a patient has been open that nobody took over."""
    is_nobody_called: bool = False
    """True where an open alarm is at a clinic that named nobody to call."""

    def age(self, at: datetime | None, machine_now: datetime) -> timedelta:
        """Return how old something is, as far as it was watched."""
        begun = max(filter(None, (at, self.watched_since)), default=None)
        return timedelta.max if begun is None else max(machine_now - begun, timedelta(0))


def alarms(vitals: Vitals, machine_now: datetime) -> list[Alarm]:
    """Return what is wrong, in the order of the codes."""
    if not vitals.is_database_there:
        return list(_database_away(vitals, machine_now))
    return [alarm for code in AlarmCode for alarm in RULES[code](vitals, machine_now)]


def minutes(span: timedelta) -> str:
    """Write a span as a person would say it."""
    if span == timedelta.max:
        return "ever"
    seconds = round(span.total_seconds())
    return many(seconds, "second") if seconds < 120 else many(seconds // 60, "minute")  # noqa: PLR2004 - two minutes


def _database_away(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    if not vitals.is_database_there and vitals.age(vitals.away_since, machine_now) > AWAY:
        yield Alarm(
            AlarmCode.DATABASE_AWAY,
            "",
            "The database cannot be read: nothing is sent, and replies are refused until it does.",
            "Start the database or free its disk; everything goes on by itself. `reminders doctor` says more.",
        )


def _database_full(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    if vitals.unwritable_since is not None and vitals.age(vitals.unwritable_since, machine_now) > AWAY:
        yield Alarm(
            AlarmCode.DATABASE_FULL,
            "",
            "The database can be read but takes no writes: nothing is sent, and replies are refused.",
            "Look for a full disk, a read-only database or a lock that somebody holds.",
        )


def _late_messages(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    for channel, since in sorted(vitals.waits_since.items()):
        age = vitals.age(since, machine_now)
        if age > LATE:
            words = WORDS[channel]
            yield Alarm(
                AlarmCode.LATE_MESSAGES,
                channel.value,
                f"{words.capitalize()} leave late: the oldest that may leave has waited for {minutes(age)}.",
                f"See `reminders status`: does the worker that sends {words} run? An outage leaves a backlog that is"
                " worked off by itself; `reminders doctor` tells whether clocks or the provider hold it back.",
            )


def _late_reminders(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    age = vitals.age(vitals.undispatched_since, machine_now)
    if vitals.undispatched_since is not None and age > LATE:
        yield Alarm(
            AlarmCode.LATE_REMINDERS,
            "",
            f"Reminders that are due become no messages, for {minutes(age)} now.",
            "Start the workers again, and look for `dispatch` or `looking.failed` in the log of the one that sends.",
        )


def _old_doubts(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    for channel, since in sorted(vitals.doubts_since.items()):
        age = vitals.age(since, machine_now)
        if age > max(LEAST_DOUBT, vitals.doubts_last.get(channel, timedelta(0)) + BEYOND_DOUBT):
            yield Alarm(
                AlarmCode.OLD_DOUBTS,
                channel.value,
                f"What became of some {WORDS[channel]} has been unknown for {minutes(age)}; it should be known by now.",
                "See that worker-upkeep runs and that the provider's list can be read; call who has a session soon.",
            )


def _silent(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    silent: dict[str, list[str]] = {}
    for name, does in ROLES.items():
        here = [sign for sign in (name, WORKER) if sign in vitals.signs]
        freshest = max(here, key=lambda sign: vitals.signs[sign], default=WORKER)
        silent.setdefault(freshest, []).append(does)
    for name, roles in [*silent.items(), (BEAT, ["ticks"])]:
        age = vitals.age(vitals.signs.get(name), machine_now)
        if age > SILENT:
            yield Alarm(
                AlarmCode.SILENT_PROCESS,
                name,
                f"`{name}`, which {', '.join(roles)}, has shown no sign of life for {minutes(age)}.",
                f"Start `{name}` again. What is due waits in the database and leaves then.",
            )


def _canary_stuck(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    is_told = vitals.is_told_outside
    age = vitals.age(last_through(vitals.canaries, is_told_outside=is_told), machine_now)
    if age > WITHOUT_CANARY:
        stop = stuck_at(vitals.canaries, is_told_outside=is_told, machine_now=machine_now)
        what, then = STOPS[stop]
        since = "" if age == timedelta.max else f" for {minutes(age)}"
        yield Alarm(AlarmCode.CANARY_STUCK, "", f"The minutely test message has not come through{since}: {what}.", then)


def _circuit_open(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    for item in vitals.circuits:
        age = vitals.age(item.opened_at, machine_now)
        if age > OPEN_FOR:
            why, then = CAUSES[item.cause]
            yield Alarm(
                AlarmCode.CIRCUIT_OPEN,
                item.channel.value,
                f"Sending of {WORDS[item.channel]} has been held back for {minutes(age)}: {why}.",
                then,
            )


def _receipts_wait(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    age = vitals.age(vitals.receipt_since, machine_now)
    if vitals.receipt_since is not None and age > LATE:
        yield Alarm(
            AlarmCode.RECEIPTS_WAIT,
            "",
            f"Delivery receipts are stored and not applied, for {minutes(age)} now.",
            "See that worker-inbound runs, and start it again.",
        )


def _replies_wait(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    age = vitals.age(vitals.reply_since, machine_now)
    if vitals.reply_since is not None and age > LATE:
        yield Alarm(
            AlarmCode.REPLIES_WAIT,
            "",
            f"Patients' texts are stored and not read, for {minutes(age)} now: a STOP among them is not obeyed yet.",
            "See that worker-inbound runs, and start it again at once.",
        )


def _resends_held(vitals: Vitals, _machine_now: datetime) -> Iterator[Alarm]:
    if vitals.holds_since is not None:
        yield Alarm(
            AlarmCode.RESENDS_HELD,
            "",
            "Too many doubtful texts proved to have arrived twice, so none is sent again until somebody says so.",
            "Look at the task about it in the worklist, and ask the provider why its list shows texts late.",
        )


def _ledger_wrong(vitals: Vitals, _machine_now: datetime) -> Iterator[Alarm]:
    wrong = {name: count for name, count in vitals.contradictions.items() if count}
    if wrong:
        found = ", ".join(f"{name} {count}" for name, count in sorted(wrong.items()))
        yield Alarm(
            AlarmCode.LEDGER_WRONG,
            "",
            f"The ledger does not balance ({found}): a promise was broken.",
            "Keep the database as it is, run `reminders why` on what is named there, and report it as a fault of ours.",
        )


def _opt_out_overdue(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    # A deadline of the law's passes while we are switched off, too.
    if vitals.opt_out_since is not None and vitals.opt_out_since <= machine_now:
        yield Alarm(
            AlarmCode.OPT_OUT_OVERDUE,
            "",
            "Somebody asked for no more messages by voice, letter or e-mail, and 10 business days passed without it.",
            "`reminders worklist` shows the request: find the number or address, close it with `reminders opt-out"
            " record`, and mark the task as done.",
        )


def _patient_waits(vitals: Vitals, machine_now: datetime) -> Iterator[Alarm]:
    age = vitals.age(vitals.patient_waits_since, machine_now)
    if vitals.patient_waits_since is None or not (vitals.is_nobody_called or age > UNHEARD_FOR):
        return
    called = "the clinic named nobody to call" if vitals.is_nobody_called else "those called did not take it over"
    yield Alarm(
        AlarmCode.PATIENT_WAITS,
        "",
        f"A patient may need help, and has waited for {minutes(age)}: {called}.",
        "Open the worklist (`reminders worklist`), phone the patient, and acknowledge. Whom to call from now on stands"
        " in the clinic file under [[clinic.escalation]].",
    )


WORDS: Mapping[Channel, str] = {Channel.SMS: "texts", Channel.EMAIL: "e-mails"}
STOPS: Mapping[Stop, tuple[str, str]] = {
    Stop.BEGIN: ("none was begun, so worker-upkeep does no work", "Start worker-upkeep (under `up`: worker) again."),
    Stop.CALL: (
        "the broker or the worker that sends texts takes no work",
        (
            "Look whether Redis or Valkey answers and has memory, then start worker-sms (under `up`: worker) again."
            " Texts still leave: workers look for themselves."
        ),
    ),
    Stop.RECEIPT: (
        "its receipt did not reach the web process",
        (
            "Start web again, and see that REMINDERS_CANARY_URL is its address: until then replies and receipts are"
            " lost to us, or come late."
        ),
    ),
    Stop.HEARING: (
        "its receipt is stored but not applied, so worker-inbound does no work",
        "Start worker-inbound (under `up`: worker) again.",
    ),
    Stop.TELLING: (
        "everything of ours works, but the heartbeat address does not answer",
        "See whether REMINDERS_HEARTBEAT_URL can be reached from this machine (name service, proxy, firewall).",
    ),
}
CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.FAILURES: (
        "the provider does not answer, or answers with errors",
        (
            "Look at the provider's status page and at this machine's way out (name service, firewall). What is due"
            " waits, and goes on by itself."
        ),
    ),
    Cause.CONFIGURATION: (
        "the provider refuses our account, credentials or sender",
        "Run `reminders doctor`, and set right what it names; sending goes on by itself.",
    ),
    Cause.LIMIT: (
        "the provider says that we send too fast",
        "Lower REMINDERS_SEGMENTS_PER_SECOND to what the sender is allowed, or ask the provider for more.",
    ),
}
RULES: Mapping[AlarmCode, Callable[[Vitals, datetime], Iterable[Alarm]]] = {
    AlarmCode.DATABASE_AWAY: _database_away,
    AlarmCode.DATABASE_FULL: _database_full,
    AlarmCode.LATE_MESSAGES: _late_messages,
    AlarmCode.LATE_REMINDERS: _late_reminders,
    AlarmCode.OLD_DOUBTS: _old_doubts,
    AlarmCode.SILENT_PROCESS: _silent,
    AlarmCode.CANARY_STUCK: _canary_stuck,
    AlarmCode.CIRCUIT_OPEN: _circuit_open,
    AlarmCode.RECEIPTS_WAIT: _receipts_wait,
    AlarmCode.REPLIES_WAIT: _replies_wait,
    AlarmCode.RESENDS_HELD: _resends_held,
    AlarmCode.LEDGER_WRONG: _ledger_wrong,
    AlarmCode.OPT_OUT_OVERDUE: _opt_out_overdue,
    AlarmCode.PATIENT_WAITS: _patient_waits,
}
