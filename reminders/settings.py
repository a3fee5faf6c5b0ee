"""The environment, read once: every variable, its default and its check. Each bad value is one line that names it.

Each secret may also be given as a file: `REMINDERS_TWILIO_AUTH_TOKEN_FILE=/run/secrets/token`.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from reminders.core.allow_list import AllowList
from reminders.core.errors import SettingsError
from reminders.core.retention import Retention

PREFIX = "REMINDERS_"
TWILIO = "https://api.twilio.com"
SECRETS = ("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "SMTP_URL", "SECRET_KEY", "DATABASE_URL", "REDIS_URL")
SHORTEST_SECRET = 32
FEWEST_DAYS = {"keep_texts_days": 7, "keep_delivery_days": 90, "keep_audit_days": 365}
"""Shorter would take away what open questions, the usual reports and whoever audits still ask for."""
WRITTEN_WITHIN = 2.0
"""Seconds for which a secret file that is still empty may be being written by another process."""
BROKERS = {"redis", "rediss", "redis+socket"}
_ADDRESS = re.compile(r"\+[0-9]{6,15}|[^@]+@[^@]+")
"""What an allow-list can hold; a number written otherwise would never match."""


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """The account texts are sent from."""

    sid: str
    auth_tokens: tuple[str, ...]
    api_key: str
    api_secret: str
    sender: str
    messaging_service_sid: str


MADE_UP = TwilioAccount("AC" + "0" * 32, ("simulated-auth-token",), "", "", "+15005550006", "")
"""Used where only the address of a simulator is given; the number is Twilio's own for tests."""


