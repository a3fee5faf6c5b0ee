"""Toll-free numbers: opt-outs of them are kept by the network, and YES does not end one (requirement 36)."""

from __future__ import annotations

from collections.abc import Mapping

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "+1": ("800", "833", "844", "855", "866", "877", "888"),  # North American Numbering Plan: US, CA and the islands
    "+33": ("800", "801", "802", "803", "804", "805"),  # FR
    "+34": ("800", "900"),  # ES
    "+353": ("1800",),  # IE
    "+39": ("800", "803"),  # IT
    "+41": ("800",),  # CH
    "+43": ("800",),  # AT
    "+44": ("800", "808"),  # GB
    "+49": ("800",),  # DE
    "+52": ("800",),  # MX
    "+61": ("1800",),  # AU
    "+64": ("508", "800"),  # NZ
}
"""Beginnings of toll-free numbers after the country's own code, as the numbering plans assign them."""


def is_toll_free(number: str) -> bool:
    """Say it of a number in E.164; of anything else, such as a short code or a name, it is not."""
    return any(number.startswith(f"{code}{prefix}") for code, prefixes in PREFIXES.items() for prefix in prefixes)
