"""The planner: what should be said about one appointment, when, and on which channel; and what changed since.

`desired` is the plan as if nothing existed; `replan` is the difference to what does. Re-planning unchanged input
changes nothing. Rules: requirements 2, 4 to 10, 13, 15 and 31.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reminders.core.cadences import BOOKED, Anchor, Cadence, Civil, Phase, Step, instant
from reminders.core.clinics import quiet_zone
from reminders.core.conditions import LASTING, NOTICES, Case, fitting, is_in_between
from reminders.core.fallback import channels_left, may_fall_back
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.reminders import REVIVABLE, PlannedReminder, Reason, Reminder, ReminderKey, ReminderState
from reminders.core.slots import Slot, Slots
from reminders.core.windows import from_local, local_day, open_day_before, place

SPOKEN = frozenset({ReminderState.DISPATCHED, ReminderState.MERGED})
BOOKED_IS_NEWS_UNTIL = timedelta(hours=24)
"""`booked` is left out where a reminder is due within this time anyway: it would say the same."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between what is planned and what should be."""

    add: tuple[PlannedReminder, ...]
    move: tuple[tuple[Reminder, PlannedReminder], ...]
    cancel: tuple[tuple[Reminder, Reason], ...]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is to be written."""
        return not (self.add or self.move or self.cancel)


def replan(case: Case, existing: Iterable[Reminder], slots: Slots | None = None) -> Plan:
    """Return what to add, move and cancel so that the reminders of one appointment are right.

    What already left or ended is never touched. `slots` are shared by those who plan many appointments of a clinic.
    """
    held, appointment, cadence, now = tuple(existing), case.appointment, case.cadence, case.now
    if not held:
        return Plan(desired(case, slots=slots), (), ())
    wanted = {plan.key: plan for plan in desired(case, held, slots)}
    current = {item.planned.key: item for item in held if item.version == appointment.version}
    told = {key for key in wanted if _is_told(key, case, current, held)}
    stale = [(item, Reason.SUPERSEDED) for item in held if item.version != appointment.version and _waits(item)]
    # What a newer release planned by a step that this one cannot read is not ours to take back.
    ours = {key: item for key, item in current.items() if _waits(item) and key.step not in cadence.unread}
    unwanted = [(item, _why_not(wanted.get(key))) for key, item in ours.items()]
    return Plan(
        add=tuple(
            plan
            for key, plan in wanted.items()
            if key not in current and key not in told and _is_news(plan, _turns(key, cadence, current, held), current)
        ),
        move=tuple(_moves(current, wanted, told, now)),
        cancel=(*stale, *((item, reason) for item, reason in unwanted if reason is not None)),
    )


def _why_not(plan: PlannedReminder | None) -> Reason | None:
    """Say why a waiting reminder is no longer wanted: not at all, or refused by now; None where it still is."""
    if plan is None:
        return Reason.REPLANNED
    return plan.reason if plan.state is ReminderState.SUPPRESSED and plan.reason in REVIVABLE else None


def _is_news(plan: PlannedReminder, turns: Sequence[Reminder], current: Collection[ReminderKey]) -> bool:
    """Say whether a touch is worth a row: one that a later rule asks for in the past never had its turn to miss.

    Nor did a channel miss anything that cannot take over from one that failed.
    """
    if any(item.has_failed for item in turns):
        return plan.state is ReminderState.PLANNED
    return plan.state is not ReminderState.EXPIRED or not current


def _waits(reminder: Reminder) -> bool:
    return reminder.planned.state.is_waiting


def _is_told(key: ReminderKey, case: Case, current: Mapping[ReminderKey, Reminder], held: Sequence[Reminder]) -> bool:
    """Say whether a step has had its turn, so that planning anew may not bring it again on this channel.

    One channel only, unless that failed and another takes over. A notice is news only when its version is: what was
    left out of the first plan of a version does not come up later.
    """
    if key.step in NOTICES and current and not any(other.step == key.step for other in current):
        return True
    spoken = [item for item in _turns(key, case.cadence, current, held) if item.planned.state in SPOKEN]
    if not may_fall_back(case.patient):
        return bool(spoken)
    return any(not item.has_failed or item.planned.key.channel is key.channel for item in spoken)


def _turns(
    key: ReminderKey, cadence: Cadence, current: Mapping[ReminderKey, Reminder], held: Sequence[Reminder]
) -> list[Reminder]:
    """Return the reminders of a step so far, by whatever channel.

    A check-in holds for the session that took place, whatever its row is called since.
    """
    if not held:
        return []
    step = cadence.step(key.step)
    is_lasting = step is not None and step.phase in LASTING
    among = held if is_lasting else current.values()
    return [item for item in among if item.step == key.step and item.planned.key.recipient is key.recipient]


def _moves(
    current: Mapping[ReminderKey, Reminder],
    wanted: Mapping[ReminderKey, PlannedReminder],
    told: Collection[ReminderKey],
    now: datetime,
) -> Iterator[tuple[Reminder, PlannedReminder]]:
    for key, item in current.items():
        plan = wanted.get(key)
        if plan is None or plan.state is not ReminderState.PLANNED:
            continue
        held = item.planned
        is_revived = key not in told and _may_return(item, current)
        # What is overdue would be planned for "now" each time; pushing it along would be a change out of nothing. Only
        # one whose own time is still to come, since the session ended later than was thought, waits for that.
        is_moved = _waits(item) and now < max(held.due_at, plan.not_before) and _times(plan) != _times(held)
        if is_revived or is_moved:
            yield item, plan


def _may_return(item: Reminder, current: Mapping[ReminderKey, Reminder]) -> bool:
    """Say whether what was taken back may wait again: its refusal ended, or the channel that replaced it closed."""
    held = item.planned
    if held.state is ReminderState.SUPPRESSED:
        return held.reason in REVIVABLE
    if held.state is not ReminderState.CANCELLED or held.reason is not Reason.REPLANNED:
        return False
    # A notice that gave way to a reminder stays away; one that only changed its channel may come back.
    is_notice = item.step in NOTICES
    return not is_notice or any(
        other.step == item.step and (_waits(other) or other.has_failed) for other in current.values()
    )


def _times(plan: PlannedReminder) -> tuple[datetime, datetime]:
    return plan.due_at, plan.expires_at


def desired(case: Case, held: Collection[Reminder] = (), slots: Slots | None = None) -> tuple[PlannedReminder, ...]:
    """Return every touch this appointment should get, expired and suppressed ones with their reasons.

    Of what is held counts only what failed: there another channel may take over.
    """
    steps = fitting(case)
    if held and any(item.has_failed for item in held):
        steps = [replace(step, channels=_channels_left(step, case, held)) for step in steps]
    slot = Slot() if slots is None else slots.of(case)
    ways: _Ways = {}
    placed = [
        (step, plan)
        for step in steps
        for plan in [_placed(step, case, slot, ways)]
        if not _is_overtaken(step, plan, case)
    ]
    return tuple([plan for step, plan in placed if step.key != BOOKED.key or not _is_old_news(case, placed)])


def _channels_left(step: Step, case: Case, held: Collection[Reminder]) -> tuple[Channel, ...]:
    current = {item.planned.key: item for item in held if item.version == case.appointment.version}
    key = ReminderKey(step.key, step.recipient, step.channels[0])
    return channels_left(step, _turns(key, case.cadence, current, tuple(held)), case.patient)


def _is_overtaken(step: Step, plan: PlannedReminder, case: Case) -> bool:
    """Say whether the next session leaves no room for a check-in.

    One that expired counts until its end: what stayed away for the next session must not come up as expired later.
    """
    if not step.is_alone_in_between:
        return False
    return is_in_between(case, plan.expires_at if plan.state is ReminderState.EXPIRED else plan.due_at)


def _is_old_news(case: Case, placed: Sequence[tuple[Step, PlannedReminder]]) -> bool:
    """Say whether a reminder that is still useful is overdue or follows so soon that `booked` would say the same."""
    soon = case.now + BOOKED_IS_NEWS_UNTIL
    reminders = [(step, plan) for step, plan in placed if step.key.startswith("remind_")]
    return any(
        plan.state is not ReminderState.EXPIRED and _nominal(step, plan, case) <= soon for step, plan in reminders
    )


def _nominal(step: Step, plan: PlannedReminder, case: Case) -> datetime:
    return min(plan.due_at, max(falls_due(step, case), case.now))


def by_rule(step: Step, case: Case) -> datetime:
    """Return the UTC instant that a step's own offset names, before closures and quiet hours have their say."""
    if step.phase is Phase.REBOOK:
        return instant(Civil(Anchor.START, 7 * (case.cadence.rebook_weeks or 0)), case.base, case.tz)
    return instant(step.due, case.base, case.tz)


