"""What every keeper of passwords and codes does: the one with argon2id and TOTP, and its cheap twin."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import segno
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from pyotp import TOTP

from reminders.adapters.credentials import DECOY, LANES, MEMORY_KIB, PASSES, ArgonCredentials
from reminders.adapters.memory_credentials import MemoryCredentials
from reminders.ports import Credentials

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = datetime(2027, 3, 1, 12, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)
GOOD = "heron umbrella quartz nine"


@pytest.fixture(params=["argon2", "memory"])
def credentials(request: pytest.FixtureRequest) -> Credentials:
    return ArgonCredentials() if request.param == "argon2" else MemoryCredentials()


def code(credentials: Credentials, at: datetime) -> str:
    if isinstance(credentials, MemoryCredentials):
        return credentials.code(SECRET, at=at)
    return TOTP(SECRET).at(at)


@pytest.mark.parametrize("password", [GOOD, "contraseña más larga", "p" * 128, " spaces  count "])
def test_a_password_opens_what_was_kept_of_it_and_no_other_does(credentials: Credentials, password: str) -> None:
    kept = credentials.hash_password(password)
    assert password not in kept
    assert len(kept) <= 200
    assert credentials.verify_password(kept, password)
    assert not credentials.verify_password(kept, password + "x")
    assert not credentials.verify_password(kept, "")
    assert not credentials.needs_rehash(kept)


def test_a_decoy_is_opened_by_nothing_and_looks_like_any_other(credentials: Credentials) -> None:
    assert not any(credentials.verify_password(credentials.decoy, word) for word in ("", "decoy", GOOD))
    assert not credentials.needs_rehash(credentials.decoy)


def test_what_cannot_be_read_opens_nothing(credentials: Credentials) -> None:
    assert not credentials.verify_password("", GOOD)
    assert not credentials.verify_password("plain", GOOD)


@pytest.mark.parametrize("ago", [-2, -1, 0, 1, 2])
def test_the_code_of_a_step_is_taken_one_step_early_or_late(credentials: Credentials, ago: int) -> None:
    at = NOON + ago * STEP
    found = credentials.totp_step(SECRET, code(credentials, at), at=NOON)
    assert found == (int(at.timestamp()) // 30 if abs(ago) <= 1 else None)


@pytest.mark.parametrize("wrong", ["", "1", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "0000000", "\udcff"])
def test_what_is_no_code_is_refused(credentials: Credentials, wrong: str) -> None:
    assert credentials.totp_step(SECRET, wrong, at=NOON) is None


def test_a_password_that_is_easy_to_guess_is_met_with_advice(credentials: Credentials) -> None:
    for weak in ("", "password1234", "1234 1234 1234"):
        assert credentials.weakness(weak, ())
    assert credentials.weakness("okonkwomarguerite", ("Marguerite", "Okonkwo", ""))
    assert credentials.weakness(GOOD, ("kim.lee", "")) == ()


def test_secrets_are_of_256_bits_and_never_repeat(credentials: Credentials) -> None:
    made = {credentials.new_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_a_code_for_cameras_is_a_square_of_runs(credentials: Credentials) -> None:
    drawn = credentials.qr_code(credentials.totp_uri(SECRET, login="kim.lee", issuer="Reminders"))
    assert re.fullmatch(r"(M\d+ \d+h\d+v1h-\d+z)+", drawn.path)
    assert all(int(x) + int(run) <= drawn.size for x, run in re.findall(r"M(\d+) \d+h(\d+)", drawn.path))


def test_passwords_are_kept_as_owasp_asks_at_least() -> None:
    assert (MEMORY_KIB >= 19 * 1024, PASSES >= 2, LANES) == (True, True, 1)
    kept = ArgonCredentials().hash_password(GOOD)
    assert kept.split("$")[:4] == DECOY.split("$")[:4], "a decoy of other cost would show who is unknown"


def test_what_was_kept_more_weakly_opens_and_wants_to_be_kept_anew() -> None:
    kept = PasswordHasher.from_parameters(CHEAPEST).hash(GOOD)
    credentials = ArgonCredentials()
    assert credentials.verify_password(kept, GOOD)
    assert credentials.needs_rehash(kept)


def test_an_authenticator_app_reads_name_and_secret() -> None:
    uri = ArgonCredentials().totp_uri(SECRET, login="kim.lee@clinic.example", issuer="Reminders")
    assert uri == f"otpauth://totp/Reminders:kim.lee%40clinic.example?secret={SECRET}&issuer=Reminders"


def test_a_long_password_is_judged_without_a_wait_and_used_whole() -> None:
    credentials = ArgonCredentials()
    assert credentials.weakness("a1" * 64, ())
    assert credentials.weakness("q7" * 5 + GOOD * 4, ()) == ()


def test_the_drawn_code_has_every_dark_module_of_the_code_and_no_other() -> None:
    text = "otpauth://totp/Reminders:kim.lee?secret=" + SECRET
    drawn = ArgonCredentials().qr_code(text)
    runs = [tuple(map(int, run)) for run in re.findall(r"M(\d+) (\d+)h(\d+)", drawn.path)]
    dark = {(x + step, y) for x, y, length in runs for step in range(length)}
    matrix = segno.make(text, error="m", micro=False).matrix
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert drawn.size == len(matrix)
