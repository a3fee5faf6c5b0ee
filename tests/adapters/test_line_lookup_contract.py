"""What everybody does who knows lines, by Twilio and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import pytest

from reminders.adapters.memory import MemoryLineLookup
from reminders.adapters.twilio.lookup import TwilioLineLookup
from reminders.ports import LineLookup, LineType
from tests.adapters.scripted_twilio import Behaviour, ScriptedTwilio, answer, refusing, replying, resetting
from tests.adapters.texts import a_gateway

ANN, BOB = "+12125550101", "+12125550102"
WORDS = {LineType.MOBILE: "mobile", LineType.LANDLINE: "landline", LineType.OTHER: "nonFixedVoip"}


@dataclass(frozen=True)
class World:
    """Somebody who knows lines, and what teaches them or takes them away."""

    lookup: LineLookup
    teach: Callable[[str, LineType], None]
    go_away: Callable[[], None]


def show(twilio: ScriptedTwilio, phone: str, **intelligence: object) -> None:
    document = {"phone_number": phone, "valid": True, "line_type_intelligence": intelligence}
    twilio.documents[f"/v2/PhoneNumbers/{phone}"] = document


@pytest.fixture(params=["twilio", "memory"])
def world(request: pytest.FixtureRequest, twilio: ScriptedTwilio) -> Iterator[World]:
    kind: Literal["twilio", "memory"] = request.param
    if kind == "memory":
        lookup = MemoryLineLookup()
        yield World(lookup, lookup.lines.__setitem__, lambda: setattr(lookup, "is_gone", True))
        return
    with closing(a_gateway(twilio.url)) as gateway:
        yield World(
            TwilioLineLookup(gateway.line),
            lambda phone, kind: show(twilio, phone, type=WORDS[kind]),
            lambda: setattr(twilio, "always", refusing(503)),
        )


@pytest.mark.parametrize("kind", LineType)
def test_a_line_is_of_the_kind_that_is_known(world: World, kind: LineType) -> None:
    world.teach(ANN, kind)

    assert world.lookup.line_type(ANN) is kind
    assert world.lookup.line_type(BOB) is None


def test_where_nobody_answers_nothing_is_known(world: World) -> None:
    world.teach(ANN, LineType.LANDLINE)
    world.go_away()

    assert world.lookup.line_type(ANN) is None


@pytest.fixture
def lookup(twilio: ScriptedTwilio) -> Iterator[TwilioLineLookup]:
    with closing(a_gateway(twilio.url)) as gateway:
        yield TwilioLineLookup(gateway.line)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("mobile", LineType.MOBILE),
        ("landline", LineType.LANDLINE),
        ("fixedVoip", LineType.OTHER),
        ("tollFree", LineType.OTHER),
        ("pager", LineType.OTHER),
        ("unknown", None),
        ("telepathy", None),
        (None, None),
        (7, None),
    ],
)
def test_twilio_s_words_are_read(
    twilio: ScriptedTwilio, lookup: TwilioLineLookup, word: object, kind: LineType | None
) -> None:
    show(twilio, ANN, type=word, error_code=None)

    assert lookup.line_type(ANN) is kind


def test_one_question_is_asked_for_the_one_package_that_is_wanted(
    twilio: ScriptedTwilio, lookup: TwilioLineLookup
) -> None:
    show(twilio, ANN, type="mobile")

    lookup.line_type(ANN)

    [asked] = twilio.requests
    assert (asked.method, asked.path) == ("GET", f"/v2/PhoneNumbers/{ANN}")
    assert asked.query == {"Fields": ["line_type_intelligence"]}
    assert asked.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "behaviour",
    [
        refusing(429, 20429),
        refusing(404, 20404),
        refusing(403, 60601),
        resetting,
        replying(answer(200, [])),
        replying(answer(200, b"{")),
        replying(answer(200, {"line_type_intelligence": None})),
        replying(answer(200, {"line_type_intelligence": "mobile"})),
    ],
    ids=["429", "404", "no access", "reset", "list", "cut off", "null", "text"],
)
def test_trouble_is_no_answer_and_is_not_asked_again(
    twilio: ScriptedTwilio, lookup: TwilioLineLookup, behaviour: Behaviour
) -> None:
    twilio.always = behaviour

    assert lookup.line_type(ANN) is None
    assert len(twilio.requests) <= 2, "a GET may be repeated once by the connection, never by us"


@pytest.mark.parametrize("phone", ["", "2125550101", "+1/../Accounts", "+1212555010A", "+0123456", "+" + "1" * 40])
def test_what_is_no_number_is_never_asked_for(twilio: ScriptedTwilio, lookup: TwilioLineLookup, phone: str) -> None:
    assert lookup.line_type(phone) is None
    assert twilio.requests == []


def test_nothing_is_logged_of_whom_it_is_about(
    twilio: ScriptedTwilio, lookup: TwilioLineLookup, capfd: pytest.CaptureFixture[str]
) -> None:
    twilio.always = refusing(500, message=f"no {ANN}")

    lookup.line_type(ANN)

    said = "".join(capfd.readouterr())
    assert "sms.lookup_failed" in said
    assert ANN not in said
