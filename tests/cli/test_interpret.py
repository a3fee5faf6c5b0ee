"""`reminders interpret`: JSON lines in, JSON lines out; faults told by line; an account of the words for people."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from reminders.cli import main
from reminders.cli.interpret import answer_lines
from reminders.cli.interpret_arguments import LANGUAGES, QUESTIONS
from reminders.core.cadences import QuestionKind
from reminders.core.replies import lexicon

GOOD = '{"id": "1", "text": "yes but no ride", "open_question": "confirm", "language": "en"}'


def _lines(capsys: pytest.CaptureFixture[str], *lines: str | bytes) -> tuple[int, list[dict[str, object]], list[str]]:
    status = answer_lines([line if isinstance(line, bytes) else line.encode() for line in lines])
    said = capsys.readouterr()
    return status, [json.loads(line) for line in said.out.splitlines()], said.err.splitlines()


def test_each_line_is_answered_by_contract_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _lines(
        capsys,
        GOOD,
        '{"id": 7, "text": "siete", "open_question": "check_in", "language": "es"}',
        '{"id": null, "text": "", "open_question": null, "language": null}',
    )
    assert (status, err) == (0, [])
    assert out == [
        {"id": "1", "intents": ["needs_ride", "confirm"], "score": None},
        {"id": 7, "intents": ["score"], "score": 7},
        {"id": None, "intents": ["unclear"], "score": None},
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hello", "this is not JSON; a line looks like {"),
        ("[1]", "this is no JSON object; a line looks like {"),
        ('{"id": "1"}', '"text" must be the text that the patient sent, a string (it may be empty)'),
        ('{"id": "1", "text": 5}', '"text" must be the text that the patient sent, a string (it may be empty)'),
        ('{"text": "C", "open_question": "pain"}', '"open_question" must be confirm, ride, check_in, pick_up or null'),
        ('{"text": "C", "language": 1}', '"language" must be "en", "es" or null, not 1'),
        ('{"text": "C", "question": "confirm"}', 'unknown key "question"; known are id, text, open_question, language'),
        (b'{"text": "\xff"}', "it must be UTF-8"),
    ],
)
def test_a_faulty_line_is_one_line_on_standard_error_and_the_others_are_answered(
    capsys: pytest.CaptureFixture[str], line: str | bytes, told: str
) -> None:
    status, out, err = _lines(capsys, line, "", GOOD)
    assert status == 2
    assert [row["id"] for row in out] == ["1"]
    assert len(err) == 1
    assert err[0].startswith(f"line 1: {told}")


def test_standard_input_is_read_without_a_database(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.__dict__, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
        assert main(["interpret"], {"REMINDERS_DATA_DIR": str(tmp_path / "data")}) == 0
    assert json.loads(capsys.readouterr().out)["intents"] == ["needs_ride", "confirm"]
    assert not (tmp_path / "data").exists()


def test_people_are_told_which_words_mean_what_by_which_rule(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["yes but no ride", "this pain is killing me", "7"]
    assert main(["interpret", "--explain", *words, "--question", "check_in"], {}) == 0
    first, second, third = capsys.readouterr().out.split("\n\n")
    assert first.splitlines()[0] == '"yes but no ride"   (asked: check_in)'
    assert first.splitlines()[1].split() == ["needs_ride", '"no', 'ride"', "by", "en.needs_ride.no_ride"]
    assert "symptom (mild)" in second
    assert "turn of phrase" in second
    assert "score           7" in third


def test_texts_without_explain_and_explain_without_texts_say_what_would_be_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["interpret", "yes"], {}) == 2
    assert "texts as arguments are for --explain" in capsys.readouterr().err
    assert main(["interpret", "--explain"], {}) == 2
    assert "--explain needs a text" in capsys.readouterr().err


def test_what_can_be_asked_are_the_words_of_the_core() -> None:
    assert tuple(QuestionKind) == QUESTIONS
    assert lexicon.LANGUAGES == LANGUAGES
