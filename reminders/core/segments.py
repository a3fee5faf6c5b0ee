"""What a text costs: the segments it is billed as, by its alphabet (3GPP TS 23.038; Twilio's counter agrees)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
"""These cost two septets each."""
GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67
UCS2_UNIT_BYTES = 2


class Alphabet(StrEnum):
    """The two alphabets a text travels in."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class TextSize:
    """How a text will be billed, and the characters that made it expensive."""

    alphabet: Alphabet
    segments: int
    odd_characters: tuple[str, ...] = ()


def measure(text: str) -> TextSize:
    """Count the segments of a text."""
    if GSM_BASIC.issuperset(text):  # as a rule
        return TextSize(Alphabet.GSM7, 1 if len(text) <= GSM_SINGLE else -(-len(text) // GSM_PART))
    odd = tuple(dict.fromkeys(char for char in text if char not in GSM_BASIC and char not in GSM_EXTENDED))
    if odd:
        return TextSize(Alphabet.UCS2, _ucs2_segments(text), odd)
    return TextSize(Alphabet.GSM7, _packed([2 if char in GSM_EXTENDED else 1 for char in text], GSM_SINGLE, GSM_PART))


def _ucs2_segments(text: str) -> int:
    units = [len(char.encode("utf-16-be", "surrogatepass")) // UCS2_UNIT_BYTES for char in text]
    return _packed(units, UCS2_SINGLE, UCS2_PART)


def _packed(widths: list[int], single: int, part: int) -> int:
    """Count parts when a character of two units may not be torn apart."""
    if sum(widths) <= single:
        return 1
    parts, filled = 1, 0
    for width in widths:
        if filled + width > part:
            parts, filled = parts + 1, 0
        filled += width
    return parts
