"""What stands between words and their meaning: a question, a condition, a doubt, a denial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reminders.core.replies.intents import Intent
from reminders.core.replies.lexicon import Lexicon, Mark, Mood
from reminders.core.replies.matching import Match
from reminders.core.replies.phrases import Phrase

NEGATION_REACHES = 4
"""How many words may stand between a denial and what it denies, all of them of the group <through>."""
A, C, H, G = Mood.ASKED, Mood.CONDITIONAL, Mood.HEDGED, Mood.GUESSED
SURVIVES: Mapping[Intent, frozenset[Mood]] = {
    Intent.RED_FLAG: frozenset({A, C, H, G}),
    Intent.OPT_OUT: frozenset({A, C, H, G}),
    Intent.DECEASED: frozenset({H, G, C}),
    Intent.WRONG_NUMBER: frozenset({C, H, G}),
    Intent.DECLINE: frozenset({G}),
    Intent.RESCHEDULE: frozenset({A, C, H, G}),
    Intent.LATE: frozenset({H, G}),
    Intent.ARRIVED: frozenset({G}),
    Intent.NEEDS_RIDE: frozenset({A, C, H, G}),
    Intent.SELF_DRIVE: frozenset({A, H, G}),
    Intent.HIRED_RIDE: frozenset({G}),
    Intent.HAS_RIDE: frozenset({G}),
    Intent.SYMPTOM: frozenset({C, H, G}),
    Intent.CONFIRM: frozenset(),
    Intent.CALL_ME: frozenset({A, C, H, G}),
    Intent.CONTACT_CHANGE: frozenset({A, C, H, G}),
    Intent.OPT_IN: frozenset({A, C, H, G}),
    Intent.QUESTION: frozenset({A, C, H, G}),
    Intent.HELP: frozenset({A, C, H, G}),
}
"""The moods that leave an intent what it is. Attendance survives no doubt; danger and opt-outs all but denial."""
PROMISES = frozenset(
    {Intent.HAS_RIDE, Intent.HIRED_RIDE, Intent.SELF_DRIVE, Intent.CONFIRM, Intent.ARRIVED, Intent.RESCHEDULE}
)
"""What is no longer said where a denial stands among its words: "my sister can't drive me"."""
SURE_DENIALS: Mapping[Intent | Mark, tuple[str, int]] = {
    Intent.RED_FLAG: ("clearly_not", NEGATION_REACHES),
    Intent.OPT_OUT: ("does_not", 2),
}
"""Which words deny danger and opt-outs, and how far they reach. "Can't" and "won't" make danger worse, not less."""
TOLD = frozenset({Intent.LATE, Intent.ARRIVED, Intent.DECLINE, Intent.HAS_RIDE})
"""What is told though it be asked whether it will do: "running 15 late, is that ok?". Attendance is not."""
LISTED = frozenset({Intent.RED_FLAG, Intent.SYMPTOM})
"""What is denied by the row."""
MOOD_OF = {Mark.CONDITIONAL: Mood.CONDITIONAL, Mark.HEDGE: Mood.HEDGED, Mark.GUESS: Mood.GUESSED}


class Moods:
    """Knows the mood of every place of a text."""

    def __init__(self, phrases: Sequence[Phrase], matches: Sequence[Match], known: Lexicon) -> None:
        self._phrases = phrases
        self._marks = [match for match in matches if match.entry.means in MOOD_OF]
        self._asked = [match for match in matches if match.entry.means is Mark.ASKED]
        self._answers = [match for match in matches if match.entry.means in {Mark.NO, Mark.NOTHING, Mark.IDIOM}]
        self._meant = [match for match in matches if isinstance(match.entry.means, Intent)]
        self._replied = [match for match in matches if match.entry.means is Mark.NO]
        self._tagged = {match.phrase - 1 for match in matches if match.entry.means is Mark.TAG}
        self._not = known.groups["not"]
        self._groups = known.groups
        self._through = known.groups["through"]
        self._lists = known.groups["lists"]

    def of(self, match: Match) -> frozenset[Mood]:
        """Return the moods in which some words stand."""
        phrase = self._phrases[match.phrase]
        found = {
            MOOD_OF[mark.entry.means]
            for mark in self._marks
            if isinstance(mark.entry.means, Mark)
            and self._phrases[mark.phrase].sentence == phrase.sentence
            and not mark.overlaps(match)
        }
        if self.is_asked(match.phrase, match.start) and not self._is_told(match):
            found.add(Mood.ASKED)
        if self.is_denied(match):
            found.add(Mood.NEGATED)
        return frozenset(found)

    def is_asked(self, phrase: int, start: int = 0) -> bool:
        """Say whether a phrase is a question, by its mark or by how it begins."""
        return self._phrases[phrase].is_asked or any(
            mark.phrase == phrase and mark.start <= start for mark in self._asked
        )

    def _is_told(self, match: Match) -> bool:
        """Say whether words are asked only by what follows them and asks whether they will do."""
        begins_so = any(mark.phrase == match.phrase and mark.start <= match.start for mark in self._asked)
        return match.entry.means in TOLD and match.phrase in self._tagged and not begins_so

    def is_denied(self, match: Match) -> bool:
        """Say whether a denial stands right before, before the list that this ends, or where any word may stand."""
        within = self._phrases[match.phrase].tokens[match.start : match.end]
        if match.entry.means in PROMISES and any(
            token.text in self._not and token.text not in match.named for token in within
        ):
            return True
        # "No vale la pena nada, nadie me va a extrañar": what denies by itself is no end of a list.
        is_own = bool(within) and within[0].text in self._not
        is_listed = match.entry.means in LISTED and not is_own and self._ends_denial(match.phrase, match.start)
        return is_listed or self._denied_before(match)

    def _denied_before(self, match: Match) -> bool:
        """Say whether a denial stands before a match, with nothing between but words that it reaches across."""
        phrase, denials, reach = match.phrase, self._not, NEGATION_REACHES
        if match.entry.means in SURE_DENIALS:
            group, reach = SURE_DENIALS[match.entry.means]
            denials = self._groups[group]
        tokens = self._phrases[phrase].tokens
        place = match.start - 1
        while place >= 0 and reach > 0:
            text = tokens[place].text
            if text in denials:
                # "No, I'm driving": the answer to a question denies nothing of what follows.
                return not any(match.phrase == phrase and match.start <= place < match.end for match in self._replied)
            if text not in self._through:
                return text in self._lists and self._denies_something(phrase, place)
            place, reach = place - 1, reach - 1
        return False

    def _ends_denial(self, phrase: int, start: int) -> bool:
        """Say whether a phrase goes on with a list of what is denied: "no chest pain, fever or rash"."""
        is_first = all(token.text in self._through | self._lists for token in self._phrases[phrase].tokens[:start])
        return is_first and phrase > 0 and self._phrases[phrase].follows_list and self._is_denial(phrase - 1)

    def _denies_something(self, phrase: int, before: int) -> bool:
        """Say whether "no A or B" is what leads up to an "or"."""
        tokens = self._phrases[phrase].tokens
        return any(token.text in self._not for token in tokens[max(0, before - 4) : before])

    def _starts_with_it(self, phrase: int) -> bool:
        """Say whether the denial belongs to words that mean something together: "no puedo ir, llámenme"."""
        return any(match.phrase == phrase and match.start == 0 for match in self._meant)

    def _is_denial(self, phrase: int) -> bool:
        """Say whether a phrase is nothing but a denial of a thing: "no fever"; a bare "no" is an answer."""
        tokens = [token.text for token in self._phrases[phrase].tokens]
        is_answer = any(match.phrase == phrase for match in self._answers) or self._starts_with_it(phrase)
        return not is_answer and tokens[0] in self._not and 0 < len(set(tokens) - self._not) < NEGATION_REACHES
