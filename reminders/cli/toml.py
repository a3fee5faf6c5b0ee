"""Writing the few shapes of TOML that a clinic file has: tables of tables, texts, truth values, numbers, lists.

The standard library reads TOML and does not write it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(name: str, table: Mapping[str, Any]) -> str:
    """Return a table as TOML under its name, plain values first."""
    return "\n".join(_lines(_key(name), table)).lstrip() + "\n"


def _lines(path: str, table: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if plain or not table:
        yield f"\n[{path}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(f"{path}.{_key(key)}", value)


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    """Write a value: JSON's texts, numbers, truth values and lists are TOML's too, but for the letter DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
