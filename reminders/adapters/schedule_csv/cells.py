"""From one cell's text to a value, or to words for what is wrong with it. Cells arrive without surrounding spaces."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from reminders.adapters.schedule_csv.languages import CODES, NAMES
from reminders.core.appointments import AppointmentStatus
from reminders.core.windows import from_local

SHOWN = 40
LONGEST_TEXT = 200
LONGEST_MINUTES = 5 * 24 * 60
"""Five days: continuous inpatient infusions are the longest that sources name (domain A2)."""
YEARS = range(2000, 2101)
STATUSES = tuple(status.value for status in AppointmentStatus)

LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
WITH_OFFSET = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)")
FLOAT = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+|[0-9]+\.0+", re.IGNORECASE)
PHONE_SIGNS = re.compile(r"\+?[0-9() .\-/\u00a0\u2010-\u2015]+")
AMERICA = 1
AMERICAN = re.compile(r"\+1[2-9][0-9]{9}")
"""A whole number of North America: no prefix, extension or sign is in it that would have to be found first."""
PLAIN_MAILBOX = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)")
"""Of these only the domain can be wrong, and nothing before the @ has another form."""
LONGEST_PLAIN = 64
BLOCK = 3
"""By how many last digits the numbers of an American block differ: they are given out by the thousand."""
LANGUAGE = re.compile(r"([a-z]{2,3})((?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?)", re.IGNORECASE)
COUNT = re.compile(r"[0-9]{1,9}")
SCRIPT_LENGTH = 4

PAID_BY_CALLER = {
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}
UNFIT_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of the text around them; in a list they would disfigure their neighbours."""
STANDING_STILL = {"EST": "America/New_York", "MST": "America/Denver (or America/Phoenix)", "HST": "Pacific/Honolulu"}
"""Names that look like a region's zone and never change their clocks."""


class WrongCellError(Exception):
    """A cell that cannot be used: what was found, and what would be right."""

    def __init__(self, found: str, wanted: str) -> None:
        """Keep both halves of the sentence."""
        super().__init__(f"{found}; {wanted}")
        self.found = found
        self.wanted = wanted


def show(text: str) -> str:
    """Return a text as a person may see it in a terminal: quoted, control characters escaped, cut."""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def has_stray_bytes(text: str) -> bool:
    """Say whether a text holds bytes that were not UTF-8."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def text(cell: str) -> str:
    """Read any text: composed form (NFC), one line, at most 200 characters."""
    if cell.isascii() and cell.isprintable() and len(cell) <= LONGEST_TEXT:
        return cell
    if has_stray_bytes(cell):
        raise WrongCellError(f"{show(cell)} is not UTF-8", "save the file as 'CSV UTF-8 (comma delimited)'")
    if len(cell) > LONGEST_TEXT:
        raise WrongCellError(f"{show(cell)} has {len(cell)} characters", f"at most {LONGEST_TEXT} fit")
    if not cell.isprintable() and any(_is_unfit(character) for character in cell):
        raise WrongCellError(f"{show(cell)} has a control character", "leave out line breaks, tabs and unseen signs")
    return unicodedata.normalize("NFC", cell)


def _is_unfit(character: str) -> bool:
    return unicodedata.category(character) in UNFIT_CATEGORIES or character in TURNING


def required(cell: str) -> str:
    """Read a text that must be there."""
    if not cell:
        raise WrongCellError("the cell is blank", "each row needs it")
    return text(cell)


def optional(cell: str) -> str | None:
    """Read a text that may be blank."""
    return text(cell) if cell else None


def status(cell: str) -> AppointmentStatus:
    """Read one of the five words for the state of an appointment."""
    word = required(cell).lower()
    if word not in STATUSES:
        like = get_close_matches(word, STATUSES, 1)
        hint = f"; is {like[0]} meant?" if like else ""
        raise WrongCellError(f"{show(cell)} is no status", f"write one of {', '.join(STATUSES)}{hint}")
    return AppointmentStatus(word)


def consent(cell: str) -> bool:
    """Read a permission: yes or no, blank is no."""
    word = cell.lower()
    if word not in {"yes", "no", ""}:
        raise WrongCellError(f"{show(cell)} is neither yes nor no", "write yes or no; blank is no")
    return word == "yes"


def minutes(cell: str) -> int:
    """Read a duration in whole minutes, at most five days."""
    count = int(cell) if COUNT.fullmatch(cell) else 0
    if not 1 <= count <= LONGEST_MINUTES:
        raise WrongCellError(
            f"{show(cell)} is no duration", f"write whole minutes, 1 to {LONGEST_MINUTES}, without a unit"
        )
    return count


def position(cell: str) -> int:
    """Read the place of an appointment in its series."""
    count = int(cell) if COUNT.fullmatch(cell) else 0
    if count < 1:
        raise WrongCellError(f"{show(cell)} is no place in a series", "write 1, 2, 3, …")
    return count


def zone(cell: str) -> str:
    """Read the IANA name of a time zone."""
    if cell in zone_names():
        return cell
    like = _closest_zone(cell)
    hint = f"did you mean {like}?" if like else "write it as Continent/City, such as America/New_York"
    raise WrongCellError(f"{show(cell)} is no time zone", hint)


@cache
def zone_names() -> frozenset[str]:
    """Return the names this machine's zone data knows, without the one that means 'as this machine is set'."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _closest_zone(cell: str) -> str | None:
    """Compare with whole names first, then with the city alone: people write `New York` for America/New_York."""
    wanted = cell[:LONGEST_TEXT].replace(" ", "_").lower()
    names = {name.lower(): name for name in sorted(zone_names())}
    cities = {name.rpartition("/")[2].lower(): name for name in sorted(zone_names(), reverse=True)}
    for known in (names, cities):
        if like := get_close_matches(wanted, known, 1, cutoff=0.75):
            return known[like[0]]
    return None


