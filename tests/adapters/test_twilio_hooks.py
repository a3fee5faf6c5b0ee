"""Signatures and the strict schema; the signer is twilio-python's own."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from reminders.adapters.twilio.hooks import TwilioSmsHooks
from reminders.core.errors import ForgedHookError

ACCOUNT = "AC" + "1" * 32
SID = "SM" + "a" * 32
PATH = "/hooks/twilio/sms"
URL = "https://clinic.example"
TEXT = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "Body": "STOP",
    "From": "+12125550101",
    "FromCity": "PARIS",
    "FromCountry": "US",
    "FromZip": "",
    "MessageSid": SID,
    "NumMedia": "0",
    "To": "+12125550100",
}
Pairs = list[tuple[str, str]]


def sign(fields: dict[str, str], url: str = URL + PATH, *, token: str | None = None) -> str:
    return str(RequestValidator(token if token is not None else "new").compute_signature(url, fields))


def hooks(*tokens: str, url: str = URL) -> TwilioSmsHooks:
    return TwilioSmsHooks(tokens or ("new",), ACCOUNT, url)


def body(fields: dict[str, str] | Pairs) -> bytes:
    return urlencode(fields).encode()


def replaced(**changes: str) -> dict[str, str]:
    return TEXT | changes


def test_while_a_token_is_replaced_both_are_good_and_afterwards_only_the_new_one() -> None:
    old_signature = sign(TEXT, token="old")

    assert hooks("new", "old").read_text(PATH, body(TEXT), old_signature).body == "STOP"
    assert hooks("new", "old").read_text(PATH, body(TEXT), sign(TEXT)).body == "STOP"
    with pytest.raises(ForgedHookError):
        hooks("new").read_text(PATH, body(TEXT), old_signature)


def test_an_empty_token_opens_nothing() -> None:
    with pytest.raises(ForgedHookError):
        TwilioSmsHooks(("",), ACCOUNT, URL).read_text(PATH, body(TEXT), sign(TEXT, token=""))


@pytest.mark.parametrize("fragment", ["", "#rc=5&rp=all"], ids=["bare", "with fragment"])
@pytest.mark.parametrize("host", [URL, URL + ":443"])
def test_the_callback_policy_and_the_default_port_may_be_signed_or_not(host: str, fragment: str) -> None:
    url = host + PATH + fragment

    assert hooks().read_text(PATH, body(TEXT), sign(TEXT, url)).provider_id == SID
    assert hooks(url=URL + ":443/").read_text(PATH, body(TEXT), sign(TEXT, url)).provider_id == SID


def test_a_public_address_with_a_port_and_a_path_is_signed_whole() -> None:
    url = "http://127.0.0.1:8000/base"

    assert hooks(url=url).read_text(PATH, body(TEXT), sign(TEXT, url + PATH)).provider_id == SID


@pytest.mark.parametrize("url", ["http://clinic.example", "https://evil.example", "https://clinic.example:8443"])
def test_another_address_than_the_configured_one_is_refused(url: str) -> None:
    with pytest.raises(ForgedHookError):
        hooks().read_text(PATH, body(TEXT), sign(TEXT, url + PATH))


def test_a_signature_holds_for_its_own_route_and_words_only() -> None:
    with pytest.raises(ForgedHookError):
        hooks().read_text("/hooks/twilio/status/1", body(TEXT), sign(TEXT))
    with pytest.raises(ForgedHookError):
        hooks().read_text(PATH, body(replaced(Body="C")), sign(TEXT))


@pytest.mark.parametrize(
    ("removed", "added"),
    [
        ({"Body"}, {"Bod": "ySTOP, I CALL you"}),
        ({"Body"}, {"Body": "STOP, I ", "CALL you": ""}),
        ({"From", "FromCity"}, {"Fro": "m+12125550101", "From": "CityPARIS"}),
        ({"MessageSid"}, {"MessageSi": "d" + SID}),
        ({"AccountSid"}, {"Account": "Sid" + ACCOUNT}),
    ],
    ids=["words away", "words short", "another sender", "no id", "no account"],
)
def test_a_genuine_callback_cut_differently_is_refused(removed: set[str], added: dict[str, str]) -> None:
    genuine = replaced(Body="STOP, I CALL you")
    cut = {name: value for name, value in genuine.items() if name not in removed} | added

    assert RequestValidator("new").validate(URL + PATH, cut, sign(genuine))
    with pytest.raises(ForgedHookError):
        hooks().read_text(PATH, body(cut), sign(genuine))


def test_fields_moved_into_the_address_are_refused() -> None:
    rest = {key: value for key, value in TEXT.items() if key != "AccountSid"}
    path = f"{PATH}AccountSid{ACCOUNT}"

    assert RequestValidator("new").validate(URL + path, rest, sign(TEXT))
    with pytest.raises(ForgedHookError):
        hooks().read_text(path, body(rest), sign(TEXT))


@pytest.mark.parametrize("name", ["AccountSid", "MessageSid", "From", "To", "Body"])
def test_each_required_field_stands_exactly_once(name: str) -> None:
    without = {key: value for key, value in TEXT.items() if key != name}
    twice = [*TEXT.items(), (name, TEXT[name])]

    with pytest.raises(ForgedHookError):
        hooks().read_text(PATH, body(without), sign(without))
    with pytest.raises(ForgedHookError):  # a signature counts equal values once, so this one is good
        hooks().read_text(PATH, body(twice), sign(TEXT))


@pytest.mark.parametrize(
    "changes",
    [
        {"AccountSid": "AC" + "2" * 32},
        {"MessageSid": "CA" + "a" * 32},
        {"MessageSid": SID + "\n"},
        {"From": ""},
        {"From": "Ann"},
        {"To": "+1"},
        {"NumMedia": "-1"},
        {"NumMedia": "many"},
        {"OptOutType": "STOP me"},
        {"Odd name": ""},
    ],
    ids=str,
)
def test_a_genuine_callback_of_the_wrong_shape_is_refused(changes: dict[str, str]) -> None:
    fields = TEXT | changes

    with pytest.raises(ForgedHookError):
        hooks().read_text(PATH, body(fields), sign(fields))


def test_new_fields_and_blank_ones_do_no_harm() -> None:
    fields = replaced(ChannelMetadata='{"type": "rcs"}', SmsStatus="", OptOutType="")

    read = hooks().read_text(PATH, body(fields), sign(fields))

    assert (read.body, read.opt_out_type) == ("STOP", None)


@pytest.mark.parametrize(
    "changes", [{"MessageStatus": "DELIVERED!"}, {"MessageStatus": ""}, {"ErrorCode": "3e4"}], ids=str
)
def test_a_receipt_of_the_wrong_shape_is_refused(changes: dict[str, str]) -> None:
    fields = {"AccountSid": ACCOUNT, "MessageSid": SID, "MessageStatus": "sent"} | changes

    with pytest.raises(ForgedHookError):
        hooks().read_receipt(PATH, body(fields), sign(fields))


def test_a_body_beyond_64_kilobytes_or_200_fields_is_refused() -> None:
    long, many = replaced(Body="x" * 64_000), TEXT | {f"F{number}": "" for number in range(200)}
    for fields in (long, many):
        with pytest.raises(ForgedHookError):
            hooks().read_text(PATH, body(fields), sign(fields))


def test_json_is_refused_even_where_its_digest_is_signed() -> None:
    path = f"{PATH}?bodySHA256=0"
    signature = str(RequestValidator("new").compute_signature(URL + path, {}))

    with pytest.raises(ForgedHookError):
        hooks().read_text(path, b'{"AccountSid": "' + ACCOUNT.encode() + b'"}', signature)


def test_a_refusal_repeats_nothing_of_what_was_sent() -> None:
    fields = replaced(From="Ann Example", Body="my pain is 9")

    with pytest.raises(ForgedHookError) as caught:
        hooks().read_text(PATH, body(fields), sign(fields))
    assert "Ann" not in str(caught.value)
    assert "pain" not in str(caught.value)
