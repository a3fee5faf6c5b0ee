"""Twilio's callbacks: is this one genuine, and what does it say.

Twilio signs names and values strung together without delimiters, so a captured request can be cut differently and still
carry a good signature (`Body=STOP` as `Bod=ySTOP`). Only a strict schema after the signature refuses those.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import SplitResult, parse_qsl, urlsplit

from reminders.adapters.twilio.error_codes import reason
from reminders.adapters.twilio.protocol import CALLBACK_POLICY, MESSAGE_SID, status_of
from reminders.core.errors import ForgedHookError
from reminders.ports import InboundText, Receipt

_MOST_BYTES = 64_000
_MOST_FIELDS = 200
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_PHONE = re.compile(r"\+?[0-9]{3,15}")
"""A full number or a short code: `From=CityPARIS`, cut from FromCity, is neither."""
_STATUS_WORD = re.compile(r"[a-z_-]{1,32}")
_SMALL_NUMBER = re.compile(r"[0-9]{1,3}")
_ERROR_CODE = re.compile(r"[0-9]{1,6}")
_WORD = re.compile(r"[A-Za-z_]{0,32}")
_ANYTHING = re.compile(r".*", re.DOTALL)
_DEFAULT_PORTS = {"http": 80, "https": 443}

Fields = Mapping[str, list[str]]


class TwilioSmsHooks:
    """Reads form callbacks. While one auth token replaces another both may be valid; without any, none is."""

    def __init__(self, auth_tokens: tuple[str, ...], account_sid: str, public_url: str) -> None:
        """Expect signatures over `public_url` followed by the route's path, whatever host a request names."""
        self._keys = tuple(token.encode() for token in auth_tokens if token)
        self._account_sid = account_sid
        self._origins = _origins(urlsplit(public_url.rstrip("/")))

    def read_text(self, path: str, body: bytes, signature: str | None) -> InboundText:
        """Read an inbound text. Raises ForgedHookError."""
        fields = self._genuine(path, body, signature)
        return InboundText(
            provider_id=_required(fields, "MessageSid", MESSAGE_SID),
            sender=_required(fields, "From", _PHONE),
            to=_required(fields, "To", _PHONE),
            body=_required(fields, "Body", _ANYTHING),
            media_count=int(_optional(fields, "NumMedia", _SMALL_NUMBER) or 0),
            opt_out_type=_optional(fields, "OptOutType", _WORD) or None,
        )

    def read_receipt(self, path: str, body: bytes, signature: str | None) -> Receipt:
        """Read a delivery report. Raises ForgedHookError."""
        fields = self._genuine(path, body, signature)
        word = _required(fields, "MessageStatus", _STATUS_WORD)
        code = _optional(fields, "ErrorCode", _ERROR_CODE)
        return Receipt(
            provider_id=_required(fields, "MessageSid", MESSAGE_SID),
            status=status_of(word),
            provider_status=word,
            error_code=code or None,
            refusal=reason(code) if code else None,
        )

    def _genuine(self, path: str, body: bytes, signature: str | None) -> Fields:
        if len(body) > _MOST_BYTES:
            raise ForgedHookError("the body is larger than any callback")
        fields = _parse(body)
        if not self._is_signed(path, fields, signature or ""):
            raise ForgedHookError("the signature is wrong or missing")
        if any(_FIELD_NAME.fullmatch(name) is None for name in fields):
            raise ForgedHookError("a field has a name that Twilio would not use")
        if _required(fields, "AccountSid", _ANYTHING) != self._account_sid:
            raise ForgedHookError("the callback belongs to another account")
        return fields

    def _is_signed(self, path: str, fields: Fields, signature: str) -> bool:
        text = "".join(name + _joined(fields[name]) for name in sorted(fields)).encode()
        given = signature.encode()
        is_genuine = False
        # Every candidate is compared, so that the time taken says nothing about which one came near.
        for address in self._addresses(path):
            signed = address.encode() + text
            for key in self._keys:
                made = base64.b64encode(hmac.digest(key, signed, "sha1"))
                is_genuine |= hmac.compare_digest(made, given)
        return is_genuine

    def _addresses(self, path: str) -> Iterator[str]:
        """Yield the spellings that may have been signed: with or without port, with or without the fragment."""
        for origin in self._origins:
            yield origin + path
            yield origin + path + CALLBACK_POLICY


def _joined(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else "".join(sorted(set(values)))


def _origins(url: SplitResult) -> Sequence[str]:
    return [f"{url.scheme}://{netloc}{url.path}" for netloc in _netlocs(url)]


def _netlocs(url: SplitResult) -> set[str]:
    host = url.netloc.removesuffix(f":{url.port}")
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    return {url.netloc, host, f"{host}:{port}"}


def _parse(body: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,  # refuses JSON, too
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise ForgedHookError("the body is not a form") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _required(fields: Fields, name: str, shape: re.Pattern[str]) -> str:
    values = fields.get(name, [])
    if len(values) != 1 or shape.fullmatch(values[0]) is None:
        raise ForgedHookError(f"{name} is missing, double or malformed")
    return values[0]


def _optional(fields: Fields, name: str, shape: re.Pattern[str]) -> str:
    if not fields.get(name) or fields[name] == [""]:
        return ""
    return _required(fields, name, shape)
