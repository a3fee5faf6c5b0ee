"""Measures the interpreter on the labelled replies of `tests/data/replies`; ends with 1 where a bar is not met.

python3 -m tests.core.reply_scores                    the tuning half: table, and every miss with its text
python3 -m tests.core.reply_scores --half held_back   the other half: the table only, its texts stay unread

The suite reads a sample of each half (`--sample`). The halves whole, and each examination, are this command's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from reminders.core.cadences import QuestionKind
from reminders.core.replies import Intent, Interpretation, interpret
from tests.core.reply_bars import BARS, EXAMINATIONS, SAMPLE_BARS, Bar

FOLDER = Path(__file__).resolve().parents[1] / "data" / "replies"
HALVES = ("tuning", "held_back", "set_aside")
"""What rules are tuned on; replies of authors of whom nothing is learned; and a fifth of what others wrote.

The rest of those others is of a fourth kind, `learning`: the weights learn from it, and rules are not tuned on it.
"""
URGENT = frozenset({Intent.OPT_OUT, Intent.RED_FLAG})
SEED = 20_270_301
SAMPLE = 300
"""Replies of a half that the suite reads: three seconds, where a half is read in a minute."""


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

    @property
    def reached(self) -> Bar:
        """The figures as numbers, to hold against a bar."""
        return Bar(
            accuracy=self.accuracy,
            missed_opt_outs=len(self.missed_opt_outs),
            missed_red_flags=len(self.missed_red_flags),
            false_confirms=len(self.false_confirms),
            false_opt_outs=len(self.false_opt_outs),
            false_scores=len(self.false_scores),
        )


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


def sample(labelled: Iterable[Labelled], size: int = SAMPLE) -> list[Labelled]:
    """Return so many replies, half of them such as nobody may overhear; which ones does not hang on what else there is.

    Each has its place by its own id, so that replies which are added take the places of few.
    """
    drawn = sorted(labelled, key=lambda one: sha256(f"{SEED} {one.id}".encode()).digest())
    urgent = [one for one in drawn if one.intents & URGENT][: size // 2]
    others = [one for one in drawn if not one.intents & URGENT][: size - len(urgent)]
    return urgent + others


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


def below(results: Sequence[Result], bar: Bar) -> list[str]:
    """Return the figures of some results, if any of them is worse than it may be."""
    found = scores(results)
    failed = bar.missed_by(found.reached)
    return [f"worse than it may be: {', '.join(failed)}", *summary(found)] if failed else []


def below_the_bars(half: str, results: Sequence[Result]) -> list[str]:
    """Return what is worse than it may be in a half that was read whole, and in each examination that lies in it."""
    told = below(results, BARS[half])
    for name, bar in EXAMINATIONS.items() if half == "held_back" else ():
        told += below([result for result in results if result.wanted.id.startswith(name)], bar)
    return told


def main() -> int:
    """Print the figures, with the misses only of the half that rules may be tuned on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=HALVES, default="tuning")
    parser.add_argument("--sample", action="store_true", help="only what the suite reads of it")
    asked = parser.parse_args()
    half: str = asked.half
    results = measure(sample(replies(half)) if asked.sample else replies(half))
    lines = [*table(results), "", *by_group(results), "", *summary(scores(results))]
    if half == "tuning":
        lines += ["", *(miss(result) for result in results if not result.is_right)]
    told = below(results, SAMPLE_BARS[half]) if asked.sample else below_the_bars(half, results)
    print("\n".join([*lines, *(["", *told] if told else [])]))  # noqa: T201 - a program for people
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
