"""What every reader of SMS callbacks does, Twilio's and the one in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from reminders.adapters.memory import MemorySmsHooks
from reminders.adapters.twilio.hooks import TwilioSmsHooks
from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.core.errors import ForgedHookError
from reminders.ports import InboundText, Receipt, SmsHooks

ACCOUNT = "AC" + "1" * 32
SID = "SM" + "a" * 32
PATH = "/hooks/twilio/sms"
URL = "https://clinic.example"


@dataclass(frozen=True)
class World:
    """A reader, its twin without secrets, and the provider's side: body and signature of a callback."""

    hooks: SmsHooks
    without_secrets: SmsHooks
    text: Callable[[InboundText], tuple[bytes, str]]
    receipt: Callable[[Receipt], tuple[bytes, str]]


@pytest.fixture(params=["twilio", "memory"])
def world(request: pytest.FixtureRequest) -> World:
    return by_twilio() if request.param == "twilio" else in_memory()


def by_twilio() -> World:
    def signed(fields: dict[str, str]) -> tuple[bytes, str]:
        return urlencode(fields).encode(), RequestValidator("token").compute_signature(URL + PATH, fields)

    def text(item: InboundText) -> tuple[bytes, str]:
        fields = {"MessageSid": item.provider_id, "AccountSid": ACCOUNT, "From": item.sender, "To": item.to}
        fields |= {"Body": item.body, "NumMedia": str(item.media_count), "FromCity": ""}
        return signed(fields | ({"OptOutType": item.opt_out_type} if item.opt_out_type else {}))

    def receipt(item: Receipt) -> tuple[bytes, str]:
        fields = {"MessageSid": item.provider_id, "AccountSid": ACCOUNT, "MessageStatus": item.provider_status}
        return signed(fields | ({"ErrorCode": item.error_code} if item.error_code else {}))

    return World(TwilioSmsHooks(("token",), ACCOUNT, URL), TwilioSmsHooks((), ACCOUNT, URL), text, receipt)


def in_memory() -> World:
    hooks = MemorySmsHooks("secret")
    return World(hooks, MemorySmsHooks(""), hooks.form_of_text, hooks.form_of_receipt)


A_TEXT = InboundText(SID, "+12125550101", "+12125550100", "C", 0)
A_RECEIPT = Receipt(SID, ReceiptStatus.DELIVERED, "delivered", None)


@pytest.mark.parametrize("words", ["C", "", "  Sí, allí estaré  ", "1+1=2 & more #1 👍", "a\r\nb\n", "Body=STOP&x=y"])
def test_the_words_of_a_text_arrive_untouched(world: World, words: str) -> None:
    text = InboundText(SID, "+12125550101", "+12125550100", words, 2, "STOP")

    assert world.hooks.read_text(PATH, *world.text(text)) == text


@pytest.mark.parametrize(
    "receipt",
    [
        A_RECEIPT,
        Receipt(SID, ReceiptStatus.UNDELIVERED, "undelivered", "30006", Refusal.ADDRESS),
        Receipt(SID, ReceiptStatus.FAILED, "failed", "21610", Refusal.OPTED_OUT),
        Receipt(SID, ReceiptStatus.UNDELIVERED, "undelivered", "30003", Refusal.TRANSIENT),
        Receipt(SID, ReceiptStatus.FAILED, "failed", "30036", Refusal.EXPIRED),
        Receipt(SID, ReceiptStatus.UNDELIVERED, "undelivered", "30007", Refusal.CONFIGURATION),
        Receipt(SID, ReceiptStatus.FAILED, "failed", "29999", Refusal.UNLISTED),
        Receipt(SID, ReceiptStatus.FAILED, "failed", None, None),
        Receipt(SID, None, "teleported", None),
    ],
    ids=lambda receipt: f"{receipt.provider_status} {receipt.error_code}",
)
def test_a_receipt_says_what_the_provider_said(world: World, receipt: Receipt) -> None:
    assert world.hooks.read_receipt(PATH, *world.receipt(receipt)) == receipt


@pytest.mark.parametrize(
    "signature", [None, "", "wrong", "wröng", "x" * 100_000], ids=["none", "empty", "a", "b", "long"]
)
def test_a_wrong_signature_is_refused(world: World, signature: str | None) -> None:
    with pytest.raises(ForgedHookError):
        world.hooks.read_text(PATH, world.text(A_TEXT)[0], signature)
    with pytest.raises(ForgedHookError):
        world.hooks.read_receipt(PATH, world.receipt(A_RECEIPT)[0], signature)


def test_without_a_secret_nothing_is_genuine(world: World) -> None:
    body, signature = world.text(A_TEXT)

    for given in (signature, "", None):
        with pytest.raises(ForgedHookError):
            world.without_secrets.read_text(PATH, body, given)


def test_one_kind_of_callback_is_no_other_kind(world: World) -> None:
    with pytest.raises(ForgedHookError):
        world.hooks.read_receipt(PATH, *world.text(A_TEXT))
    with pytest.raises(ForgedHookError):
        world.hooks.read_text(PATH, *world.receipt(A_RECEIPT))


def test_what_is_no_form_is_refused(world: World) -> None:
    signature = world.text(A_TEXT)[1]
    for body in (b"", b'{"MessageSid": "x"}', b"\xff\xfe", b"&&&", b"name"):
        with pytest.raises(ForgedHookError):
            world.hooks.read_text(PATH, body, signature)
