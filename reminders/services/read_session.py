"""Read a session: who acts, by the cookie that their browser brought."""

from __future__ import annotations

from dataclasses import dataclass

from reminders.core.ids import SessionId
from reminders.core.sign_in import SEEN_EVERY
from reminders.core.staff import Actor, Role, actor
from reminders.services.deps import Deps
from reminders.store import sessions, staff


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Who acts, and what their forms must carry."""

    id: SessionId
    who: Actor
    form_key: str


def read_session(deps: Deps, token: str, *, is_person: bool = True) -> OpenSession | None:
    """Return an open session; None where it ended, by whatever rule.

    Only what a person does keeps it open: `is_person` is False where a page looks for news by itself.
    """
    now = deps.clock.machine_now()
    with deps.store.reading() as tx:
        session = sessions.find(tx, token)
        if session is None or not session.is_alive(now):
            return None
        person = staff.get(tx, session.staff_id)
        if person is None or not person.may_sign_in:
            return None
        roles = staff.roles_of(tx, [person.id])[person.id]
        every = staff.every_clinic(tx)
    if is_person and now - session.seen_at >= SEEN_EVERY:
        with deps.store.transaction() as tx:
            sessions.see(tx, session.id, now=now)
    return OpenSession(session.id, actor(person.id, person.name, roles, every_clinic=every), session.form_key)


def operator(deps: Deps, name: str) -> Actor:
    """Return whoever sits at this machine, and so may do everything at every clinic."""
    with deps.store.reading() as tx:
        every = staff.every_clinic(tx)
    return actor(None, name, dict.fromkeys(every, Role.MANAGER), every_clinic=every)
