"""What hypothesis draws for T10: spans of time, the words of a provider, the kinds of receipts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from reminders.core.delivery import Refusal
from tests.chaos.delivery_words import Word
from tests.chaos.hiding_provider import ACCEPTED

PAUSES = [
    timedelta(seconds=n) for n in (1, 5, 31, 46, 61, 61, 180, 660, 660, 1_860, 1_860, 3_660, 10_800, 43_200, 172_800)
]
WAITS = [None, timedelta(seconds=90), timedelta(minutes=10), timedelta(hours=2)]
HIDDEN = Word("unknown", has_arrived=True, is_hidden=True)
UNKNOWN = [Word("unknown", has_arrived=False), Word("unknown", has_arrived=True), HIDDEN]
ABSENT = st.builds(
    lambda wait, blame: Word("absent", blame=blame, wait=wait, has_arrived=False),
    st.sampled_from(WAITS),
    st.sampled_from(["message", "message", "provider", "limit", "configuration"]),
)
OPEN_STILL = ["content", "transient", "expired", "configuration", "unlisted", "other"]
"""Refusals that close no address: most of those drawn, or little would happen after a few acts."""
REJECTED = [
    Word("rejected", refusal=why, has_arrived=False) for why in [*(item.value for item in Refusal), *OPEN_STILL]
]
WORDS = st.one_of(st.just(ACCEPTED), st.sampled_from(UNKNOWN), ABSENT, st.sampled_from(REJECTED))
GOOD, BAD = ["queued", "sent", "delivered"], ["undelivered", "failed", "cancelled"]
REFUSALS = st.sampled_from([None, *OPEN_STILL, *OPEN_STILL, *(refusal.value for refusal in Refusal)])
SELDOM = st.sampled_from([False] * 5 + [True])
OFTEN = st.sampled_from([True, True, False])