def falls_due(step: Step, case: Case) -> datetime:
    """Return when a step falls due, closures respected and quiet hours not yet."""
    return _on_an_open_day(step, by_rule(step, case), case)


def _on_an_open_day(step: Step, due: datetime, case: Case) -> datetime:
    """Move what falls on a closed day to the same hour of the open day before (requirement 9).

    A text that says "call us" is useless while nobody is there. What counts in hours from the session's start or in
    minutes from now stays; so does a check-in that would have to come at the session's very end or before.
    """
    on = local_day(due, case.tz)
    if not case.clinic.is_closed(on, case.pauses) or not (isinstance(step.due, Civil) or step.phase is Phase.AFTER):
        return due
    before = open_day_before(on, lambda day: case.clinic.is_closed(day, case.pauses))
    if before is None:
        return due
    moved = from_local(datetime.combine(before, due.astimezone(case.tz).time()), case.tz)
    return due if step.phase in LASTING and moved <= case.base.end else moved


_Ways = dict[tuple[Recipient, tuple[Channel, ...]], tuple[Channel, Reason | None]]
"""Where the touches of one case go, by whom they are for and the channels they may take: most of them share both."""


def _placed(step: Step, case: Case, slot: Slot, ways: _Ways) -> PlannedReminder:
    """Return the touch of a step, as it was worked out for another session of the same slot if there was one."""
    way = (step.recipient, step.channels)
    if way not in ways:
        ways[way] = _channel(step, case)
    channel, refusal = ways[way]
    place_of = (step.key, channel, refusal)
    known = slot.touches.get(place_of)
    if known is None:
        known = slot.touches[place_of] = _place(step, case, channel, refusal)
    return known


