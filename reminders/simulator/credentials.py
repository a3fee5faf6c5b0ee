"""Who may call the simulated provider."""

import base64
import binascii
import hmac

from fastapi import Request

from reminders.simulator.api_errors import AUTHENTICATE, ApiError
from reminders.simulator.settings import SimulatorSettings


def authenticate(request: Request, settings: SimulatorSettings) -> None:
    """Let the account's token and its API key pass.

    Raises:
        ApiError: for everybody else, and for an address that names another account.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        given = b""
    pairs = [(settings.account_sid, settings.auth_token)]
    if settings.api_key and settings.api_secret:
        pairs.append((settings.api_key, settings.api_secret))
    is_known = any(hmac.compare_digest(given, f"{name}:{secret}".encode()) for name, secret in pairs)
    if not is_known or request.path_params.get("account_sid", settings.account_sid) != settings.account_sid:
        code, text = AUTHENTICATE
        raise ApiError(code, text, status=401)
