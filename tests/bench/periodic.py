"""All that the workers and the watcher do again and again, whether or not anything is to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reminders.core.patients import Channel
from reminders.services.apply_receipts import apply_receipts
from reminders.services.claim_due import claim_due
from reminders.services.deps import Deps
from reminders.services.dispatch_due import dispatch_due
from reminders.services.escalate import climb
from reminders.services.expire_overdue import expire_overdue
from reminders.services.fly_canaries import hear_canaries
from reminders.services.follow_up import follow_up
from reminders.services.hurry_opt_outs import hurry_opt_outs
from reminders.services.index_patients import index_patients
from reminders.services.keep_feed import keep_feed
from reminders.services.look_up_lines import look_up_lines
from reminders.services.next_due import next_due
from reminders.services.purge import purge
from reminders.services.read_status import leave_beat
from reminders.services.receive_replies import receive_replies
from reminders.services.resolve_unknowns import poll_stuck, resolve_unknowns
from reminders.services.watch_appointments import watch_appointments
from reminders.services.watch_vitals import read_vitals
from reminders.store import weights
from reminders.store.tasks import Wanted

Periodic = Callable[[Deps], object]


def _weigh_worklist(deps: Deps) -> int:
    with deps.store.reading() as tx:
        return len(weights.every(tx, Wanted()))


WAKE: Mapping[str, Periodic] = {
    "next due": next_due,
    "dispatch": dispatch_due,
    "claim by text": lambda deps: claim_due(deps, Channel.SMS),
    "claim by e-mail": lambda deps: claim_due(deps, Channel.EMAIL),
}
"""What a worker does every other second."""
SWEEPS: Mapping[str, Periodic] = {
    "apply receipts": apply_receipts,
    "hear canaries": hear_canaries,
    "receive replies": receive_replies,
    "climb": climb,
    "resolve unknowns": resolve_unknowns,
    "poll stuck": poll_stuck,
    "expire overdue": expire_overdue,
    "watch appointments": watch_appointments,
    "follow up": follow_up,
    "hurry opt-outs": hurry_opt_outs,
    "look up lines": look_up_lines,
    "keep feed": keep_feed,
    "purge": purge,
    "index patients": index_patients,
    "leave a sign of life": lambda deps: leave_beat(deps, "worker"),
    "read vitals": lambda deps: read_vitals(deps, is_told_outside=False),
    "weigh the worklist": _weigh_worklist,
}
"""What else comes round by itself."""
