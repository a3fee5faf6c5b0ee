"""Consent: what the holder of an address allowed or forbade, how we learned it, and which words end an opt-out."""

from __future__ import annotations

from enum import StrEnum


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
