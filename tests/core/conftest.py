"""The core is tested without a database, a network or a clock; properties are tried on a modest number of examples.

`pytest tests/core --hypothesis-profile deep` tries a hundred times as many, and others each time.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("core", max_examples=12, deadline=None, database=None, derandomize=True)
settings.register_profile("deep", max_examples=2_000, deadline=None, database=None)
settings.load_profile("core")
