"""Every form of STOP that T9 lets phones send."""

from __future__ import annotations

STOP_WORDS = (
    *("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"),
    *("stop", "Stop", "Stop.", " stop \n", "STOP!!!", "'STOP'", "stop all", "opt out", "opt-out", "Opt Out."),
    *(
        "\N{FULLWIDTH LATIN CAPITAL LETTER S}\N{FULLWIDTH LATIN CAPITAL LETTER T}OP",
        "STOP\N{ZERO WIDTH SPACE}",
        "s\N{COMBINING ACUTE ACCENT}top",
        "“Stop”",
        "¡ALTO!",
        "parar",
        "basta",
    ),
    *("no más", "NO MAS", "unsubscribe.", "Cancel", "end", "Quit!", "revoke", "optout\r\n"),
)
"""Every form that the provider, the law and the clinic's languages know; written down here, not read from our code."""
