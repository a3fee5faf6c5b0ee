"""The one composition root: the environment in, a bundle of services out. Nothing is opened before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reminders.adapters.calendar_invite import invite
from reminders.adapters.celery_queue import CeleryJobQueue
from reminders.adapters.clinic_files import read_clinic_files
from reminders.adapters.credentials import ArgonCredentials
from reminders.adapters.heartbeat import HttpHeartbeat
from reminders.adapters.holidays_calendar import HolidaysCalendar
from reminders.adapters.http_visitor import HttpVisitor
from reminders.adapters.local_machine import LocalMachineInspection
from reminders.adapters.logs import configure_logs
from reminders.adapters.memory import MemoryJobQueue
from reminders.adapters.memory_canary import MemoryStubProvider
from reminders.adapters.random_ids import RandomIdentity
from reminders.adapters.redis_inspection import RedisBrokerInspection
from reminders.adapters.redis_pacer import RedisPacer, client_url
from reminders.adapters.schedule_csv import CsvDefaults, CsvScheduleSource
from reminders.adapters.schedule_csv.cells import WrongCellError
from reminders.adapters.schedule_csv.cells import email as read_email
from reminders.adapters.schedule_csv.cells import phone as read_phone
from reminders.adapters.schedule_csv.single import read_entry, read_patient
from reminders.adapters.smtp_email import SmtpConfig, SmtpEmailGateway, SmtpEmailInspection
from reminders.adapters.stub_provider import HttpStubProvider
from reminders.adapters.system_clock import SimulatedClock, SystemClock, parse_clock
from reminders.adapters.twilio.error_codes import classify
from reminders.adapters.twilio.hooks import TwilioSmsHooks
from reminders.adapters.twilio.inspection import TwilioSenderInspection
from reminders.adapters.twilio.line import TwilioConfig
from reminders.adapters.twilio.lookup import TwilioLineLookup
from reminders.adapters.twilio.sms import TwilioSmsGateway
from reminders.core.appointments import ScheduleEntry
from reminders.core.clinic_document import BUILT_IN
from reminders.core.clinics import Clinic
from reminders.core.delivery import Resolution
from reminders.core.errors import InputError, SettingsError
from reminders.core.examination.facts import SetupFacts
from reminders.core.pacing import Pace
from reminders.core.patients import Channel, PatientRecord
from reminders.core.reports import CodeCount
from reminders.failpoints import arm
from reminders.ports import (
    QUEUES,
    Clock,
    EmailGateway,
    Fault,
    Heartbeat,
    JobQueue,
    ScheduleSource,
    SenderInspection,
    SmsHooks,
    StubProvider,
)
from reminders.services.apply_clinics import apply_clinics, known_clinics
from reminders.services.deps import Deps, SendingPolicy
from reminders.services.examine import Examination
from reminders.settings import TWILIO, Settings, read_settings, secret_files
from reminders.store.revisions import is_current
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault

KEY_PREFIX = "reminders:"
"""Before every key in the broker, so that it can be shared without being mixed up."""
MAIL_DOMAIN = "reminders.invalid"
OPENS_NOTHING = "not a secret: a vault of this one seals nothing that anybody keeps"


@dataclass(frozen=True, slots=True)
class Facts:
    """Plain facts that a door may need; nothing secret."""

    data_dir: Path
    public_url: str
    is_embedded_database: bool
    redis_url: str
    is_simulated: bool
    is_allow_list_off: bool
    allowed_count: int
    has_sms: bool
    has_email: bool
    has_hooks: bool
    sms_host: str
    clinic_source: Path
    is_clinic_file_named: bool
    schedule_file: Path | None
    is_demo: bool
    simulator_url: str


@dataclass(frozen=True, slots=True)
class Services:
    """What a door is given: `deps` for the functions of `reminders.services`, the hooks' verifier, and plain facts."""

    deps: Deps
    hooks: SmsHooks
    facts: Facts
    stub_provider: StubProvider = field(default_factory=MemoryStubProvider)
    heartbeat: Heartbeat | None = None
    alarm_mail: EmailGateway | None = None
    """How alarms leave: less patient than what patients' mail leaves by."""
    alert_to: tuple[str, ...] = ()

    def migrate(self) -> bool:
        """Bring the database to the newest migration; False where it was there already."""
        if is_current(self.deps.store):
            return False
        from reminders.store.migrating import migrate  # noqa: PLC0415 - brings Alembic, which is rarely needed

        return migrate(self.deps.store, lock_folder=self.facts.data_dir)

    def prepare(self) -> list[str]:
        """Migrate, and at the first start apply the clinic files. Returns what a person should know.

        Raises ClinicFileError where a clinic file has faults, SettingsError where the one that is named is missing.
        """
        self.migrate()
        if known_clinics(self.deps):
            return []
        source = self.facts.clinic_source
        if self.facts.is_clinic_file_named and not source.exists():
            raise SettingsError([f"REMINDERS_CLINIC_FILE: {source} does not exist; name a file, or a folder of them"])
        if source.exists():
            return [
                f"clinic {slug} set up from {source}" for slug in apply_clinics(self.deps, read_clinic_files(source))
            ]
        apply_clinics(self.deps, [("built-in", BUILT_IN)])
        return [f"no clinic file at {source}: texts come from '{BUILT_IN['sender']}'; write one and apply it"]

    def schedule_source(self, path: Path) -> ScheduleSource:
        """Return a reader of a schedule file with the defaults of the clinics we know."""
        known = {clinic.slug: clinic for clinic in known_clinics(self.deps)}
        first = next(iter(known.values()))
        return CsvScheduleSource(path, CsvDefaults(first.timezone, first.language, first.country, clinics=known))

    def phone(self, text: str, country: str) -> str:
        """Read a phone number as E.164; without `+` it is one of `country`. Raises InputError."""
        try:
            return read_phone(text, country)
        except WrongCellError as error:
            raise InputError([f"--phone: found {error}"]) from None

    def email(self, text: str) -> str:
        """Read an e-mail address in its normal form. Raises InputError."""
        try:
            return read_email(text)
        except WrongCellError as error:
            raise InputError([f"--email: found {error}"]) from None

    def entry(self, row: Mapping[str, str], clinic: Clinic) -> tuple[ScheduleEntry | None, Sequence[Fault]]:
        """Read a session that a program hands over, by the rules of a schedule's row; None with its faults."""
        return read_entry(row, clinic)

    def patient(self, row: Mapping[str, str], clinic: Clinic) -> tuple[PatientRecord | None, Sequence[Fault]]:
        """Read a patient that a program hands over, likewise."""
        return read_patient(row, clinic)

    def clinic_documents(self, path: Path) -> list[tuple[str, Mapping[str, Any]]]:
        """Read clinic files. Raises ClinicFileError."""
        return read_clinic_files(path)

    def start_clock(self) -> None:
        """Let a simulated clock run; the system's runs already."""
        if isinstance(self.deps.clock, SimulatedClock):
            self.deps.clock.start_running()

    def load_ahead(self) -> None:
        """Import what the first message of a process would else wait for; nothing is opened."""
        if isinstance(self.deps.sms, TwilioSmsGateway):
            self.deps.sms.load()

    def close(self) -> None:
        """Give back what was opened."""
        for part in (self.deps.sms, self.deps.queue, self.deps.pacer, self.deps.store):
            close = getattr(part, "close", None)
            if close is not None:
                with suppress(OSError):
                    close()


