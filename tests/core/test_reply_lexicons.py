"""The lexicons: every entry proves itself by its examples, and a faulty one is refused with what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from reminders.core.replies import Intent
from reminders.core.replies.interpret import interpret_by_rules
from reminders.core.replies.lexicon import (
    LANGUAGES,
    SHARED,
    Entry,
    Lexicon,
    LexiconError,
    build,
    lexicon,
    load,
    shared_texts,
)
from reminders.core.replies.matching import find
from reminders.core.replies.phrases import phrases_of
from reminders.core.replies.reading import clauses_of, fold


def _is_found(known: Lexicon, entry: Entry, text: str) -> bool:
    """Say whether an entry's patterns match a text, whatever becomes of it."""
    folded = fold(text)
    phrases = phrases_of(clauses_of(folded, len(folded.text)), known)
    question = min(filter(None, entry.under), default=None)
    return any(match.entry is entry for match in find(phrases, known, question))


def _faults(known: Lexicon, entry: Entry) -> list[str]:
    """Return the examples of an entry that do not mean what it says, and the look-alikes that do."""
    question = min(filter(None, entry.under), default=None)
    if not isinstance(entry.means, Intent):
        return [f"{entry.id} does not know {text!r}" for text in entry.examples if not _is_found(known, entry, text)]
    readings = {
        text: interpret_by_rules(text, open_question=question, language=known.language).has(entry.means)
        for text in (*entry.examples, *entry.near)
    }
    missed = [f"{entry.id} does not know {text!r}" for text in entry.examples if not readings[text]]
    return missed + [f"{entry.id} must not know {text!r}" for text in entry.near if readings[text]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_of_every_entry_means_what_the_entry_says(language: str) -> None:
    known = lexicon(language)
    faults = [fault for entry in known.entries for fault in _faults(known, entry)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_net_catches_its_examples_and_lets_go_what_only_looks_alike(language: str) -> None:
    nets = lexicon(language).nets
    caught = {
        text: interpret_by_rules(text, open_question=None, language=language).has(net.intent)
        for net in nets
        for text in (*net.examples, *net.near)
    }
    missed = [f"{net.id} does not catch {text!r}" for net in nets for text in net.examples if not caught[text]]
    assert not missed + [f"{net.id} must not catch {text!r}" for net in nets for text in net.near if caught[text]]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "x", "intent": "opt_out", "parts": [["a"], []], "examples": ["a"]}, "`parts` must be a list of texts"),
        ({"id": "x", "intent": "stop", "parts": [["a"]], "examples": ["a"]}, "known are red_flag, opt_out"),
        ({"id": "x", "intent": "opt_out", "parts": [["[a] _"]], "examples": ["a"]}, "would match anything"),
        ({"id": "x", "intent": "opt_out", "parts": [["a"]], "examples": ["a"], "wihtin": 3}, "unknown field 'wihtin'"),
    ],
)
def test_a_faulty_net_is_refused_with_its_file_its_name_and_what_would_be_right(row: dict[str, Any], told: str) -> None:
    with pytest.raises(LexiconError) as error:
        build("en", [("words", {"net": [row]})], frozenset())
    assert str(error.value).startswith("words.toml, net ")
    assert told in str(error.value)


@pytest.mark.parametrize("table", ["reactions", "auto_replies", "signatures", "forwards", "quotes"])
def test_every_whole_text_that_phones_write_is_known_by_its_rule(table: str) -> None:
    rules = dict(shared_texts(table))
    for rule, row in load(SHARED)[table].items():
        for text in row["examples"]:
            assert rules[rule].search(fold(text).text), f"{table}.{rule} does not know {text!r}"
        for text in row.get("near", []):
            assert not rules[rule].search(fold(text).text), f"{table}.{rule} must not know {text!r}"


def test_every_intent_that_words_can_mean_has_an_entry_in_every_language() -> None:
    by_phones = {Intent.REACTION, Intent.AUTO_REPLY}
    by_rules = {Intent.SCORE, Intent.THANKS, Intent.UNCLEAR}
    for known in map(lexicon, LANGUAGES):
        assert {entry.means for entry in known.entries} >= set(Intent) - by_phones - by_rules


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "x", "intent": "opt_out", "patterns": ["stop"]}, "`examples` must be a list of texts"),
        ({"id": "x", "intent": "opt_out", "patterns": [], "examples": ["a"]}, "`patterns` must be a list of texts"),
        ({"id": "X y", "intent": "opt_out", "patterns": ["a"], "examples": ["a"]}, "`id` must be small letters"),
        ({"id": "x", "patterns": ["a"], "examples": ["a"]}, "either an `intent` or a `mark`"),
        ({"id": "x", "intent": "stop", "patterns": ["a"], "examples": ["a"]}, "known are red_flag, opt_out"),
        ({"id": "x", "mark": "maybe", "patterns": ["a"], "examples": ["a"]}, "known are yes, ok, no"),
        ({"id": "x", "intent": "help", "patterns": ["a"], "examples": ["a"], "undr": []}, "unknown field 'undr'"),
        ({"id": "x", "intent": "help", "patterns": ["(a"], "examples": ["a"]}, "'(' is not closed"),
        ({"id": "x", "intent": "help", "patterns": ["a)"], "examples": ["a"]}, "closes what nothing opened"),
        ({"id": "x", "intent": "help", "patterns": ["<who> a"], "examples": ["a"]}, "no group <who>"),
        ({"id": "x", "intent": "help", "patterns": ["[a] _"], "examples": ["a"]}, "would match anything"),
        ({"id": "x", "intent": "help", "patterns": ["a (|b)"], "examples": ["a"]}, "a part of it is empty"),
        ({"id": "x", "intent": "help", "patterns": ["a"], "examples": ["a"], "under": ["pain"]}, "known are confirm"),
    ],
)
def test_a_faulty_entry_is_refused_with_its_file_its_name_and_what_would_be_right(
    row: dict[str, Any], told: str
) -> None:
    with pytest.raises(LexiconError) as error:
        build("en", [("words", {"entry": [row]})], frozenset())
    assert str(error.value).startswith("words.toml, entry ")
    assert told in str(error.value)


def test_two_entries_of_one_name_are_refused() -> None:
    row = {"id": "x", "intent": "help", "patterns": ["a"], "examples": ["a"]}
    with pytest.raises(LexiconError, match=r"two entries are called words\.help\.x"):
        build("en", [("words", {"entry": [row, row]})], frozenset())
