"""Look up: ask what kind of line a number is before it is texted for the first time: a text to a landline is lost.

Optional, since it costs money. Who is found to have a landline is written to by the other channel, or phoned.
"""

from __future__ import annotations

from datetime import timedelta

from reminders.core.fallback import LANDLINE
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import USUAL_URGENCY, TaskKind, key_of
from reminders.ports import LineType
from reminders.services.close_addresses import lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.store import contacts, lines, tasks
from reminders.store.lines import Unchecked

AT_ONCE = 20
"""Numbers looked up in one round: a large import must not cost a day's budget in a minute."""
MOST_SILENT = 3
"""After so many questions without an answer a round ends: whoever knows is out of reach."""
ASK_AGAIN_AFTER = timedelta(days=1)


def look_up_lines(deps: Deps) -> int:
    """Look up some numbers that will be texted soonest; return how many are known now. Sends nothing."""
    if deps.lookup is None:
        return 0
    now = deps.clock.now()
    with deps.store.reading() as tx:
        found = lines.unchecked(tx, now=now, asked_before=now - ASK_AGAIN_AFTER, limit=AT_ONCE)
    known = silent = 0
    for item in found:
        if not _claim(deps, item):
            continue
        kind = deps.lookup.line_type(item.phone)
        if kind is not None:
            _remember(deps, item, kind)
        known, silent = known + (kind is not None), silent + (kind is None)
        if silent == MOST_SILENT:
            break
    return known


def _claim(deps: Deps, item: Unchecked) -> bool:
    """Say whether to ask: each question costs money, and two workers may have found the same number."""
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        contact_id = contacts.ensure(tx, item.clinic_id, Channel.SMS, item.phone, new_id=deps.identity.new_id())
        return lines.claim(tx, contact_id, asked_before=now - ASK_AGAIN_AFTER, now=now)


def _remember(deps: Deps, item: Unchecked, kind: LineType) -> None:
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        ids = contacts.at_address(tx, item.phone)
        lines.remember(tx, ids, kind, now=now)
        if kind is not LineType.LANDLINE:
            return
        people = lock_concerned(tx, ids)
        contacts.mark_fault(tx, ids, LANDLINE, now=now)
        plan_concerned(tx, deps, people, now=now)
        tasks.open_once(tx, deps.identity.new_id(), _task(item), now=now)


def _task(item: Unchecked) -> tasks.Task:
    """Ask for another number; planning asks in the same words, and once, where no other channel is left."""
    kind = TaskKind.ADDRESS_FAULT
    return tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=key_of(kind, item.appointment_id, item.version),
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
        appointment_id=item.appointment_id,
        reason=Reason.ADDRESS_FAULT,
    )
