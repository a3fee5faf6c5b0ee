"""The codes of languages a schedule may name, and the words people write instead."""

from __future__ import annotations

SECOND_LETTERS = {
    "a": "abefkmnrsvyz",
    "b": "aegimnors",
    "c": "aehorsuvy",
    "d": "aevz",
    "e": "elnostu",
    "f": "afijory",
    "g": "adlnuv",
    "h": "aeiortuyz",
    "i": "adegikostu",
    "j": "av",
    "k": "agijklmnorsuvwy",
    "l": "abginotuv",
    "m": "ghiklnrsty",
    "n": "abdeglnorvy",
    "o": "cjmrs",
    "p": "ailst",
    "q": "u",
    "r": "mnouw",
    "s": "acdegiklmnoqrstuvw",
    "t": "aeghiklnorstwy",
    "u": "gkrz",
    "v": "eio",
    "w": "ao",
    "x": "h",
    "y": "io",
    "z": "ahu",
}
"""ISO 639-1, by first letter."""
CODES = frozenset(first + second for first, seconds in SECOND_LETTERS.items() for second in seconds) | {
    *("chr", "cmn", "fil", "haw", "hmn", "yue"),
}
"""All of those, and the ones of three letters that clinics in the United States meet."""

NAMES = {
    "chinese": "zh",
    "english": "en",
    "french": "fr",
    "german": "de",
    "inglés": "en",
    "japanese": "ja",
    "korean": "ko",
    "mandarin": "zh",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "español": "es",
    "tagalog": "tl",
    "vietnamese": "vi",
}
