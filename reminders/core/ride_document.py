"""Reading `ride_policy`: who a clinic wants at discharge, for all its sessions or for one type of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reminders.core.reading import Reader
from reminders.core.transport import RidePolicy

RIDE_POLICY = "ride_policy"
WANTED = f"one of these is wanted: {', '.join(RidePolicy)}"


def read_ride_policy(reader: Reader, path: str, table: Mapping[str, Any], *, usual: RidePolicy) -> RidePolicy:
    """Return the policy that a table names, else the usual one, noting a fault."""
    if RIDE_POLICY not in table:
        return usual
    found = table[RIDE_POLICY]
    if isinstance(found, str) and found in set(RidePolicy):
        return RidePolicy(found)
    reader.fault(f"{path}.{RIDE_POLICY}", found, WANTED)
    return usual
