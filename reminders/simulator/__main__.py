"""`python -m reminders.simulator`: runs until stopped; one JSON line names the ports when everything answers."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reminders.simulator.faults import FaultSpecError, parse_faults
from reminders.simulator.people import read_people
from reminders.simulator.server import Simulator
from reminders.simulator.settings import SimulatorSettings


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"unknown time zone {name!r}") from error


def _faults(spec: str) -> dict[str, float]:
    try:
        return parse_faults(spec)
    except FaultSpecError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reminders.simulator",
        description="Phones, mailboxes and an SMS provider on this machine. No real message leaves it.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    add("--port", type=int, default=8001, help="port of the API and the pages; 0 takes a free one")
    add("--smtp-port", type=int, default=2525, help="port for mail; 0 takes a free one")
    add("--account-sid", required=True, metavar="AC…", help="the account's identifier")
    add("--auth-token", required=True, metavar="TOKEN", help="its token, which also signs webhooks")
    add("--api-key", metavar="SK…", help="an API key that is accepted too")
    add("--api-secret", metavar="SECRET", help="its secret")
    add("--inbound-url", metavar="URL", help="where texts typed on phones are posted")
    add("--clinic-url", metavar="URL", help="the clinic's page, linked from every page here")
    add("--people", type=Path, metavar="FILE.json", help='list of {"name", "phone", "email", "note", "landline"}')
    add(
        "--number", action="append", default=[], metavar="+1…", help="a sender of the account (repeatable; default any)"
    )
    add("--default-number", default="+15005550006", metavar="+1…", help="sender that stands for a messaging service")
    add("--delivery-seconds", type=_seconds, default=timedelta(seconds=0.6), help="from acceptance to delivery")
    add("--list-lag", type=_seconds, default=timedelta(0), metavar="SECONDS", help="how late lists show a message")
    add("--hide-queued", action="store_true", help="lists by date pass over messages not yet sent")
    add("--no-help-reply", action="store_true", help="the provider does not answer HELP itself")
    add("--faults", type=_faults, default={}, metavar="SPEC", help="for example accept_then_timeout=0.03,slow=0.1")
    add("--seed", type=int, default=1, help="same seed, same faults")
    add("--journal", type=Path, metavar="FILE", help="keeps what happened as JSON lines across restarts")
    add("--clock-file", type=Path, metavar="FILE", help='simulated time to show: {"start", "speed", "anchor", "zone"}')
    add("--zone", type=_zone, default=ZoneInfo("UTC"), help="time zone of the pages")
    return parser


def _settings(arguments: argparse.Namespace) -> SimulatorSettings:
    return SimulatorSettings(
        account_sid=arguments.account_sid,
        auth_token=arguments.auth_token,
        api_key=arguments.api_key,
        api_secret=arguments.api_secret,
        host=arguments.host,
        port=arguments.port,
        smtp_port=arguments.smtp_port,
        inbound_url=arguments.inbound_url,
        clinic_url=arguments.clinic_url,
        people=read_people(arguments.people) if arguments.people else (),
        numbers=tuple(arguments.number),
        default_number=arguments.default_number,
        delivery_time=arguments.delivery_seconds,
        list_lag=arguments.list_lag,
        is_queued_hidden_by_date=arguments.hide_queued,
        handles_help=not arguments.no_help_reply,
        faults=arguments.faults,
        seed=arguments.seed,
        journal=arguments.journal,
        clock_file=arguments.clock_file,
        zone=arguments.zone,
    )


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Ends the process before the server runs, and after it has stopped, when uvicorn raises the signal again."""
    sys.exit(0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator; 0 after it was stopped, 2 if it could not start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        simulator = Simulator(_settings(_parser().parse_args(argv)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2

    def announce() -> None:
        sys.stdout.write(json.dumps({"http": simulator.port, "smtp": simulator.smtp_port}) + "\n")
        sys.stdout.flush()

    simulator.run(announce)
    return 0


if __name__ == "__main__":
    sys.exit(main())
