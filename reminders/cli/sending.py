"""`reminders sending`: how each channel stands, for whoever runs the service; and the two levers they have."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.circuit import Cause
from reminders.core.instants import iso
from reminders.core.patients import Channel
from reminders.services.steer_sending import ChannelLine, read_channels, resend_doubtful, try_now

if TYPE_CHECKING:
    from reminders.services.deps import Deps

DONE = 0
CAUSES: Mapping[Cause, str] = {
    Cause.FAILURES: "paused: the provider fails or does not answer",
    Cause.CONFIGURATION: "paused: the provider refuses the account or its sender",
    Cause.LIMIT: "paused: the provider asked us to wait",
}


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Show, try or release."""
    with opened(arguments, environment) as services:
        services.migrate()
        said = _act(services.deps, arguments)
        found = read_channels(services.deps)
    if arguments.json:
        print(json.dumps([_document(line) for line in found], indent=2))
        return DONE
    if said:
        print(said)
    rows = [(line.channel, _state(line), _when(line.circuit.opened_at), _when(line.circuit.probe_at)) for line in found]
    print_table(("Channel", "State", "Since", "Next try"), rows, environment)
    for line in found:
        if line.holds_unknown_since is not None:
            print(
                f"doubtful {line.channel} messages go to staff since {_when(line.holds_unknown_since)}, because some "
                "arrived twice; `python3 -m reminders sending resend` ends that"
            )
    return DONE


def _act(deps: Deps, arguments: Namespace) -> str:
    if arguments.lever == "try":
        is_paused = try_now(deps, Channel(arguments.channel))
        return "the next message tries it now" if is_paused else f"{arguments.channel} is not paused"
    if arguments.lever == "resend":
        is_changed = resend_doubtful(deps, by=author(arguments.by))
        return "doubtful messages are sent again once proven absent" + ("" if is_changed else ", as they were")
    return ""


def _state(line: ChannelLine) -> str:
    if not line.is_configured:
        return "no provider is configured"
    return CAUSES[line.circuit.cause] if line.circuit.cause is not None else "sends"


def _when(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at is not None else ""


def _document(line: ChannelLine) -> dict[str, object]:
    times: Sequence[tuple[str, datetime | None]] = (
        ("paused_since", line.circuit.opened_at),
        ("next_try_at", line.circuit.probe_at),
        ("holds_unknown_since", line.holds_unknown_since),
    )
    return {
        "channel": line.channel.value,
        "configured": line.is_configured,
        "paused": line.circuit.is_open,
        "cause": line.circuit.cause.value if line.circuit.cause is not None else None,
        **{name: iso(at) if at is not None else None for name, at in times},
    }
