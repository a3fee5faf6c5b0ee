"""Measures the interpreter on the labelled replies of `tests/data/replies`.

python3 -m tests.core.reply_scores                    the tuning half: table, and every miss with its text
python3 -m tests.core.reply_scores --half held_back   the other half: the table only, its texts stay unread
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reminders.core.cadences import QuestionKind
from reminders.core.replies import Intent, Interpretation, interpret

FOLDER = Path(__file__).resolve().parents[1] / "data" / "replies"
HALVES = ("tuning", "held_back", "set_aside")
"""What rules are tuned on; replies of authors of whom nothing is learned; and a fifth of what others wrote.

The rest of those others is of a fourth kind, `learning`: the weights learn from it, and rules are not tuned on it.
"""


@dataclass(frozen=True)
class Labelled:
    """A reply with what it means to a person who knows the rules."""

    id: str
    text: str
    question: QuestionKind | None
    language: str | None
    intents: frozenset[Intent]
    score: int | None


@dataclass(frozen=True)
class Result:
    """A labelled reply and what the interpreter made of it."""

    wanted: Labelled
    found: Interpretation

    @property
    def is_right(self) -> bool:
        return frozenset(self.found.intents) == self.wanted.intents and self.found.score == self.wanted.score


@dataclass(frozen=True)
class Scores:
    """The figures that the bar is about."""

    replies: int
    accuracy: float
    missed_opt_outs: tuple[Result, ...]
    missed_red_flags: tuple[Result, ...]
    false_confirms: tuple[Result, ...]
    false_opt_outs: tuple[Result, ...]
    false_scores: tuple[Result, ...]


def replies(half: str) -> list[Labelled]:
    """Return one half of the labelled replies."""
    files = sorted(FOLDER.glob(f"*-{half}.jsonl"))
    return [_read(line) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _read(line: str) -> Labelled:
    row = json.loads(line)
    return Labelled(
        id=row["id"],
        text=row["text"],
        question=QuestionKind(row["open_question"]) if row["open_question"] else None,
        language=row["language"],
        intents=frozenset(Intent(name) for name in row["intents"]),
        score=row["score"],
    )


def measure(labelled: Iterable[Labelled]) -> list[Result]:
    """Interpret replies."""
    return [Result(one, interpret(one.text, open_question=one.question, language=one.language)) for one in labelled]


def scores(results: Sequence[Result]) -> Scores:
    """Return the figures of some results."""
    return Scores(
        replies=len(results),
        accuracy=sum(result.is_right for result in results) / len(results),
        missed_opt_outs=_missed(results, Intent.OPT_OUT),
        missed_red_flags=_missed(results, Intent.RED_FLAG),
        false_confirms=_false(results, Intent.CONFIRM),
        false_opt_outs=_false(results, Intent.OPT_OUT),
        false_scores=tuple(r for r in results if r.found.score is not None and r.found.score != r.wanted.score),
    )


def _missed(results: Sequence[Result], intent: Intent) -> tuple[Result, ...]:
    return tuple(r for r in results if intent in r.wanted.intents and not r.found.has(intent))


def _false(results: Sequence[Result], intent: Intent) -> tuple[Result, ...]:
    return tuple(r for r in results if intent not in r.wanted.intents and r.found.has(intent))


def table(results: Sequence[Result]) -> list[str]:
    """Return precision and recall by intent, a line each."""
    lines = [f"{'intent':<16}{'labelled':>9}{'found':>7}{'precision':>11}{'recall':>8}"]
    for intent in Intent:
        wanted = sum(intent in r.wanted.intents for r in results)
        found = sum(r.found.has(intent) for r in results)
        both = sum(intent in r.wanted.intents and r.found.has(intent) for r in results)
        precision, recall = (f"{both / found:.3f}" if found else "-"), (f"{both / wanted:.3f}" if wanted else "-")
        lines.append(f"{intent:<16}{wanted:>9}{found:>7}{precision:>11}{recall:>8}")
    return lines


def summary(found: Scores) -> list[str]:
    """Return the figures of the bar, a line each; no texts."""
    return [
        f"replies          {found.replies}",
        f"accuracy         {found.accuracy:.4f}",
        f"missed opt-outs  {len(found.missed_opt_outs)}",
        f"missed red flags {len(found.missed_red_flags)}",
        f"false confirms   {len(found.false_confirms)}",
        f"false opt-outs   {len(found.false_opt_outs)}",
        f"false scores     {len(found.false_scores)}",
    ]


def by_group(results: Sequence[Result]) -> list[str]:
    """Return the accuracy by open question and by recorded language, a line each."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        for name in (
            f"asked {result.wanted.question}",
            f"language {result.wanted.language}",
            result.wanted.id.split("-")[0],
        ):
            groups.setdefault(name, []).append(result)
    return [f"{name:<18}{sum(r.is_right for r in rows):>4} of {len(rows)}" for name, rows in sorted(groups.items())]


def miss(result: Result) -> str:
    """Return a wrong reading as a line."""
    wanted = ",".join(sorted(result.wanted.intents))
    return (
        f"{result.wanted.id} [{result.wanted.question}/{result.wanted.language}] {result.wanted.text!r}\n"
        f"    wanted {wanted} {result.wanted.score}; found {','.join(result.found.intents)} {result.found.score}"
        f"  by {' '.join(e.rule for f in result.found.findings for e in f.evidence)}"
    )


def main() -> None:
    """Print the figures; the misses only of the half that rules may be tuned on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=HALVES, default="tuning")
    half = parser.parse_args().half
    results = measure(replies(half))
    lines = [*table(results), "", *by_group(results), "", *summary(scores(results))]
    if half == "tuning":
        lines += ["", *(miss(result) for result in results if not result.is_right)]
    print("\n".join(lines))  # noqa: T201 - a program for people


if __name__ == "__main__":
    main()
