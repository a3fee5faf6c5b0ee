"""What a simulator is told at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from ssl import SSLContext
from zoneinfo import ZoneInfo

from reminders.simulator.people import Person


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Where to listen, whom to believe, whom to tell, and how fast and how badly the world runs."""

    account_sid: str
    auth_token: str
    api_key: str | None = None
    api_secret: str | None = None
    host: str = "127.0.0.1"
    port: int = 0  # 0 takes a free one
    smtp_port: int = 0
    smtp_tls: SSLContext | None = None  # offers STARTTLS when given
    inbound_url: str | None = None  # where texts from phones are posted; without it they stay on the phone
    clinic_url: str | None = None  # the page to link to
    people: tuple[Person, ...] = ()
    numbers: tuple[str, ...] = ()  # the account's own senders; empty believes every well-formed sender
    default_number: str = "+15005550006"  # stands for a messaging service's pool, and is texted by silent phones
    delivery_time: timedelta = timedelta(seconds=0.6)  # from acceptance to delivery
    list_lag: timedelta = timedelta(0)  # how late messages show up in lists
    is_queued_hidden_by_date: bool = False  # whether date filters of lists pass over messages not yet sent
    handles_help: bool = True  # the provider answers HELP itself and tells nobody
    has_advanced_opt_out: bool = False  # posts OptOutType with keywords, HELP included
    faults: Mapping[str, float] = field(default_factory=dict)
    refused_mail: Mapping[str, str] = field(default_factory=dict)  # address to SMTP answer, "550 no such mailbox"
    seed: int = 1
    journal: Path | None = None
    keep: int = 100_000  # messages, mails and calls remembered, each
    clock_file: Path | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