def database_url() -> str:
    """Return the database of the environment, for migrations."""
    return read_settings().database


def open_services(environment: Mapping[str, str] | None = None) -> Services:
    """Put everything together from the environment. Raises SettingsError with one line for each bad value."""
    settings = read_settings(environment)
    configure_logs()
    arm(settings.failpoints)
    clock = _clock(settings)
    sms = _sms(settings, clock)
    deps = Deps(
        store=Store(settings.database, Vault(settings.keys)),
        clock=clock,
        identity=RandomIdentity(),
        queue=_queue(settings),
        sms=sms,
        email=_email(settings, clock),
        invite=invite,
        allow_list=settings.allowed,
        calendar=HolidaysCalendar(),
        credentials=ArgonCredentials(),
        public_url=settings.public_url,
        mail_domain=_mail_domain(settings),
        provider_answers_keywords=settings.twilio_answers_keywords,
        own_number=settings.twilio_from,
        resolution=_resolution(settings),
        accounts=_accounts(settings),
        pacer=RedisPacer(settings.redis_url, KEY_PREFIX) if settings.redis_url else None,
        pace=Pace.of(settings.segments_per_second * clock.speed),
        lookup=TwilioLineLookup(sms.line) if sms is not None and settings.twilio_lookup else None,
        retention=settings.retention,
        policy=SendingPolicy.of(settings.texts_in_flight, is_shared=not settings.database.startswith("sqlite")),
    )
    return Services(
        deps,
        _hooks(settings),
        _facts(settings),
        stub_provider=HttpStubProvider((settings.canary_url or settings.public_url).rstrip("/")),
        heartbeat=HttpHeartbeat(settings.heartbeat_url) if settings.heartbeat_url else None,
        alarm_mail=_alarm_mail(settings, clock),
        alert_to=tuple(filter(None, map(str.strip, settings.alert_to.split(",")))),
    )


