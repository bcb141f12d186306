"""Trains the classifier for hate and abuse, and tells what it is worth.

    python -m evals.train_hate --train cold_train.csv --dev cold_dev.csv --out hate.npz --corpus corpus
    python -m evals.train_hate --dev cold_dev.csv --weights hate.npz     (measures alone)

The data is COLD (Deng et al., 2022, arXiv:2201.06025, Apache-2.0): comments on race, region
and gender, labelled offensive or not. Its train and dev splits were labelled by machine with
people's help, and by the words that stand there: of comments that speak of 歧视, mostly
against it, 92% are labelled offensive. So these labels are left out of the training, and
evals/moderation/read_by_hand.jsonl holds our own reading of 341 comments of the dev split,
by the hash of their text. Recipes were compared on its development half; `report` was
drawn and read after the choice.

Half of the corpus's entries and of our questions, and evals/moderation/harmless.txt, are learnt
from as harmless, lest the manner of a museum's text pass for an insult; the other halves tell
how much of it is flagged.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from evals.cases import load_cases
from qilu_rag.errors import InputError
from qilu_rag.moderation.classify import (
    BUCKETS,
    HateClassifier,
    Weights,
    counts,
    mentions_prejudice,
    vector,
)
from qilu_rag.text.sentences import split_sentences
from qilu_rag.types import Stage

READ_BY_HAND = Path(__file__).parent / "moderation" / "read_by_hand.jsonl"
CASES = Path(__file__).parent / "cases"
HARMLESS = READ_BY_HAND.with_name("harmless.txt")
_FEWEST = 3
_C = 3.0
_SEED = 20261124
_RARITY_SCALE = 25.0
"""ln(25,726 / 4) + 1 is 9.8; 8 bits hold up to 255."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment and whether it is offensive."""

    text: str
    offensive: bool


