"""How a text is counted, which words the provider answers itself, and what a TwiML reply says."""

import xml.etree.ElementTree as ET
from enum import StrEnum

# GSM 03.38 default alphabet and its extension table, whose characters count twice.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà",
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


def segments(body: str) -> int:
    """How many segments a text takes: 160 or 153 septets in GSM-7, else 70 or 67 UTF-16 units."""
    if all(character in _BASIC or character in _EXTENDED for character in body):
        units, single, joined = sum(2 if character in _EXTENDED else 1 for character in body), 160, 153
    else:
        units, single, joined = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= single else -(-units // joined)


class Keyword(StrEnum):
    """What a whole text means to the provider itself."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


# Twilio's default words; the whole text must be the word, in any case.
_KEYWORDS = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), Keyword.STOP),
    **dict.fromkeys(("START", "YES", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
NOTICES = {
    Keyword.STOP: (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    ),
    Keyword.START: (
        "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
        "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    Keyword.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def keyword(body: str) -> Keyword | None:
    """The provider's keyword that this whole text is, if it is one."""
    return _KEYWORDS.get(body.strip().upper())


def twiml_replies(document: str) -> list[str]:
    """The texts that a TwiML document asks to send back.

    Raises:
        ValueError: if the document is not a TwiML response.
    """
    try:
        root = ET.fromstring(document)  # noqa: S314 - the answer of the service under test, on this machine
    except ET.ParseError as error:
        raise ValueError(f"no XML: {error}") from error
    if root.tag != "Response":
        raise ValueError(f"expected <Response>, found <{root.tag}>")
    replies = []
    for message in root.iter("Message"):
        inner = message.find("Body")
        replies.append("".join((message if inner is None else inner).itertext()).strip())
    return [reply for reply in replies if reply]
