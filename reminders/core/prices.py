"""Prices: what a clinic pays for a text's segment, and what a message to many would cost it."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

PRICE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ([A-Z]{3})", re.ASCII)
CENT = Decimal("0.01")


def is_price(found: object) -> bool:
    """Say whether this is an amount and a currency, such as '0.0079 USD'."""
    return isinstance(found, str) and PRICE.fullmatch(found) is not None


def cost(price: str, segments: int) -> str:
    """Return what so many segments cost, to the cent and never less than one; empty where no price is known."""
    found = PRICE.fullmatch(price)
    if found is None or segments == 0:
        return ""
    amount = (Decimal(found[1]) * segments).quantize(CENT, ROUND_HALF_UP)
    return f"{max(amount, CENT)} {found[2]}"