def read_comments(path: Path) -> list[Comment]:
    """Reads a split of COLD.

    Raises:
        InputError: not a CSV file with the columns TEXT and label.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [Comment(row["TEXT"], row["label"] == "1") for row in csv.DictReader(file)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: not a split of COLD, a CSV file in UTF-8 with TEXT and label: {error!r}"
        ) from error


def of_culture(corpus: Path) -> dict[str, list[Comment]]:
    """Sentences of entries and questions, all harmless, in halves `dev` and `report`."""
    written = HARMLESS.read_text(encoding="utf-8").splitlines()
    halves = {"dev": [Comment(text, False) for text in written], "report": []}
    for half, some in halves.items():
        some += [Comment(case.question, False) for case in load_cases(CASES, half)]
    for path in sorted(corpus.rglob("*.md")):
        body = path.read_text(encoding="utf-8").split("---", 2)[-1]
        half = "report" if crc32(path.stem.encode()) % 2 else "dev"
        halves[half] += [Comment(text, False) for text in split_sentences(body) if text[0] != "#"]
    return halves


def train(comments: Sequence[Comment], harmless: Sequence[Comment] = ()) -> Weights:
    """Learns weights, without the comments whose label follows from a word for prejudice.

    Args:
        comments: from which n-grams and weights are learnt.
        harmless: texts of another manner, from which weights alone are learnt.
    """
    kept = [c for c in comments if not (c.offensive and mentions_prejudice(c.text))]
    held_by = np.zeros(BUCKETS, dtype=np.int64)
    for comment in kept:
        held_by[counts(comment.text)[0]] += 1
    rarity = np.where(held_by >= _FEWEST, np.log((1 + len(kept)) / (1 + held_by)) + 1, 0.0)
    quantised = np.minimum(np.rint(rarity * _RARITY_SCALE), 255).astype(np.uint8)
    model = LogisticRegression(C=_C, max_iter=300, solver="liblinear", random_state=_SEED)
    kept += harmless
    model.fit(_matrix(kept, quantised), [c.offensive for c in kept])
    unit = float(np.abs(model.coef_).max()) / 127
    return Weights(
        weight=np.rint(model.coef_[0] / unit).astype(np.int8),
        rarity=quantised,
        unit=unit,
        bias=float(model.intercept_[0]),
    )


def _matrix(comments: Sequence[Comment], rarity: NDArray[np.uint8]) -> csr_matrix:
    rows = [vector(comment.text, rarity) for comment in comments]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    columns = np.concatenate([buckets for buckets, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return csr_matrix((values, columns, ends), shape=(len(comments), BUCKETS))


def measure(
    classifier: HateClassifier, comments: Sequence[Comment], harmless: Sequence[Comment]
) -> Table:
    """What it is worth on a split with its own labels, on those that we read, and on texts
    that are harmless one and all.
    """
    table = Table("comments", "n", "macro-F1", "95%", "caught", "harmless flagged", box=None)
    flagged = {c.text: bool(classifier.find(c.text, "input")) for c in comments}

    def add(name: str, some: Sequence[Comment]) -> None:
        gold = np.array([c.offensive for c in some])
        told = np.array([flagged[c.text] for c in some])
        low, high = _interval(gold, told)
        shares = (f"{told[gold].mean():.3f}", f"{told[~gold].mean():.3f}")
        table.add_row(
            name, str(len(some)), f"{_f1(gold, told):.3f}", f"{low:.3f}–{high:.3f}", *shares
        )

    add("as labelled", comments)
    read = read_by_hand(comments)
    for half, some in read.items():
        of_prejudice = [c for c in some if mentions_prejudice(c.text)]
        others = [c for c in some if not mentions_prejudice(c.text)]
        add(f"read by us, {half}: speak of prejudice", of_prejudice)
        add(f"read by us, {half}: others", others)
    stages: tuple[Stage, ...] = ("input", "output", "document")
    for stage in stages:
        alarms = sum(bool(classifier.find(c.text, stage)) for c in harmless)
        share = f"{alarms / max(len(harmless), 1):.4f}"
        table.add_row(f"corpus and questions, {stage}", str(len(harmless)), "", "", "", share)
    return table


def read_by_hand(comments: Sequence[Comment]) -> dict[str, list[Comment]]:
    """The comments that we read, with our labels, by half."""
    texts = {hashlib.sha256(c.text.encode()).hexdigest()[:16]: c.text for c in comments}
    found: dict[str, list[Comment]] = {}
    for line in READ_BY_HAND.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["sha256"] in texts:
            comment = Comment(texts[row["sha256"]], row["offensive"])
            found.setdefault(row["half"], []).append(comment)
    return found


def _f1(gold: NDArray[np.bool_], told: NDArray[np.bool_]) -> float:
    return float(f1_score(gold, told, average="macro"))


def _interval(gold: NDArray[np.bool_], told: NDArray[np.bool_]) -> tuple[float, float]:
    """95% interval of the macro-F1, by 1,000 bootstrap samples."""
    draw = np.random.default_rng(_SEED)
    drawn = (draw.integers(0, len(gold), len(gold)) for _ in range(1_000))
    low, high = np.percentile([_f1(gold[rows], told[rows]) for rows in drawn], [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, help="COLD's train split; trains")
    parser.add_argument("--out", type=Path, help="where the weights go")
    parser.add_argument("--weights", type=Path, help="measure these; those of the package without")
    parser.add_argument("--dev", type=Path, required=True, help="COLD's dev split; measures")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"), help="of harmless texts")
    args = parser.parse_args()
    culture = of_culture(args.corpus)
    if args.train is None:
        default = args.weights is None
        classifier = (
            HateClassifier.default() if default else HateClassifier(Weights.load(args.weights))
        )
    else:
        if args.out is None:
            parser.error("--train needs --out, where the weights go")
        train(read_comments(args.train), culture["dev"]).save(args.out)
        # What is measured is what was written.
        classifier = HateClassifier(Weights.load(args.out))
    Console(width=120).print(measure(classifier, read_comments(args.dev), culture["report"]))


if __name__ == "__main__":
    main()