def open_examination(environment: Mapping[str, str] | None = None) -> Examination:
    """Put together what looks at an installation without changing it: no file is made, no secret either.

    Raises SettingsError with one line for each bad value.
    """
    settings = read_settings(environment)
    configure_logs()
    clock = _clock(settings)
    files = [*secret_files(environment), *([] if settings.secret_key else [settings.kept_secret])]
    return Examination(
        setup=_setup_facts(settings),
        store=Store(settings.database, _vault_to_look_with(settings)),
        clock=clock,
        machine=LocalMachineInspection(settings.data_dir.resolve(), files),
        visitor=HttpVisitor(),
        broker=RedisBrokerInspection(client_url(settings.redis_url), clock) if settings.redis_url else None,
        sender=_sender(settings, clock),
        mail=SmtpEmailInspection(_smtp(settings)) if settings.smtp_url else None,
        accounts=_accounts(settings),
        clinic_source=settings.clinic_source,
        read_clinics=read_clinic_files,
    )


def _vault_to_look_with(settings: Settings) -> Vault:
    """Return the installation's vault; where it has no secret that may be used, one that opens nothing."""
    with suppress(SettingsError):
        if settings.has_keys:
            return Vault(settings.keys)
    return Vault([OPENS_NOTHING])


def _setup_facts(settings: Settings) -> SetupFacts:
    account = settings.twilio
    allowed = settings.allowed.addresses
    return SetupFacts(
        public_url=settings.public_url,
        data_dir=str(settings.data_dir.resolve()),
        allowed_count=None if allowed is None else len(allowed),
        sms_host=urlsplit(settings.twilio_base_url).netloc if account is not None else None,
        is_real_provider=account is not None and settings.twilio_base_url == TWILIO,
        has_hooks=account is not None and bool(account.auth_tokens),
        has_email=bool(settings.smtp_url),
        has_alert_address=bool(settings.alert_to),
        has_heartbeat=bool(settings.heartbeat_url),
        has_failpoints=bool(settings.failpoints),
        has_secret_key=settings.has_keys,
        is_simulated=settings.is_simulated,
        is_embedded_broker=not settings.redis_url,
    )


def _smtp(settings: Settings) -> SmtpConfig:
    return SmtpConfig.from_url(settings.smtp_url, mail_from=settings.mail_from)


