"""When what is hinted at: the whole periodic table. Two beats at once, or none for a while, do no harm.

Each entry expires before its successor comes, so that a worker that was away finds one hint, not a thousand. The
workers look for themselves at least as often (`workers.waiting`): this is for one whose look hangs, and every hint
wakes several processes.
"""

from __future__ import annotations

from typing import Any

from reminders.ports import Job


def every(seconds: float, job: Job) -> dict[str, Any]:
    """Hint at a job every so many seconds."""
    return {"task": job.value, "schedule": seconds, "options": {"expires": seconds}}


BEAT = {
    "send what is due by text": every(15, Job.SEND_SMS),
    "send what is due by e-mail": every(15, Job.SEND_EMAIL),
    "apply receipts that were stored": every(60, Job.APPLY_RECEIPTS),
    "read replies that were stored": every(60, Job.RECEIVE_REPLIES),
    "tell the next of a chain": every(30, Job.CLIMB),
    "find out about unknown outcomes": every(60, Job.RESOLVE_UNKNOWNS),
    "end what is past its use": every(60, Job.EXPIRE_OVERDUE),
    "look for rides and outcomes that are missing": every(30, Job.WATCH_APPOINTMENTS),
    "ask again, or tell staff, where nobody answers": every(60, Job.FOLLOW_UP),
    "look up numbers before their first text": every(60, Job.LOOK_UP_LINES),
    "ask about texts without a final receipt": every(300, Job.POLL_STUCK),
    "bring opt-out requests up before their deadline": every(600, Job.HURRY_OPT_OUTS),
    "number what happened, for the API's feed": every(60, Job.KEEP_FEED),
    "make patients of before searchable": every(60, Job.INDEX_PATIENTS),
    "let go what is kept no longer": every(3600, Job.PURGE),
    "let a canary pass every part": every(60, Job.RELEASE_CANARY),
    "read the schedule again if it changed": every(60, Job.SYNC_SCHEDULE),
}
