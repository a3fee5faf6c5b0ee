"""Facts of an installation in which all is well, and ways to change one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from reminders.core.canaries import Canary
from reminders.core.circuit import Cause, Circuit
from reminders.core.examination.codes import Code
from reminders.core.examination.facts import (
    BrokerFacts,
    ChildFacts,
    ClinicFacts,
    DatabaseFacts,
    DoorFacts,
    Facts,
    FileState,
    MachineFacts,
    MailFacts,
    MailProblem,
    OverdueFacts,
    ProviderFacts,
    RunningFacts,
    SetupFacts,
    Standing,
    Visit,
    VisitProblem,
)

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOOK = "https://reminders.example/hooks/twilio/sms"
SMS, EMAIL = "sms:AC1", "email:mail.example"

SETUP = SetupFacts(
    public_url="https://reminders.example",
    data_dir="/srv/reminders",
    allowed_count=None,
    sms_host="api.twilio.com",
    is_real_provider=True,
    has_hooks=True,
    has_email=True,
    has_alert_address=True,
    has_heartbeat=True,
    has_failpoints=False,
    has_secret_key=True,
    is_simulated=False,
    is_embedded_broker=False,
)
MACHINE = MachineFacts(
    python=(3, 12, 1),
    packages={"celery": "5.7.0", "kombu": "5.7.0rc1", "redis": "8.1.0", "psycopg": None},
    zones="2026b",
    free_bytes=50_000_000_000,
    modes={"/srv/reminders/secret.key": 0o600},
)
DATABASE = DatabaseFacts(
    "reminders at db",
    is_postgres=True,
    version=(16, 2),
    standing=Standing.CURRENT,
    revision="0003",
    newest_revision="0003",
    settings={"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},
    skew=timedelta(milliseconds=3),
    opens_with_our_key=True,
)
BROKER = BrokerFacts(
    is_reached=True,
    detail="redis:6379",
    version=(7, 2, 4),
    policy="noeviction",
    is_kept=True,
    used_bytes=1_000_000,
    most_bytes=100_000_000,
    skew=timedelta(0),
)
PROVIDER = ProviderFacts(
    "api.twilio.com",
    is_reached=True,
    has_good_credentials=True,
    account_status="active",
    is_ours=True,
    can_text=True,
    hook_url=HOOK,
    skew=timedelta(seconds=1),
)
DOOR = DoorFacts(Visit(200, "ok\n"), Visit(403))
MAIL = MailFacts("mail.example:465", is_encrypted=True, is_logged_in=True)
CANARY = Canary(
    UUID(int=1),
    NOW - timedelta(seconds=70),
    NOW - timedelta(seconds=69),
    is_received=True,
    heard_at=NOW - timedelta(seconds=66),
    told_at=NOW - timedelta(seconds=65),
)
CLINICS = ClinicFacts(
    source="/srv/reminders/clinic.toml",
    is_source_there=True,
    fault=None,
    files={"clinic.toml": ("riverside", FileState.EQUAL)},
    applied=("riverside",),
)
RUNNING = RunningFacts(
    now=NOW,
    machine_now=NOW,
    speed=1.0,
    beats={"worker": NOW - timedelta(seconds=5), "beat": NOW - timedelta(seconds=80), "watch": NOW},
    circuits={SMS: Circuit()},
    held_since={},
    canaries=(CANARY,),
    overdue=None,
    clinics=CLINICS,
    schedules={"schedule.csv": "applied"},
)
HEALTHY = Facts(
    setup=SETUP,
    machine=MACHINE,
    database=DATABASE,
    broker=BROKER,
    provider=PROVIDER,
    door=DOOR,
    mail=MAIL,
    running=RUNNING,
    children=(ChildFacts("worker", is_ready=True, phase="ready", restarts=0),),
)

Change = Callable[[Facts], Facts]


def setup(**changes: Any) -> Change:  # noqa: ANN401 - any of its fields, as with the others here
    return lambda facts: replace(facts, setup=replace(facts.setup, **changes))


def at_address(public_url: str) -> Change:
    """Another public address, of which the provider knows."""

    def changed(facts: Facts) -> Facts:
        hook = replace(PROVIDER, hook_url=f"{public_url}/hooks/twilio/sms")
        return replace(facts, setup=replace(facts.setup, public_url=public_url), provider=hook)

    return changed


def machine(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, machine=replace(MACHINE, **changes))


def database(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, database=replace(DATABASE, **changes))


def durability(**settings: str) -> Change:
    return database(settings={**DATABASE.settings, **settings})


def broker(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, broker=replace(BROKER, **changes))


def provider(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, provider=replace(PROVIDER, **changes))


def door(health: Visit, hook: Visit | None) -> Change:
    return lambda facts: replace(facts, door=DoorFacts(health, hook))


def mail(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, mail=replace(MAIL, **changes))


def running(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, running=replace(RUNNING, **changes))


def clinics(**changes: Any) -> Change:  # noqa: ANN401
    return running(clinics=replace(CLINICS, **changes))


def child(**changes: Any) -> Change:  # noqa: ANN401
    return lambda facts: replace(facts, children=(replace(facts.children[0], **changes),))


def stopped(facts: Facts) -> Facts:
    """No process of ours runs."""
    return replace(facts, children=(), running=replace(RUNNING, beats={"worker": NOW - timedelta(hours=3)}))


def lost(facts: Facts) -> Facts:
    return replace(facts, mail=None, lost={"mail server": "no answer within 12 s"})


def circuit(account: str, cause: Cause) -> Change:
    return running(circuits={account: Circuit(cause, opened_at=NOW)})


NOBODY = Visit(None, problem=VisitProblem.NOT_REACHED, detail="Connection refused")
UNTRUSTED = Visit(None, problem=VisitProblem.CERTIFICATE, detail="certificate has expired")
FAULTY: dict[Code, Change] = {
    Code.OLD_PYTHON: machine(python=(3, 10, 12)),
    Code.WRONG_PACKAGE: machine(packages={"celery": "5.6.9"}),
    Code.KEY_READABLE: machine(modes={"/srv/reminders/token": 0o644}),
    Code.NO_KEY: setup(has_secret_key=False),
    Code.NOBODY_ALLOWED: setup(allowed_count=0),
    Code.SOME_ALLOWED: setup(allowed_count=1),
    Code.NO_CHANNEL: setup(sms_host=None, is_real_provider=False, has_email=False),
    Code.PUBLIC_URL_LOCAL: at_address("https://localhost:8000"),
    Code.PUBLIC_URL_PLAIN: at_address("http://reminders.example"),
    Code.PUBLIC_URL_UNDERSCORE: at_address("https://our_clinic.example"),
    Code.NO_ZONES: machine(zones=None),
    Code.OLD_ZONES: machine(zones="2024a"),
    Code.NOBODY_TOLD: setup(has_alert_address=False, has_heartbeat=False),
    Code.ALERTS_WITHOUT_MAIL: setup(has_email=False),
    Code.NO_HEARTBEAT: setup(has_heartbeat=False),
    Code.FAILPOINTS: setup(has_failpoints=True),
    Code.CLINIC_FILE_FAULTY: clinics(fault="clinic.toml: clinic.zone: found 'Mars'"),
    Code.CLINIC_FILE_CHANGED: clinics(files={"clinic.toml": ("riverside", FileState.CHANGED)}),
    Code.BUILT_IN_CLINIC: clinics(is_source_there=False, files={}, applied=("clinic",), is_built_in_only=True),
    Code.NOBODY_ON_CALL: clinics(without_chain=("riverside",)),
    Code.ON_CALL_CLOSED: clinics(out_of_reach=(("riverside", "Night nurse"),)),
    Code.SCHEDULE_REFUSED: running(schedules={"schedule.csv": "3 faults"}),
    Code.DISK_LOW: machine(free_bytes=1_000_000_000),
    Code.DISK_FULL: machine(free_bytes=1_000),
    Code.DATABASE_AWAY: database(problem="connection refused"),
    Code.DATABASE_OLD: database(version=(12, 9)),
    Code.DATABASE_BEHIND: database(standing=Standing.BEHIND, revision="0002"),
    Code.DATABASE_NEWER: database(standing=Standing.NEWER, revision="0009"),
    Code.DATABASE_EMPTY: database(standing=Standing.EMPTY, revision=None),
    Code.DATABASE_READ_ONLY: database(is_read_only=True),
    Code.FSYNC_OFF: durability(fsync="off"),
    Code.COMMIT_NOT_SYNCHRONOUS: durability(synchronous_commit="off"),
    Code.PARTIAL_PAGES: durability(full_page_writes="off"),
    Code.NOT_WAL: durability(journal_mode="delete"),
    Code.SQLITE_NOT_SYNCHRONOUS: durability(synchronous="normal"),
    Code.WRONG_KEY: database(opens_with_our_key=False),
    Code.BROKER_AWAY: broker(is_reached=False, detail="redis:6379: Connection refused"),
    Code.BROKER_OLD: broker(version=(5, 0, 14)),
    Code.BROKER_EVICTS: broker(policy="allkeys-lru"),
    Code.BROKER_FORGETS: broker(is_kept=False),
    Code.BROKER_FILLING: broker(used_bytes=70_000_000),
    Code.BROKER_SECRETIVE: broker(policy=None),
    Code.BROKER_REPLICA: broker(is_replica=True),
    Code.BROKER_REFUSES: broker(is_refusing_writes=True),
    Code.PROVIDER_AWAY: provider(is_reached=False, detail="no answer"),
    Code.CREDENTIALS_REFUSED: provider(has_good_credentials=False),
    Code.ACCOUNT_NOT_ACTIVE: provider(account_status="suspended"),
    Code.SENDER_NOT_OURS: provider(is_ours=False),
    Code.SENDER_CANNOT_TEXT: provider(can_text=False),
    Code.HOOK_ELSEWHERE: provider(hook_url="https://demo.twilio.com/welcome/sms/reply"),
    Code.PROVIDER_SIMULATED: setup(is_real_provider=False),
    Code.PROVIDER_MISSING: setup(sms_host=None, is_real_provider=False, has_email=False),
    Code.HOOKS_UNVERIFIED: setup(has_hooks=False),
    Code.PROVIDER_SILENT: provider(hook_url=None),
    Code.TEXTS_STOPPED: circuit(SMS, Cause.CONFIGURATION),
    Code.TEXTS_PAUSED: circuit(SMS, Cause.FAILURES),
    Code.DOOR_SHUT: door(NOBODY, NOBODY),
    Code.DOOR_ELSEWHERE: door(Visit(404), Visit(404)),
    Code.DOOR_UNGUARDED: door(Visit(200, "ok\n"), Visit(200)),
    Code.DOOR_CERTIFICATE: door(UNTRUSTED, UNTRUSTED),
    Code.HOOK_BROKEN: door(Visit(200, "ok\n"), Visit(500)),
    Code.MAIL_AWAY: mail(problem=MailProblem.CONNECTION),
    Code.MAIL_TLS: mail(problem=MailProblem.TLS),
    Code.MAIL_GREETING: mail(problem=MailProblem.GREETING),
    Code.MAIL_LOG_IN: mail(problem=MailProblem.LOG_IN, detail="refused with 535"),
    Code.MAIL_MISSING: setup(sms_host=None, is_real_provider=False, has_email=False),
    Code.MAILS_STOPPED: circuit(EMAIL, Cause.CONFIGURATION),
    Code.MAILS_PAUSED: circuit(EMAIL, Cause.LIMIT),
    Code.DATABASE_CLOCK: database(skew=timedelta(seconds=6)),
    Code.PROVIDER_CLOCK: provider(skew=timedelta(seconds=-125)),
    Code.BROKER_CLOCK: broker(skew=timedelta(seconds=-6)),
    Code.NOTHING_RUNS: stopped,
    Code.PROCESS_SILENT: running(beats={**RUNNING.beats, "beat": NOW - timedelta(seconds=91)}),
    Code.PROCESS_DOWN: child(is_ready=False, phase="waiting", restarts=5),
    Code.PROCESS_RESTARTS: child(restarts=4),
    Code.MESSAGES_OVERDUE: running(overdue=OverdueFacts("0190a1b2", NOW - timedelta(minutes=3), 12)),
    Code.RESENDS_HELD: running(held_since={SMS: NOW}),
    Code.CANARY_STUCK: running(canaries=(replace(CANARY, called_at=None, is_received=False, heard_at=None),)),
    Code.CANARY_MISSING: running(canaries=()),
    Code.LOOK_FAILED: lost,
}
"""For each code a change by which an installation in which all is well comes to have it."""
