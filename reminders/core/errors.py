"""The tree of errors that this product raises on purpose. The docstring of each says what it means to a person.

RemindersError
├── InputError
│   ├── ScheduleError
│   ├── ClinicFileError
│   └── SettingsError
├── NotFoundError
├── ConflictError
├── NeedsConsentError
├── ContentError
├── NaiveDatetimeError
├── NotReadyError
├── SpoiledError
└── ForgedHookError
"""

from __future__ import annotations

from collections.abc import Sequence


class RemindersError(Exception):
    """Something this product refuses or cannot do; the message is meant for a person."""


class InputError(RemindersError):
    """Input that has faults: each line says what is wrong, where, and what would be right."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep the faults, one line each, in the order in which they were found."""
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class ScheduleError(InputError):
    """A schedule that cannot be read as it stands."""


class ClinicFileError(InputError):
    """A clinic configuration with faults."""


class NotFoundError(RemindersError):
    """What was asked for does not exist."""


class ConflictError(RemindersError):
    """What was asked for does not fit how things stand now."""


class NeedsConsentError(RemindersError):
    """An act that waits for an explicit yes, such as an import that cancels a fifth of the schedule."""


class ContentError(RemindersError):
    """A text that cannot be rendered: an unknown or missing placeholder."""


class NaiveDatetimeError(RemindersError):
    """A datetime without a zone where an instant was needed."""


class SettingsError(InputError):
    """The environment asks for something impossible; each line names the variable."""


class NotReadyError(RemindersError):
    """A part this needs is not there: a database that is behind, a broker that does not answer."""


class SpoiledError(RemindersError):
    """A stored value that does not open: it was changed, or moved from another row."""


class ForgedHookError(RemindersError):
    """A provider callback whose signature or shape is wrong."""
