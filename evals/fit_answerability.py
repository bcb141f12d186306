"""Fits the answerability weights on the development half and writes them as data.

    python -m evals.fit_answerability
    python -m evals.fit_answerability --given SQUAD-FILE...   # for passages brought along

The examples are the questions that the corpus answers and those that it does not, each
with the evidence that retrieval found and the model's leaning on it. Questions for what
changes are left out: a rule refuses them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import qilu_rag.answer
from evals.cases import load_cases
from evals.given import make_cases
from evals.remembered import asked
from qilu_rag.answer.answerable import asks_for_what_changes, features
from qilu_rag.answer.evidence import choose
from qilu_rag.answer.prompts import YES_NO, judge_messages
from qilu_rag.assistant import Assistant
from qilu_rag.config import load_settings

_CACHE = Path("var/replies.sqlite")
_NAMES = ("coverage", "unheard", "leaning")
_GIVEN_NAMES = ("coverage", "unheard", "similarity", "leaning")
"""Over a whole corpus the similarity of the best sentence tells nothing beside these."""


def main() -> None:
    """Collects, fits, writes; what was not fitted anew stays in the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--given", nargs="+", type=Path, default=[], help="sets in SQuAD's form")
    parser.add_argument("--sample", type=int, default=40, help="given cases of each kind and set")
    options = parser.parse_args()
    with asked(load_settings(), _CACHE) as assistant:
        if options.given:
            rows = [
                row
                for path in options.given
                for case in make_cases(path, "dev", options.sample)
                if case.kind != "contradictory"
                for row in _row(assistant, case.kind == "noisy", case.question, case.passages)
            ]
        else:
            cases = [c for c in load_cases(Path("evals/cases")) if c.half == "dev"]
            rows = [row for c in cases for row in _row(assistant, c.entry is not None, c.question)]
    target = Path(qilu_rag.answer.__file__).with_name("answerability.toml")
    fitted = _fit(rows, _GIVEN_NAMES, "given_") if options.given else _fit(rows, _NAMES)
    _write(target, fitted)


def _row(
    assistant: Assistant, answerable: bool, question: str, passages: Sequence[str] | None = None
) -> list[dict[str, float]]:
    """The features of an example and whether it is answerable; none where a rule decides."""
    query, hits = assistant.evidence(question, passages=passages)
    if asks_for_what_changes(query, hits):
        return []
    bounds = assistant.settings.answer
    sources = choose(query, hits, passages=bounds.passages, characters=bounds.evidence_characters)
    leaning = assistant.chat.lean(judge_messages(query, sources), YES_NO)
    return [{"answerable": float(answerable)} | features(query, hits, leaning)]


def _fit(
    rows: Sequence[Mapping[str, float]], features_used: Sequence[str], prefix: str = ""
) -> dict[str, str]:
    """The sections of the file by name, as text."""
    labels = np.array([row["answerable"] == 1 for row in rows])
    sections = {}
    for section, names in (
        ("with_leaning", features_used),
        ("without_leaning", features_used[:-1]),
    ):
        values = np.array([[row[name] for name in names] for row in rows])
        mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
        model = LogisticRegression(class_weight="balanced")
        model.fit((values - mean) / scale, labels)
        weights = model.coef_[0] / scale
        bias = float(model.intercept_[0] - (weights * mean).sum())
        auc = roc_auc_score(labels, values @ weights + bias)
        lines = [f"# ROC-AUC {auc:.3f} on its own {len(rows)} examples", f"bias = {bias:.4f}"]
        lines += [f"{name} = {weight:.4f}" for name, weight in zip(names, weights, strict=True)]
        sections[prefix + section] = "\n".join(lines)
        sys.stderr.write(f"{prefix}{section}: ROC-AUC {auc:.3f}\n")
    return sections


def _write(target: Path, sections: Mapping[str, str]) -> None:
    """Puts sections in the file, in the place of those of the same name."""
    blocks = re.split(r"^\[(\w+)\]\n", target.read_text("utf-8"), flags=re.MULTILINE)
    held = dict(zip(blocks[1::2], (block.strip() for block in blocks[2::2]), strict=True))
    text = "\n\n".join(f"[{name}]\n{lines}" for name, lines in {**held, **sections}.items())
    target.write_text(f"# Written by: python -m evals.fit_answerability\n\n{text}\n", "utf-8")


if __name__ == "__main__":
    main()
