"""How often somebody may fail to come in, by the address they come from, before they are told to wait.

Only failures count in the end: a try that comes in is given back. So an address behind which a whole clinic sits is not
shut by those who work there, and a key or a browser that is known to be good passes whatever others there do wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from reminders.core.pacing import Pace

NETWORK_BITS = 64
"""What a provider gives one customer of IPv6: with all its addresses somebody is still one."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many failures in a row, and how many a second after that (machine time)."""

    name: str
    pace: Pace


KEYS = Allowance("key", Pace(rate=0.5, burst=30.0))
"""Requests to the API without a good key, by address: 30 at once, then one in two seconds. A program with a wrong key
that tries each second is slowed and told so; a good key is looked at first and never refused for it, since 190 bits
cannot be guessed at any pace: the limit is for our own load, not for the secret."""
SIGN_INS = Allowance("sign_in", Pace(rate=20 / 60, burst=20.0))
"""Failed sign-ins by address: 20, and as many a minute (requirement 22). Each person is slowed by themselves, too."""
KNOWN_SIGN_INS = Allowance("known_sign_in", Pace(rate=5 / 60, burst=5.0))
"""Failed sign-ins of a person from a browser in which they signed in before: 5, and as many a minute, counted apart, so
that one guesser behind a clinic's address does not keep its staff out."""
PAGES = Allowance("page", Pace(rate=30 / 60, burst=30.0))
"""Answers to pages that a link opens, by address: 30 at once, and as many a minute. Reading is never counted."""
LONGEST_MEMORY_SECONDS = 600
"""By then every allowance is whole again, and who had it may be forgotten."""


def place_of(address: str) -> str:
    """Return what counts as one place: an IPv4 address, or the network of an IPv6 address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, NETWORK_BITS), strict=False))
