"""What was understood of one text, and by which words and rules: every reading can explain itself."""

from __future__ import annotations

from dataclasses import dataclass

from reminders.core.replies.intents import Intent

MAY_BE_UNWANTED = frozenset({"cancel", "end", "quit"})
"""Opt-out words by law and by carrier that a patient may well mean for the visit (requirement 35)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that led to a finding: their span in the text as it came, and the rule that read them."""

    start: int
    end: int
    rule: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a text says. `is_mild` asks staff to look without haste: an idiom, a denied or a past red flag."""

    intent: Intent
    evidence: tuple[Evidence, ...]
    is_mild: bool = False


@dataclass(frozen=True, slots=True)
class Interpretation:
    """All that a text says, most pressing first, at least one finding.

    `keyword` is the whole text where it is one known word, never prose. `score` is set only with a score finding.
    `language` is that of the words which were understood. `may_be_idiom`: a red flag's words in a turn of phrase
    ("this pain is killing me"), which a clinic may choose to take at their word. `number` is the only number that could
    be a score, whether or not the rules take it for one; `is_hedged` says that words of doubt were heard; `is_idle`,
    that the whole text is one turn of phrase that answers nothing.
    """

    findings: tuple[Finding, ...]
    score: int | None = None
    keyword: str = ""
    language: str = "en"
    may_be_idiom: bool = False
    number: int | None = None
    is_hedged: bool = False
    is_idle: bool = False

    @property
    def intents(self) -> tuple[Intent, ...]:
        """Return what the text says, most pressing first."""
        return tuple(finding.intent for finding in self.findings)

    def has(self, intent: Intent) -> bool:
        """Say whether the text says this, perhaps among other things."""
        return intent in self.intents

    @property
    def may_be_unwanted(self) -> bool:
        """Say whether this opt-out may be meant for the visit, so that somebody should phone the patient."""
        return self.has(Intent.OPT_OUT) and self.keyword in MAY_BE_UNWANTED