def _accounts(settings: Settings) -> dict[Channel, str]:
    """Return the accounts by which circuits and paces are kept: another account starts with a clean sheet."""
    account = settings.twilio
    host = urlsplit(settings.smtp_url).hostname or ""
    return {Channel.SMS: f"sms:{account.sid if account else ''}"[:80], Channel.EMAIL: f"email:{host}"[:80]}


def _clock(settings: Settings) -> Clock:
    if not settings.is_simulated:
        return SystemClock()
    time = parse_clock(settings.clock)
    return SimulatedClock(time.start, time.speed, settings.data_dir.resolve() / "run" / "clock.json")


def _queue(settings: Settings) -> JobQueue:
    # Without a broker a hint has nowhere to go, and need not: workers look for themselves.
    if not settings.redis_url:
        return MemoryJobQueue()
    return CeleryJobQueue(settings.redis_url, QUEUES, key_prefix=KEY_PREFIX)


def _sms(settings: Settings, clock: Clock) -> TwilioSmsGateway | None:
    config = _twilio(settings)
    return None if config is None else TwilioSmsGateway(config, clock)


def _sender(settings: Settings, clock: Clock) -> SenderInspection | None:
    config = _twilio(settings)
    return None if config is None else TwilioSenderInspection(config, clock)


def _twilio(settings: Settings) -> TwilioConfig | None:
    account = settings.twilio
    if account is None:
        return None
    return TwilioConfig(
        account_sid=account.sid,
        status_callback_base=f"{settings.public_url}/hooks/twilio/status/",
        api_key=account.api_key or None,
        api_secret=account.api_secret or None,
        auth_token=account.auth_tokens[0] if account.auth_tokens else None,
        sender=account.sender or None,
        messaging_service_sid=account.messaging_service_sid or None,
        base_url=settings.twilio_base_url,
        concurrency=settings.texts_in_flight,
    )


def _email(settings: Settings, clock: Clock) -> EmailGateway | None:
    if not settings.smtp_url:
        return None
    return SmtpEmailGateway(_smtp(settings), clock)


def _alarm_mail(settings: Settings, clock: Clock) -> EmailGateway | None:
    if not settings.smtp_url:
        return None
    return SmtpEmailGateway(replace(_smtp(settings), command_timeout=10.0, dot_timeout=20.0), clock)


def _hooks(settings: Settings) -> SmsHooks:
    account = settings.twilio
    tokens = account.auth_tokens if account is not None else ()
    return TwilioSmsHooks(tokens, account.sid if account is not None else "", settings.public_url)


def _mail_domain(settings: Settings) -> str:
    """Return the domain of Message-IDs: that of the sender, which is ours to number."""
    address = settings.mail_from.rsplit("@", 1)[-1].rstrip("> ")
    return address or MAIL_DOMAIN


def _resolution(settings: Settings) -> Resolution:
    grace = timedelta(seconds=settings.unknown_grace_seconds)
    usual = Resolution()
    return Resolution(
        grace=grace, spread=min(usual.spread, grace / 5), blind_grace=max(grace, min(usual.blind_grace, 3 * grace))
    )


def _facts(settings: Settings) -> Facts:
    account = settings.twilio
    allowed = settings.allowed.addresses
    return Facts(
        data_dir=settings.data_dir.resolve(),
        public_url=settings.public_url,
        is_embedded_database=not settings.database_url,
        redis_url=settings.redis_url,
        is_simulated=settings.is_simulated,
        is_allow_list_off=allowed is None,
        allowed_count=len(allowed or ()),
        has_sms=account is not None,
        has_email=bool(settings.smtp_url),
        has_hooks=account is not None and bool(account.auth_tokens),
        sms_host=urlsplit(settings.twilio_base_url).netloc,
        clinic_source=settings.clinic_source,
        is_clinic_file_named=settings.clinic_file is not None,
        schedule_file=settings.schedule_file,
        is_demo=settings.demo,
        simulator_url=settings.simulator_url,
    )


def meaning_of(found: CodeCount) -> str:
    """Say in words what an error code means, as reports show it."""
    return classify(found.code).meaning if found.is_text else "what the mail server answered"