def local_time(cell: str) -> datetime:
    """Read a wall-clock time, without a zone."""
    required(cell)
    if not LOCAL_TIME.fullmatch(cell):
        if WITH_OFFSET.fullmatch(cell):
            raise WrongCellError(f"{show(cell)} carries an offset", "write the clinic's wall clock: YYYY-MM-DDTHH:MM")
        raise WrongCellError(f"{show(cell)} is no date and time", "write YYYY-MM-DDTHH:MM, such as 2027-03-02T09:30")
    try:
        local = datetime.fromisoformat(cell)
    except ValueError as error:
        raise WrongCellError(f"{show(cell)} does not exist ({error})", "write a date of the calendar") from error
    if local.year not in YEARS:
        raise WrongCellError(f"{show(cell)} lies in the year {local.year}", "years from 2000 to 2100 are read")
    return local


def instant(local: datetime, timezone: str) -> tuple[datetime, str | None]:
    """Return the UTC instant of a wall-clock time, and what to tell where a clock change makes it odd.

    A time that a clock change leaves out moves forward to the first that exists; one that happens twice is the first
    (requirement 4).
    """
    tz = ZoneInfo(timezone)
    at = from_local(local, tz)
    shown = at.astimezone(tz)
    if shown.replace(tzinfo=None) != local:
        return at, f"does not exist in {timezone}, where clocks go forward then; {shown:%H:%M} is taken"
    is_twofold = local.replace(tzinfo=tz, fold=1).astimezone(UTC) != at
    return at, f"happens twice in {timezone}; the first is taken" if is_twofold else None


def phone(cell: str, country: str) -> str:
    """Read a phone number as E.164; without `+` it is one of `country`."""
    if FLOAT.fullmatch(cell):
        raise WrongCellError(
            f"the spreadsheet turned the number into {show(cell)}",
            "format the column as text and type the number again",
        )
    if not PHONE_SIGNS.fullmatch(cell):
        raise WrongCellError(f"{show(cell)} is no phone number", "write digits only, such as +12125550123")
    try:
        number = _number(cell, country)
    except NumberParseException as error:
        raise WrongCellError(
            f"{show(cell)} is no phone number", f"write it as +… or as dialled in {country}"
        ) from error
    kind = _kind(number)
    if kind == PhoneNumberType.UNKNOWN:  # which is how this library's own `is_valid_number` tells, at twice the time
        raise WrongCellError(
            f"{show(cell)} is no valid phone number", f"write it with its area code, as +… or as dialled in {country}"
        )
    if kind in PAID_BY_CALLER:
        raise WrongCellError(f"{show(cell)} is a premium or service number", "write the person's own number")
    return cell if AMERICAN.fullmatch(cell) else phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _kind(number: PhoneNumber) -> int:
    """Return what kind of number it is. The patients of a clinic live in few places: most blocks recur."""
    if number.country_code != AMERICA or not number.national_number or number.italian_leading_zero:
        return phonenumbers.number_type(number)
    return _kind_of_block(number.national_number // 10**BLOCK)


@lru_cache(maxsize=10_000)
def _kind_of_block(block: int) -> int:
    return phonenumbers.number_type(PhoneNumber(country_code=AMERICA, national_number=block * 10**BLOCK))


def _number(cell: str, country: str) -> PhoneNumber:
    """Return what a cell dials. Raises NumberParseException."""
    if AMERICAN.fullmatch(cell):
        return PhoneNumber(country_code=AMERICA, national_number=int(cell[2:]))
    return phonenumbers.parse(cell, country)


def email(cell: str) -> str:
    """Read an e-mail address in its normal form; whether the domain exists is not looked up.

    The form is plain ASCII (an international domain as xn--…), so that any mail server takes it.
    """
    required(cell)
    plain = PLAIN_MAILBOX.fullmatch(cell) if len(cell) <= LONGEST_PLAIN else None
    domain = _domain(plain[2]) if plain else None
    if plain and domain:
        return f"{plain[1]}@{domain}"
    try:
        return _mailbox(cell)
    except EmailNotValidError as error:
        raise WrongCellError(f"{show(cell)} is no e-mail address", _plain(error)) from error


def _mailbox(cell: str) -> str:
    found = validate_email(cell, check_deliverability=False, allow_smtputf8=False)
    return found.ascii_email or found.normalized


@lru_cache(maxsize=1000)
def _domain(name: str) -> str | None:
    """Return the normal form of a domain; None where it cannot be one. Most mailboxes are of a few domains."""
    try:
        return _mailbox(f"a@{name}").removeprefix("a@")
    except EmailNotValidError:
        return None


def _plain(error: EmailNotValidError) -> str:
    reason = str(error).rstrip(".").replace(". ", ", ")
    return reason[:1].lower() + reason[1:]


def language(cell: str) -> str:
    """Read a language tag: `en`, `es-MX`, `zh-Hans`. Returns its usual spelling (BCP 47)."""
    found = LANGUAGE.fullmatch(cell)
    if found is None or found[1].lower() not in CODES:
        like = NAMES.get(cell.lower())
        raise WrongCellError(
            f"{show(cell)} is no language code", f"write {like}" if like else "write two letters, such as en or es"
        )
    first, *rest = cell.replace("_", "-").split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == SCRIPT_LENGTH else part.upper() for part in rest)])
