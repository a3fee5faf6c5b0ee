"""Which words of a text made us think so: what was kept of a reading, put back beside the text itself."""

from __future__ import annotations

import json
from dataclasses import dataclass

from reminders.core.replies import Intent


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that a text says, the words that say it, and the rule that read them."""

    intent: Intent
    words: str
    rule: str


def proofs(text: str | None, understood: str | None) -> tuple[Proof, ...]:
    """Return what led to each finding, in the order of the findings; nothing where that was not kept."""
    if text is None or understood is None:
        return ()
    return tuple(
        Proof(Intent(finding["intent"]), text[item["start"] : item["end"]], item["rule"])
        for finding in json.loads(understood)["findings"]
        for item in finding["evidence"]
    )
