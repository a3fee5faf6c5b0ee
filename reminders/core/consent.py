"""Consent: what the holder of an address allowed or forbade, how we learned it, and which words end an opt-out.

Any reasonable means opts out (47 CFR 64.1200(a)(10)); only few words opt in, and none by inference (requirement 36).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.opt_out_words import forbids_any_answer, without_signs
from reminders.core.replies.intents import Intent


class Subject(StrEnum):
    """What a permission is about."""

    MESSAGES = "messages"
    """Every automated message of the clinic: the default scope of an opt-out (requirement 33)."""
    PICK_UP = "pick_up"
    """Texts to whoever fetches a patient, about when and where (requirement 52)."""


class Source(StrEnum):
    """How we learned of it. Any reasonable means counts (47 CFR 64.1200(a)(10))."""

    KEYWORD = "keyword"
    """A text that is nothing but an opt-out or opt-in word: the provider acted on it too."""
    TEXT = "text"
    """A text in the person's own words."""
    LINK = "link"
    PROVIDER = "provider"
    """The provider told us so: an error code, or its own word with the text."""
    VOICE = "voice"
    LETTER = "letter"
    EMAIL = "email"
    IN_PERSON = "in_person"
    SCHEDULE = "schedule"
    """A change of the clinic's own records."""


BY_TEXT = frozenset({Source.KEYWORD, Source.TEXT, Source.PROVIDER})
"""Opt-outs that a text made, so that a text may end them. The provider's own list is filled by texts too."""
BY_STAFF = (Source.VOICE, Source.LETTER, Source.EMAIL, Source.IN_PERSON)
"""Choices that reach a person first, who records them (requirements 33 and 39)."""
STRICTEST_FIRST = (*BY_STAFF, Source.SCHEDULE, Source.LINK, Source.TEXT, Source.PROVIDER, Source.KEYWORD)
"""Where rows of one address differ, what is hardest to undo counts."""


def hardest_to_undo(kept: Collection[str]) -> Source | None:
    """Return by what means an address is opted out, of what its rows keep of that; None where none is."""
    words = {by.split(" ")[0] for by in kept}
    known = [source for source in STRICTEST_FIRST if source in words]
    # Whatever was written there before there were these words, a text did not do it.
    return None if not words else Source.IN_PERSON if not words <= set(Source) else known[0]


class OptInVerdict(StrEnum):
    """What a word that may mean "write to me again" does."""

    SUBSCRIBE = "subscribe"
    ASK_STAFF = "ask_staff"
    """It may be meant so; a person finds out. Until then the opt-out holds."""
    ONLY_AN_ANSWER = "only_an_answer"
    """It says nothing about consent."""


SUBSCRIBING = frozenset({"start", "unstop"})
"""Words with no other meaning: the provider lifts its own block by them everywhere, toll-free numbers included."""
ALSO_AN_ANSWER = "yes"
"""Lifts the provider's block too, but not of toll-free numbers (support.twilio.com 360058144374)."""


def opt_in_verdict(
    keyword: str, *, opted_out_by: Source | None, is_toll_free: bool, has_open_question: bool
) -> OptInVerdict:
    """Decide what a text means that is nothing but `keyword`, empty where it was said in own words (requirement 36).

    `opted_out_by` is None for somebody who is not opted out, `is_toll_free` says it of our number.
    """
    if opted_out_by is None:
        return OptInVerdict.ONLY_AN_ANSWER
    if keyword in SUBSCRIBING:
        # What somebody told a person, wrote or clicked is not undone by one word from a phone that others may hold.
        return OptInVerdict.SUBSCRIBE if opted_out_by in BY_TEXT else OptInVerdict.ASK_STAFF
    if has_open_question:
        return OptInVerdict.ONLY_AN_ANSWER
    if keyword == ALSO_AN_ANSWER and opted_out_by is Source.KEYWORD and not is_toll_free:
        return OptInVerdict.SUBSCRIBE
    return OptInVerdict.ASK_STAFF


PROVIDER_VERDICTS: Mapping[str, Intent] = {"STOP": Intent.OPT_OUT, "START": Intent.OPT_IN, "HELP": Intent.HELP}


def provider_verdict(opt_out_type: str | None) -> Intent | None:
    """Return what the provider took a text for, and acted on (its parameter OptOutType); None where it did nothing.

    An opt-out holds whatever the words. HELP has been answered: answer it no second time.
    """
    return PROVIDER_VERDICTS.get((opt_out_type or "").strip().upper())


ANSWERED_BY_PROVIDER = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
"""Whole texts to which the provider itself confirms the opt-out (twilio.com, advanced-opt-out)."""
BARE_OPT_OUTS = ANSWERED_BY_PROVIDER | {"stop all", "opt out", "alto", "parar", "basta", "baja", "no mas", "cancelar"}
"""Whole texts that opt out whatever was asked: obeyed also where nothing else of a text can be read."""


def bare_opt_out(text: str, *, opt_out_type: str | None) -> Source | None:
    """Return by what means a text opts out that nobody could read; None where its bare words do not."""
    if without_signs(text) in BARE_OPT_OUTS:
        return Source.KEYWORD
    return Source.PROVIDER if provider_verdict(opt_out_type) is Intent.OPT_OUT else None


CONFIRMED_WITHIN = timedelta(minutes=5)
"""So soon a confirmation is presumed to be within the consent that just ended (47 CFR 64.1200(a)(12))."""
OPT_OUT_CONFIRMED = "opt_out_confirmed"
"""The kind of the one answer that may go to an address that is opted out."""


def has_provider_answered(text: str, *, opt_out_type: str | None, provider_answers_keywords: bool) -> bool:
    """Say whether the provider confirmed this opt-out itself (requirement 34)."""
    is_its_word = text.strip().casefold() in ANSWERED_BY_PROVIDER
    return provider_verdict(opt_out_type) is not None or (provider_answers_keywords and is_its_word)


def may_confirm_opt_out(
    text: str, *, was_opted_out: bool, has_provider_answered: bool, received_at: datetime, now: datetime
) -> bool:
    """Say whether an opt-out by text gets its one confirmation: once, soon, and not where silence was asked for."""
    is_done = was_opted_out or has_provider_answered or forbids_any_answer(text)
    return not is_done and now < received_at + CONFIRMED_WITHIN


def may_reach_opted_out(kind: str, *, is_answer: bool, opted_out_at: datetime | None, now: datetime) -> bool:
    """Say whether a message is the confirmation of an opt-out of moments ago: nothing else passes."""
    if not is_answer or kind != OPT_OUT_CONFIRMED or opted_out_at is None:
        return False
    return timedelta(0) <= now - opted_out_at < CONFIRMED_WITHIN
