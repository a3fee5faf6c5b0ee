"""The HTML of an e-mail shows what a text says, and interprets none of it."""

from __future__ import annotations

import pytest

from reminders.core.mail import as_html

LINK = "https://reminders.example.com/r/abc"
UNSUBSCRIBE = "https://reminders.example.com/u/xyz?a=1&b=2"


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_link_becomes_a_button_and_the_way_out_is_there(language: str) -> None:
    page = as_html("Hello", f"Your session. Confirm here: {LINK}.", language=language, unsubscribe_url=UNSUBSCRIBE)
    assert f'href="{LINK}"' in page
    assert 'href="https://reminders.example.com/u/xyz?a=1&amp;b=2"' in page
    assert f'lang="{language}"' in page


def test_what_a_name_or_a_template_holds_is_shown_and_not_run() -> None:
    hostile = '<script>alert(1)</script> "\' {title} {0} https://x.example/"onload="y'
    page = as_html(hostile, hostile, language="en", unsubscribe_url=UNSUBSCRIBE)
    assert "<script" not in page
    assert 'onload="' not in page
    assert "{title} {0}" in page


def test_nothing_is_loaded_from_anywhere() -> None:
    page = as_html("Hello", "One line.\nAnother.", language="en", unsubscribe_url=UNSUBSCRIBE)
    assert not any(word in page for word in ("<img", "src=", "@import", "url(", "<link", "<script"))
