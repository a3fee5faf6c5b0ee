"""Snippets: texts that a clinic approved for staff to answer with, by language and a short name of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reminders.core.clinics import Clinic
from reminders.core.content import clinic_values, language_of, render
from reminders.core.reading import Reader, fault_line, is_text
from reminders.core.segments import measure
from reminders.core.texts import TEMPLATES

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
SNIPPET_VALUES = frozenset({"sender", "phone", "emergency", "crisis_line", "place"})
"""What a snippet may name: nothing of any one session, for it answers whatever was asked."""
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "en": {
        "call-us": "{{sender}}: Please call us at {{phone}} and we will sort it out together.",
        "we-call": "{{sender}}: Thank you for your message. We will call you as soon as we can.",
        "noted": "{{sender}}: Thank you, we have noted that.",
        "nobody-drives": "{{sender}}: Please have an adult take you home afterwards. Call {{phone}} if you need help.",
    },
    "es": {
        "call-us": "{{sender}}: Por favor llame al {{phone}} y lo resolvemos juntos.",
        "we-call": "{{sender}}: Gracias por su mensaje. Le llamaremos en cuanto podamos.",
        "noted": "{{sender}}: Gracias, lo hemos anotado.",
        "nobody-drives": "{{sender}}: Un adulto debe acompañarle a casa. Llame al {{phone}} si necesita ayuda.",
    },
}
"""What a clinic has until its file names its own."""


def read_snippets(reader: Reader, document: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return the snippets of a clinic's document, by language, then name; the built-in ones where it has none."""
    if "snippets" not in document:
        return BUILT_IN
    table = reader.table("clinic.snippets", document["snippets"])
    found: dict[str, Mapping[str, str]] = {}
    for language, texts in table.items():
        path = f"clinic.snippets.{language}"
        found[language] = reader.table(path, texts)
        for key, text in found[language].items():
            wanted = "a name of small letters, digits and hyphens is wanted"
            reader.value(f"{path}.{key}", key, lambda name: NAME.fullmatch(name) is not None, wanted)
            reader.value(f"{path}.{key}", text, is_text, "text is wanted")
    return found


def snippets_for(clinic: Clinic, language: str) -> Mapping[str, str]:
    """Return what staff may answer somebody of this language with, as it will read; their clinic's language else."""
    spoken = next((tongue for tongue in (language_of(language), clinic.language) if clinic.snippets.get(tongue)), "")
    values = clinic_values(clinic)
    return {key: render(text, values) for key, text in clinic.snippets.get(spoken, {}).items()}


def snippet_language_faults(clinic: Clinic) -> Iterator[str]:
    """Find snippets in a language in which we write to nobody."""
    for language in clinic.snippets:
        if language not in TEMPLATES:
            wanted = f"texts are sent in {', '.join(TEMPLATES)}"
            yield fault_line(f"clinic.snippets.{language}", language, wanted)


def snippet_size_faults(clinic: Clinic) -> Iterator[str]:
    """Find snippets that cost more parts than the clinic allows a text."""
    values = clinic_values(clinic)
    own = {} if clinic.snippets is BUILT_IN else clinic.snippets
    for language, texts in own.items():
        for key, text in texts.items():
            segments = measure(_filled(text, values)).segments
            if segments > clinic.most_segments:
                wanted = f"at most {clinic.most_segments} parts are allowed"
                yield fault_line(f"clinic.snippets.{language}.{key}", f"{segments} parts", wanted)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text
