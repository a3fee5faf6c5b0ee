"""What else the words of an opt-out ask for: silence, or the end of some messages only. Data, to be read and extended.

Compared without case, accents, punctuation and doubled blanks. Being wrong is cheap here: an opt-out holds either way,
what is decided is whether it is confirmed and whether staff are asked to look.
"""

from __future__ import annotations

import re
import unicodedata

SILENCE = (
    # English: "Do not EVER contact me again", "Don't text back", "no reply needed", "leave me alone".
    r"(do not|dont|never|stop|no|not) (\w+ ){0,2}(contact\w*|repl(y|ies|ying)|respon(d|se|ding)|answer(ing)?)",
    r"(do not|dont|never|no need to|stop) (\w+ ){0,2}(text|message|msg|write)(ing)?( \w+)? back",
    r"(no|stop) (further|more) (contact|communication)",
    r"leave (me|us) alone|not another (text|message|word)|lose (my|this) number|shut up",
    # Spanish: "no me contacten", "no contesten", "no respondan", "dejenme en paz".
    r"(no|nunca) (\w+ ){0,3}(contact\w+|contest\w+|respond\w+)",
    r"(deje|deja|dejen)(nos|me)? (\w+ )?en paz",
)
"""Whoever says so gets no confirmation either."""
SOME = r"check ?ins?|check ?ups?|surveys?|scores?|questions?|pain texts?|follow ?ups?|confirmations?|e ?mails?"
KINDS = rf"{SOME}|remind\w*|appointment\w*|the rides?"
SOME_ES = r"encuestas?|preguntas?|seguimientos?|correos?"
KINDS_ES = rf"{SOME_ES}|record\w+|citas?|confirma\w*"
PART = (
    rf"(stop|no more|end|cancel|quit|turn off|without|skip)(?! all\b)( \w+){{0,3}} ({SOME})",
    rf"(but|just|only|still|except|keep)( \w+){{0,3}} ({KINDS})",
    r"(but|just|still) (i )?(keep|want|need|send)",
    rf"(no mas|sin|quiten?|paren?|dejen? de)( \w+){{0,3}} ({SOME_ES})",
    rf"(pero|solo|solamente|excepto|menos)( \w+){{0,3}} ({KINDS_ES})",
)
"""Whoever says so may want some messages still: all stop, and a person asks (requirement 33, replies 2.7)."""
_SILENCE = re.compile("|".join(rf"\b(?:{one})\b" for one in SILENCE))
_PART = re.compile("|".join(rf"\b(?:{one})\b" for one in PART))


def forbids_any_answer(text: str) -> bool:
    """Say whether an opt-out asks for silence: "don't text back" (replies 2.7)."""
    return _SILENCE.search(without_signs(text)) is not None


def may_mean_a_part(text: str) -> bool:
    """Say whether an opt-out may be meant for some of the messages only: "stop the check ins but keep reminders"."""
    return _PART.search(without_signs(text)) is not None


def without_signs(text: str) -> str:
    """Return a text without case, accents, punctuation and doubled blanks."""
    forms = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'").replace("'", ""))
    kept = "".join(char if char.isalnum() else " " for char in forms if not unicodedata.combining(char))
    return " ".join(kept.split())
