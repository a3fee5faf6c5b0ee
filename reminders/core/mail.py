"""The HTML of an e-mail: one calm column, its links made clickable, nothing loaded from anywhere (requirement 51)."""

from __future__ import annotations

import html
import re

ADDRESS = re.compile(r"https?://[^\s<>\"']+")
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body style="margin:0;background:#f4f5f3">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>\
<td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:34em;background:#fff;\
border-radius:12px"><tr><td style="padding:28px;font:17px/1.55 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;\
color:#1d2522">
{body}
</td></tr></table>
<p style="font:13px/1.5 Arial,sans-serif;color:#5c6661;margin:16px 0 0">{footer}</p>
</td></tr></table>
</body></html>
"""
BUTTON = (
    '<a href="{url}" style="display:inline-block;margin:6px 0;padding:12px 20px;border-radius:8px;background:#1f6f5c;'
    'color:#fff;text-decoration:none;font-weight:600">{label}</a>'
)
LABELS = {"en": "Open your page", "es": "Abrir su página"}
FOOTERS = {
    "en": "You receive this because you have a session with us. Unsubscribe: {url}",
    "es": "Recibe este mensaje porque tiene una cita con nosotros. Darse de baja: {url}",
}


def as_html(title: str, text: str, *, language: str, unsubscribe_url: str | None) -> str:
    """Return the HTML part of a text. Whatever a template or a name holds is shown, never interpreted.

    Without an address to unsubscribe at it has no footer: that is a mail to staff.
    """
    paragraphs = [f'<p style="margin:0 0 14px">{_linked(line, language)}</p>' for line in text.splitlines() if line]
    footer = "" if unsubscribe_url is None else _footer(language, unsubscribe_url)
    return PAGE.format(language=language, title=html.escape(title), body="\n".join(paragraphs), footer=footer)


def _footer(language: str, unsubscribe_url: str) -> str:
    words = html.escape(FOOTERS[language].format(url="")).rstrip()
    url = html.escape(unsubscribe_url, quote=True)
    return f'{words} <a href="{url}" style="color:#5c6661">{url}</a>'


def _linked(line: str, language: str) -> str:
    parts: list[str] = []
    last = 0
    for match in ADDRESS.finditer(line):
        url = match.group().rstrip(".,;")
        button = BUTTON.format(url=html.escape(url, quote=True), label=LABELS[language])
        parts += [html.escape(line[last : match.start()]), button]
        last = match.start() + len(url)
    return "".join([*parts, html.escape(line[last:])])
