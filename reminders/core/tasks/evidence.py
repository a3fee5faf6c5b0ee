"""Which words of a text made us think so: what was kept of a reading, put back beside the text itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from reminders.core.replies import Intent
from reminders.core.replies.lexicon import LANGUAGES


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that a text says, the words that say it, and the rule that read them."""

    intent: Intent
    words: str
    rule: str

    @property
    def language(self) -> str:
        """The language that its rule reads; empty where the rule reads any."""
        first = self.rule.partition(".")[0]
        return first if first in LANGUAGES else ""


def proofs(text: str | None, understood: str | None) -> tuple[Proof, ...]:
    """Return what led to each finding, in the order of the findings; nothing where that was not kept."""
    if text is None or understood is None:
        return ()
    return tuple(
        Proof(Intent(finding["intent"]), text[item["start"] : item["end"]], item["rule"])
        for finding in json.loads(understood)["findings"]
        for item in finding["evidence"]
    )


def language_read(understood: str | None) -> str:
    """Return the language that a text was read in; empty where that was not kept."""
    found = json.loads(understood).get("language") if understood else None
    return found if isinstance(found, str) else ""


def fitting(found: Sequence[Proof], language: str) -> list[Proof]:
    """Leave out the proofs of another language where one of the language read, or of any, says the same.

    Both languages read every text, and some words are words of both: "no ride" is no Spanish.
    """
    told = {one.intent for one in found if one.language in {"", language}}
    return [one for one in found if one.language in {"", language} or one.intent not in told]
