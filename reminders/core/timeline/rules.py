"""Explaining: by which rule a planned touch stands where it stands, and why something was not sent, in words.

Requirement 30: nothing is held back or moved without a reason that a person can read. Words only; the rules are where
they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.cadences import Anchor, Civil, Elapsed, Offset, Phase, Step
from reminders.core.conditions import Case
from reminders.core.labels import CHANNELS, REASON_SENTENCES
from reminders.core.planning import by_rule, desired, falls_due, zone_of
from reminders.core.reminders import PlannedReminder, Reason
from reminders.core.windows import is_open, local_day, next_opening
from reminders.core.wording import IN_TABLES, StaffClock, many, short_day, time_of_day

ANCHORS: Mapping[Anchor, str] = {
    Anchor.VERSION: "the change became known",
    Anchor.START: "the session",
    Anchor.ARRIVAL: "the arrival",
    Anchor.FASTING: "the start of the solids fast",
    Anchor.END: "the end",
    Anchor.DUE: "it was due",
}
AT_AN_ANCHOR: Mapping[Anchor, str] = {
    Anchor.VERSION: "at once",
    Anchor.START: "the start of the session",
    Anchor.ARRIVAL: "the arrival",
    Anchor.FASTING: "the start of the solids fast",
    Anchor.END: "the end of the session",
    Anchor.DUE: "its due time",
}
END_OF_SERIES = "the end of the series"
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def span_words(span: timedelta, *, in_days: bool = False) -> str:
    """Write a length of time: '24 hours', '2 hours 30 minutes'; whole days as days where wanted."""
    span = abs(span)
    if in_days and span % DAY == timedelta(0):
        return many(span // DAY, "day")
    hours, minutes = span // HOUR, span % HOUR // MINUTE
    parts = [many(number, unit) for number, unit in ((hours, "hour"), (minutes, "minute")) if number]
    return " ".join(parts) or "0 minutes"


def offset_words(offset: Offset, *, end: str = ANCHORS[Anchor.END], language: str = IN_TABLES) -> str:
    """Write an offset: '24 hours after the end', '3 days before the session at 10:00, clinic time'."""
    anchor = end if offset.anchor is Anchor.END else ANCHORS[offset.anchor]
    match offset:
        case Elapsed(anchor=at, by=by) if not by:
            return AT_AN_ANCHOR[at]
        case Elapsed(by=by):
            side = "before" if by < timedelta(0) else "after"
            return f"{span_words(by, in_days=offset.anchor is Anchor.DUE)} {side} {anchor}"
        case Civil(days=days, at=at_local):
            return f"{_days_words(days)} {anchor} at {time_of_day(at_local, language)}, clinic time"


def _days_words(days: int) -> str:
    if days == 0:
        return "on the day of"
    side = "before" if days < 0 else "after"
    return f"the day {side}" if abs(days) == 1 else f"{abs(days)} days {side}"


def rule_words(step: Step, *, rebook_weeks: int | None = None, language: str = IN_TABLES) -> str:
    """Write when a step is due by its own rule."""
    if step.phase is Phase.REBOOK and isinstance(step.due, Civil):
        at = time_of_day(step.due.at, language)
        return f"{many(rebook_weeks or 0, 'week')} after the session at {at}, clinic time"
    end = END_OF_SERIES if step.phase is Phase.SERIES else ANCHORS[Anchor.END]
    return offset_words(step.due, end=end, language=language)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a reminder stands where it stands. `shift` says what moved it away from its rule, if anything.

    `differs` is set where the rules as they are now would give something else than what is stored.
    """

    rule: str
    shift: str | None
    useful_until: str
    differs: str | None

    @property
    def stands(self) -> str:
        """The rule and what moved it, to go on a sentence with."""
        return f"{self.rule}; {self.shift}" if self.shift else self.rule

    @property
    def words(self) -> str:
        """All of it but the end of use, in sentences."""
        return " ".join(_sentence(part) for part in (self.stands, self.differs) if part)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def explain(step: Step, case: Case, planned: PlannedReminder, language: str = IN_TABLES) -> Explanation:
    """Say by which rule a reminder is due, what moved it, and whether the present rules still say the same."""
    return Explanation(
        rule=rule_words(step, rebook_weeks=case.cadence.rebook_weeks, language=language),
        shift=_shift(step, case, planned, language),
        useful_until=offset_words(step.expires, language=language),
        differs=_difference(step, case, planned, StaffClock(case.tz, language)),
    )


def _shift(step: Step, case: Case, planned: PlannedReminder, language: str) -> str | None:
    """Say what moved a reminder: a closed day, quiet hours, the end of its use, or that it was planned late."""
    named, due, leaves = by_rule(step, case), falls_due(step, case), planned.due_at
    parts = []
    if named != due:
        closed = short_day(named.astimezone(case.tz), language)
        parts.append(f"the clinic is closed on {closed}, so the open day before")
    if planned.reason not in {Reason.NO_WINDOW, Reason.TOO_LATE_WHEN_PLANNED} and leaves != due:
        clock = StaffClock(zone_of(step, case), language)
        parts.append(_moved_on(due, leaves, case, clock) if leaves > due else _earlier(due, planned, case, clock))
    return "; ".join(parts) or None


def _moved_on(due: datetime, leaves: datetime, case: Case, clock: StaffClock) -> str:
    window, zone = case.clinic.window, clock.tz
    if is_open(due, zone, window) or next_opening(due, zone, window) != leaves:
        return "that was over when it was planned, so as soon as it may leave"
    whose = "" if zone == case.tz else ", patient's time"
    if local_day(due, zone) == local_day(leaves, zone):
        return f"due {clock.time(due)}; {leaves.astimezone(zone):%A} opens at {clock.time(leaves)}{whose}"
    return f"due {clock.moment(due)}; quiet hours until {clock.moment(leaves)}{whose}"


def _earlier(due: datetime, planned: PlannedReminder, case: Case, clock: StaffClock) -> str:
    stood = clock.moment(planned.due_at)
    opening = next_opening(due, clock.tz, case.clinic.window)
    if opening is not None and opening < planned.expires_at:
        return f"planned for {stood} by rules that have changed since"
    return f"pulled back to {stood} because after that it would be useless"


def _difference(step: Step, case: Case, planned: PlannedReminder, clock: StaffClock) -> str | None:
    """Compare what waits with what would be planned now. What is overdue stays as it is, and notices are said once."""
    if not planned.state.is_waiting or planned.due_at <= case.now or step.phase is Phase.NOTICE:
        return None
    key = planned.key
    same = (plan for plan in desired(case) if (plan.key.step, plan.key.recipient) == (key.step, key.recipient))
    now = next(same, None)
    if now is None:
        return "by the rules as they are now it would not be planned"
    if now.reason is not None:
        return f"by the rules as they are now it would not be sent: {REASON_SENTENCES[now.reason].rstrip('.')}"
    if now.key.channel is not key.channel:
        return f"by the rules as they are now it would go by {CHANNELS[now.key.channel]}"
    if (now.due_at, now.expires_at) != (planned.due_at, planned.expires_at):
        until = clock.moment(now.expires_at)
        return f"by the rules as they are now it would leave {clock.moment(now.due_at)}, of use until {until}"
    return None
