"""Export: corrected readings as labelled examples, in the shape in which the interpreter's own examples are kept.

Names, addresses and numbers are masked; what was exported, and by whom, is written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reminders.core.audit import Deed
from reminders.core.cadences import QuestionKind
from reminders.core.ids import InboundId
from reminders.core.masking import masked
from reminders.core.staff import Actor
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.store import clinics, corrections, labelled
from reminders.store.corrections import Correction
from reminders.store.labelled import Labelled

VOICE = "corrected by staff"
SHORT = 12


@dataclass(frozen=True, slots=True)
class Example:
    """A reply with what it means, as a person says."""

    id: str
    text: str
    open_question: QuestionKind | None
    language: str
    intents: tuple[str, ...]
    score: int | None

    def to_line(self) -> str:
        """Write it as one line of JSON."""
        row = {
            "id": self.id,
            "text": self.text,
            "open_question": self.open_question,
            "language": self.language,
            "intents": list(self.intents),
            "score": self.score,
            "voice": VOICE,
        }
        return json.dumps(row, ensure_ascii=False)


def export_corrections(deps: Deps, who: Actor, *, since: datetime | None = None) -> list[Example]:
    """Return the last correction of each text that was made since an instant, oldest first, and write down who asked.

    Texts that cannot be opened are left out: an example without words teaches nothing.
    """
    with deps.store.transaction() as tx:
        newest = {item.inbound_id: item for item in corrections.since(tx, since)}
        texts = labelled.texts(tx, list(newest))
        note(tx, deps, who, Deed.CORRECTIONS_EXPORTED, detail=f"{len(texts)} texts")
        voices = [name for item in clinics.every(tx).values() for rung in item.escalation for name in _names(rung)]
    return list(_examples(newest, texts, voices))


def _names(rung: object) -> list[str]:
    return [person.name for person in getattr(rung, "people", ())]


def _examples(
    newest: Mapping[InboundId, Correction], texts: Mapping[InboundId, Labelled], staff: list[str]
) -> Iterator[Example]:
    for key, item in newest.items():
        text = texts.get(key)
        if text is not None:
            yield Example(
                id=f"corrected-{key.hex[-SHORT:]}",
                text=masked(text.body, [*text.names, *staff]),
                open_question=text.open_question,
                language=text.language,
                intents=tuple(intent.value for intent in item.intents),
                score=item.score,
            )
