"""Staff in tests: added and invited by whoever sits at the machine, and signed in as people do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from reminders.core.ids import ClinicId
from reminders.core.sign_in import Person
from reminders.core.staff import Role
from reminders.services.accept_invitation import read_invitation
from reminders.services.apply_clinics import known_clinics
from reminders.services.invite_staff import Invited, add_staff
from reminders.services.read_session import operator
from tests.web.browser import PUBLIC_URL, Browser, some_app
from tests.world import CLINIC, World

PASSWORD = "heron umbrella quartz nine"
STEP = timedelta(seconds=30)
NORTH = {**CLINIC, "slug": "north", "sender": "North Clinic"}
"""A second clinic, for tests that hold strangers off."""


@dataclass(frozen=True)
class Member:
    """A person who chose password and second factor."""

    world: World
    person: Person
    secret: str

    @property
    def code(self) -> str:
        """The code that their app shows now; each works once, so time goes on by a step."""
        self.world.later(STEP)
        return self.world.credentials.code(self.secret, at=self.world.clock.machine_now())

    def sign_in(self, browser: Browser, *, after: str = "/", **changes: str) -> httpx.Response:
        """Fill in the form as this person does, or with these changes."""
        browser.get("/sign-in")
        form = {"login": self.person.login, "password": PASSWORD, "code": changes.get("code") or self.code}
        return browser.post("/sign-in", {**form, "after": after, "nonce": browser.nonce, **changes})


def clinic_id(world: World, slug: str) -> ClinicId:
    """Return the id of a clinic."""
    return next(clinic.id for clinic in known_clinics(world.deps) if clinic.slug == slug)


def invited(world: World, login: str, **roles: Role) -> Invited:
    """Add a person with a role at each clinic, named by its slug."""
    held = {clinic_id(world, slug): role for slug, role in roles.items()}
    who = operator(world.deps, "Operator")
    return add_staff(world.deps, who, login=login, name=login.replace(".", " ").title(), roles=held)


def secret_of(world: World, link: str) -> str:
    """Return the second factor that an invitation offers."""
    found = read_invitation(world.deps, urlsplit(link).path.rpartition("/")[2])
    assert found is not None
    return found.secret


def accepted(world: World, browser: Browser, login: str, **roles: Role) -> Member:
    """Add a person who accepts the invitation in this browser and so is signed in there."""
    made = invited(world, login, **roles)
    member = Member(world, made.person, secret_of(world, made.link))
    path = urlsplit(made.link).path
    browser.get(path)
    form = {"password": PASSWORD, "again": PASSWORD, "code": member.code, "nonce": browser.nonce}
    answer = browser.post(path, form)
    assert answer.status_code == 303, answer.text
    return member


def signed_in(world: World, folder: Path, login: str, *, app: FastAPI | None = None, **roles: Role) -> Browser:
    """Return the browser of a new person who is signed in; `page_nonce` reads what its forms must carry."""
    browser = Browser(app or some_app(world, folder), PUBLIC_URL)
    accepted(world, browser, login, **roles)
    return browser


def page_nonce(answer: httpx.Response) -> str:
    """Return what the forms of a page carry."""
    return answer.text.partition('name="nonce" value="')[2].partition('"')[0]