def _place(step: Step, case: Case, channel: Channel, refusal: Reason | None) -> PlannedReminder:
    due = falls_due(step, case)
    expires = instant(step.expires, case.base, case.tz, due=due)
    key = ReminderKey(step.key, step.recipient, channel)
    if expires <= case.now:
        reason = Reason.TOO_LATE_WHEN_PLANNED
        return PlannedReminder(key, due, due, expires, ReminderState.EXPIRED, reason)
    is_after = step.phase in LASTING
    placed = place(
        due,
        expires=expires,
        now=case.now,
        tz=zone_of(step, case),
        window=case.clinic.window,
        earliest=case.base.end if is_after else None,
    )
    refusal = refusal or (Reason.NO_WINDOW if placed is None else None)
    leaves = placed or max(due, case.now)
    # Merging may bring a reminder forward, but never a check-in before its own time.
    not_before = min(due, leaves) if is_after else min(case.now, leaves)
    state = ReminderState.PLANNED if refusal is None else ReminderState.SUPPRESSED
    return PlannedReminder(key, not_before, leaves, expires, state, refusal)


def zone_of(step: Step, case: Case) -> ZoneInfo:
    """Return the zone whose quiet hours hold; where an escort lives we do not know, but they come to the clinic."""
    if step.recipient is Recipient.ESCORT:
        return case.tz
    return quiet_zone(case.patient.record, case.appointment.booking)


def _channel(step: Step, case: Case) -> tuple[Channel, Reason | None]:
    """Return where a step goes and why it may not, if so.

    What closes every channel goes before a pause: it outlasts the pause, and somebody must hear of it.
    """
    channel, refusal = _open_channel(step, case.patient)
    return channel, refusal or case.pauses.refusal(case.appointment)


def _open_channel(step: Step, patient: Patient) -> tuple[Channel, Reason | None]:
    """Return the first channel that may be used, or the first of the step's with the reason why none may."""
    first = step.channels[0]
    if step.recipient is Recipient.ESCORT:
        return Channel.SMS, None
    for channel in step.channels:
        if patient.is_open(channel):
            return channel, None
    reachable = [channel for channel in step.channels if patient.record.address(channel)]
    if not reachable:
        return first, Reason.NO_ADDRESS
    agreed = {channel for channel in reachable if patient.record.has_consent(channel)}
    if not agreed:
        return first, Reason.NO_CONSENT
    return first, Reason.ADDRESS_FAULT if agreed <= patient.faulty else Reason.OPTED_OUT