class Settings(BaseSettings):
    """What the environment decides. Everything about a clinic itself is in the database instead."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(Path("var"), description="Folder of the embedded database, broker, logs and secret key")
    database_url: str = Field("", description="PostgreSQL or SQLite URL; default: SQLite in DATA_DIR")
    redis_url: str = Field("", description="Redis or Valkey URL; default: an embedded Valkey in DATA_DIR")
    clinic_file: Path | None = Field(
        None,
        description="Clinic file, or folder of them, applied at first start; default: clinic.toml in DATA_DIR",
    )
    schedule_file: Path | None = Field(None, description="Schedule CSV, or folder of them, read again when it changes")
    public_url: str = Field("http://localhost:8000", description="How providers and patients reach this service")
    allow_list: str = Field(
        "", description="`off`, or the numbers and addresses that may be written to; default: nobody"
    )
    twilio_account_sid: str = Field("", description="Twilio account (AC…); without it no text is sent")
    twilio_auth_token: str = Field(
        "", description="Checks the signatures of Twilio's callbacks; two, comma-separated, while rotating"
    )
    twilio_api_key: str = Field("", description="Twilio API key (SK…) for calls; default: account and auth token")
    twilio_api_secret: str = Field("", description="Secret of that API key")
    twilio_from: str = Field("", description="Sending number in E.164")
    twilio_messaging_service_sid: str = Field("", description="Messaging service (MG…) instead of a sending number")
    twilio_base_url: str = Field(TWILIO, description="Twilio's address; a simulator's for tests and demo")
    twilio_answers_keywords: bool = Field(default=True, description="Twilio itself answers STOP and HELP (its default)")
    smtp_url: str = Field(
        "", description="`smtp://user:pass@host:port?starttls=1` or `smtps://…`; without it no e-mail is sent"
    )
    mail_from: str = Field("", description="Sender of e-mail, such as `Front Desk <desk@clinic.example>`")
    secret_key: str = Field(
        "", description="Encrypts names, addresses and texts; made in DATA_DIR if absent; newest first, comma-separated"
    )
    clock: str = Field("system", description="`system`, or `START_ISO@SPEED` for a simulated clock")
    demo: bool = Field(default=False, description="Show the staff pages of the demo; for a service on loopback only")
    simulator_url: str = Field("", description="Where the demo's phone simulator is, for links to it")
    unknown_grace_seconds: int = Field(
        600, ge=1, description="How long an unknown outcome is looked for before it counts as not sent"
    )

    segments_per_second: float = Field(
        100.0, gt=0, description="How fast texts may leave: 1 for a US long code, 3 toll-free, 100 for a short code"
    )
    texts_in_flight: int = Field(
        32, ge=1, le=1000, description="How many texts each worker process hands over at a time"
    )
    keep_texts_days: int = Field(
        30, ge=0, description="How long texts of messages and replies are kept; 0 is for ever, else 7 at least"
    )
    keep_delivery_days: int = Field(
        396, ge=0, description="How long provider calls, reports and the API's events are kept; 0, or 90 at least"
    )
    keep_audit_days: int = Field(
        2192, ge=0, description="How long the log of what staff did is kept; 0, or 365 at least"
    )
    twilio_lookup: bool = Field(default=False, description="Ask Twilio Lookup for landlines first; costs money")
    heartbeat_url: str = Field("", description="Asked each minute that a test message got through")
    canary_url: str = Field("", description="Where this service's web process is for that message; default: PUBLIC_URL")
    alert_to: str = Field("", description="Who is mailed by `watch` when something is wrong; several with commas")
    failpoints: str = Field("", description="For tests: where processes die; refused with the real Twilio")

    @field_validator("public_url", "twilio_base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and _has_good_port(parts)
        if not is_address or parts.query or parts.fragment:
            raise ValueError("an address such as https://reminders.clinic.example is wanted")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _is_broker(cls, value: str) -> str:
        # Celery takes any other word for the host of a broker of another make, and asks after it for ever.
        if value and (urlsplit(value).scheme not in BROKERS or not _has_good_port(urlsplit(value))):
            raise ValueError("an address such as redis://127.0.0.1:6379/0 is wanted")
        return value

    @field_validator("allow_list")
    @classmethod
    def _lists_addresses(cls, value: str) -> str:
        listed = AllowList.parse(value).addresses or frozenset()
        if any(_ADDRESS.fullmatch(word) is None for word in listed):
            raise ValueError("wanted is the word off, or numbers as +12125550123 and e-mail addresses, with commas")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, value: str) -> str:
        if any(len(key.strip()) < SHORTEST_SECRET for key in value.split(",") if value):
            raise ValueError(f"at least {SHORTEST_SECRET} characters are wanted")
        return value

    @field_validator("keep_texts_days", "keep_delivery_days", "keep_audit_days")
    @classmethod
    def _is_long_enough_to_work(cls, value: int, info: ValidationInfo) -> int:
        least = FEWEST_DAYS[info.field_name or ""]
        if 0 < value < least:
            raise ValueError(f"at least {least} days, or 0 for ever")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.is_simulated and self.twilio_account_sid and self.twilio_base_url == TWILIO:
            raise ValueError(
                f"{PREFIX}CLOCK: a simulated clock never talks to the real provider; set {PREFIX}TWILIO_BASE_URL"
            )
        if self.twilio_account_sid and not (self.twilio_from or self.twilio_messaging_service_sid):
            raise ValueError(f"{PREFIX}TWILIO_FROM: a sending number or {PREFIX}TWILIO_MESSAGING_SERVICE_SID is wanted")
        if self.twilio_account_sid and not (self.twilio_auth_token or self.twilio_api_secret):
            raise ValueError(f"{PREFIX}TWILIO_AUTH_TOKEN: an auth token, or an API key and its secret, is wanted")
        if self.failpoints and self.twilio_base_url == TWILIO:
            raise ValueError(f"{PREFIX}FAILPOINTS: for tests only; unset it, or set {PREFIX}TWILIO_BASE_URL")
        return self

    @property
    def twilio(self) -> TwilioAccount | None:
        """The account, None where no text can be sent. A simulator needs no account: one is made up."""
        if not self.twilio_account_sid:
            return MADE_UP if self.twilio_base_url != TWILIO else None
        tokens = tuple(token.strip() for token in self.twilio_auth_token.split(",") if token.strip())
        return TwilioAccount(
            self.twilio_account_sid,
            tokens,
            self.twilio_api_key,
            self.twilio_api_secret,
            self.twilio_from,
            self.twilio_messaging_service_sid,
        )

    @property
    def retention(self) -> Retention:
        """How long what is stored is kept."""
        kept = (self.keep_texts_days, self.keep_delivery_days, self.keep_audit_days)
        return Retention(*(timedelta(days=days) if days else None for days in kept))

    @property
    def is_simulated(self) -> bool:
        """Say whether the clinic's time is simulated."""
        return self.clock != "system"

    @property
    def database(self) -> str:
        """The database's URL, with its embedded default."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'reminders.sqlite3'}"

    @property
    def allowed(self) -> AllowList:
        """Who may be written to."""
        return AllowList.parse(self.allow_list)

    @property
    def keys(self) -> tuple[str, ...]:
        """The installation's secrets, newest first; made and kept in the data folder where none is given."""
        given = tuple(key.strip() for key in self.secret_key.split(",") if key.strip())
        return given or (_kept_secret(self.kept_secret),)

    @property
    def has_keys(self) -> bool:
        """Say whether there is a secret: asking for `keys` would make one."""
        return bool(self.secret_key) or self.kept_secret.exists()

    @property
    def kept_secret(self) -> Path:
        """Where the secret is kept that no setting names."""
        return self.data_dir / "secret.key"

    @property
    def clinic_source(self) -> Path:
        """Where clinic files are looked for at the first start."""
        return self.clinic_file or self.data_dir / "clinic.toml"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises SettingsError with one line for each bad value."""
    given = dict(os.environ if environment is None else environment)
    values, faults = _from_files(given)
    for name in Settings.model_fields:
        if (variable := PREFIX + name.upper()) in given and given[variable] != "":
            values[name] = given[variable]
    if faults:
        raise SettingsError(faults)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError([_fault(item["loc"], item["msg"]) for item in error.errors()]) from None


def secret_files(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Return the files that the environment names for secrets."""
    given = dict(os.environ if environment is None else environment)
    return [Path(path) for name in SECRETS if (path := given.get(f"{PREFIX}{name}_FILE"))]


def _fault(where: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{PREFIX}{str(where[0]).upper()}: {text}" if where else text


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _from_files(given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    values, faults = {}, []
    for name in SECRETS:
        path = given.get(f"{PREFIX}{name}_FILE")
        if not path:
            continue
        try:
            values[name.lower()] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{PREFIX}{name}_FILE: cannot read {path}: {error.__class__.__name__}; name a readable file")
    return values, faults


def _kept_secret(path: Path) -> str:
    """Return the secret kept in a file that only its owner reads; make it where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        _wait_for_writer(path)
        return _read_kept(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    return _read_kept(path)


def _wait_for_writer(path: Path) -> None:
    """Give another process of the first start, which made the file a moment ago, the time to write into it."""
    until = monotonic() + WRITTEN_WITHIN
    while not path.stat().st_size and monotonic() < until:
        sleep(0.01)


def _read_kept(path: Path) -> str:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError([f"{path}: others may read this secret; run: chmod 600 {path}"])
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST_SECRET:
        raise SettingsError(
            [f"{path}: this secret is too short or still being written; remove the file if it is broken"]
        )
    return key
