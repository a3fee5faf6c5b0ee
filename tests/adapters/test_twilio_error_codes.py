"""What each code asks of us: whole groups by Twilio's meaning, and the delicate ones one by one."""

from __future__ import annotations

import re

import pytest

from reminders.adapters.twilio.error_codes import classify, known_codes, reason
from reminders.core.delivery import Blame, Refusal

GROUPS = {
    Refusal.OPTED_OUT: "21610",
    Refusal.ADDRESS: "21211 21214 21265 21266 21268 21408 21612 21614 21635 30004 30005 30006",
    Refusal.CONTENT: "21602 21617 21618 21658 30019",
    Refusal.TRANSIENT: "14107 20429 20503 21611 21730 30001 30003 30008 30017 30022 30410 30500",
    Refusal.EXPIRED: "30036",
    Refusal.CONFIGURATION: "10001 20003 20005 20403 20404 21212 21606 21660 21701 21703 30002 30007 30032 30034 30610",
    Refusal.UNLISTED: "0 1 12300 29999 63016 99999",
}


@pytest.mark.parametrize(("kind", "codes"), GROUPS.items(), ids=[kind.value for kind in GROUPS])
def test_a_code_says_why_a_text_did_not_arrive(kind: Refusal, codes: str) -> None:
    assert {code: reason(code) for code in codes.split()} == dict.fromkeys(codes.split(), kind)


@pytest.mark.parametrize(
    ("code", "kind", "why"),
    [
        ("21608", Refusal.CONFIGURATION, "a trial account has hardly any number that it may text"),
        ("30007", Refusal.CONFIGURATION, "what filtered this text filters the next one, too"),
        ("30003", Refusal.TRANSIENT, "a phone that is off is on again later"),
        ("30004", Refusal.ADDRESS, "a block is not an opt-out told to us"),
        ("30450", Refusal.TRANSIENT, "one destination is blocked for half an hour: others are not"),
        ("30453", Refusal.TRANSIENT, "one destination is blocked for some hours: others are not"),
        ("30023", Refusal.TRANSIENT, "one carrier's quota is new tomorrow"),
        ("30410", Refusal.TRANSIENT, "the carrier did not answer, and nobody tried again"),
    ],
)
def test_the_delicate_codes_were_decided_one_by_one(code: str, kind: Refusal, why: str) -> None:
    assert reason(code) is kind, why


def test_every_code_has_a_meaning_of_ours_and_a_kind_that_asks_something() -> None:
    for code, known in known_codes().items():
        assert re.fullmatch(r"[1-9][0-9]{4}", code)
        assert known.kind not in {Refusal.UNLISTED, Refusal.OTHER}, "these are what is not in the list"
        assert re.fullmatch(r"[a-z][^+@]{9,89}[a-z]", known.meaning), f"{code}: {known.meaning}"


def test_only_transient_codes_can_be_somebody_else_s_fault() -> None:
    for known in known_codes().values():
        assert known.blame is Blame.PROVIDER or known.kind is Refusal.TRANSIENT


def test_a_code_that_nobody_listed_says_so() -> None:
    assert classify("29999").meaning == "a code that is not in our list"
