"""The core is tested without a database, a network or a clock; properties are tried on a modest number of examples."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("core", max_examples=20, deadline=None, database=None, derandomize=True)
settings.load_profile("core")
