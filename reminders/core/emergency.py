"""Emergency numbers by country: the general one, and the line for people in a crisis (requirements 45 and 60).

Data, not code: a clinic overrides either by `emergency_number` and `crisis_line`. A country that is missing here gets
112, which mobile networks everywhere connect to the local emergency service (3GPP TS 22.101, 10.1.1), for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Numbers:
    """What to dial: `general` when life is at risk, `crisis` to talk to somebody, day and night."""

    general: str
    crisis: str


NUMBERS: Mapping[str, Numbers] = {
    "US": Numbers("911", "988"),
    "CA": Numbers("911", "988"),
    "PR": Numbers("911", "988"),
    "MX": Numbers("911", "800 911 2000"),
    "GB": Numbers("999", "116 123"),
    "IE": Numbers("112", "116 123"),
    "AU": Numbers("000", "13 11 14"),
    "NZ": Numbers("111", "1737"),
    "DE": Numbers("112", "0800 111 0 111"),
    "AT": Numbers("112", "142"),
    "CH": Numbers("112", "143"),
    "NL": Numbers("112", "113"),
    "BE": Numbers("112", "1813"),
    "FR": Numbers("112", "3114"),
    "ES": Numbers("112", "024"),
    "PT": Numbers("112", "213 544 545"),
    "IT": Numbers("112", "02 2327 2327"),
    "SE": Numbers("112", "90101"),
    "NO": Numbers("113", "116 123"),
    "DK": Numbers("112", "70 201 201"),
    "FI": Numbers("112", "09 2525 0111"),
    "PL": Numbers("112", "116 123"),
    "AR": Numbers("911", "135"),
    "CL": Numbers("131", "*4141"),
    "CO": Numbers("123", "106"),
    "BR": Numbers("192", "188"),
    "IN": Numbers("112", "14416"),
    "IL": Numbers("101", "1201"),
    "ZA": Numbers("112", "0800 567 567"),
    "SG": Numbers("995", "1767"),
    "JP": Numbers("119", "0120 279 338"),
}
ELSEWHERE = Numbers("112", "112")


def numbers_of(country: str) -> Numbers:
    """Return the numbers of a country by its ISO 3166 code, in either case."""
    return NUMBERS.get(country.strip().upper(), ELSEWHERE)
