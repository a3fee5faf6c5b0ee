"""Doubts: why a reply needs a person to read it, where we know more than that we do not know.

Whoever opens that task says which it is; the table of words is total.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Doubt(StrEnum):
    """What stands between a reply and what might follow from it."""

    NOT_UNDERSTOOD = "not_understood"
    CONFIRMED_LATE = "confirmed_late"
    SEVERAL_PATIENTS = "several_patients"
    SEVERAL_SESSIONS = "several_sessions"
    SESSION_GONE = "session_gone"
    FAR_AHEAD = "far_ahead"
    NO_SESSION = "no_session"
    NOT_TODAY = "not_today"
    MOVED = "moved"
    RIDE_FOR_EARLIER = "ride_for_earlier"
    NUMBER_WITHOUT_SESSION = "number_without_session"
    PICTURE = "picture"
    MACHINE_ON_THE_DAY = "machine_on_the_day"
    WANTS_TEXTS_AGAIN = "wants_texts_again"
    WANTS_TEXTS_BY_PAGE = "wants_texts_by_page"
    FROM_ESCORT = "from_escort"
    UNREADABLE = "unreadable"


DOUBTS: Mapping[Doubt, str] = {
    Doubt.NOT_UNDERSTOOD: "we do not understand it",
    Doubt.CONFIRMED_LATE: "confirmed after the session had begun",
    Doubt.SEVERAL_PATIENTS: "several patients have this number, and it does not say who wrote",
    Doubt.SEVERAL_SESSIONS: "it does not say which of several sessions it is about",
    Doubt.SESSION_GONE: "the session they were asked about is not booked any more",
    Doubt.FAR_AHEAD: "nothing was asked, and their next session is more than a week away",
    Doubt.NO_SESSION: "they have no session to come that it could be about",
    Doubt.NOT_TODAY: "they write as if on the way, but have no session today",
    Doubt.MOVED: "the session moved after they were asked",
    Doubt.RIDE_FOR_EARLIER: "the ride they found is for the time before the session moved",
    Doubt.NUMBER_WITHOUT_SESSION: "a number came, and it is not sure which session it is about",
    Doubt.PICTURE: "a picture came with it, which we do not keep",
    Doubt.MACHINE_ON_THE_DAY: "a machine answered for them after the session had begun",
    Doubt.WANTS_TEXTS_AGAIN: "they may want texts again, and this word alone does not allow it",
    Doubt.WANTS_TEXTS_BY_PAGE: "they want texts again, which only the phone itself or you may record",
    Doubt.FROM_ESCORT: "who fetches the patient wrote it",
    Doubt.UNREADABLE: "we could not open it",
}
