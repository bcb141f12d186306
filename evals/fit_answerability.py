"""Fits the answerability weights on the development half and writes them as data.

    python -m evals.fit_answerability

The examples are the questions that the corpus answers and those that it does not, each
with the evidence that retrieval found and the model's leaning on it. Questions for what
changes are left out: a rule refuses them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import qilu_rag.answer
from evals.cases import Case, load_cases
from qilu_rag.answer.answerable import asks_for_what_changes, features
from qilu_rag.answer.evidence import choose
from qilu_rag.answer.prompts import VERSION, YES_NO, judge_messages
from qilu_rag.assistant import Assistant, build
from qilu_rag.config import load_settings
from qilu_rag.types import Hit, Query

_CACHE = Path("var/leanings.jsonl")
_NAMES = ("coverage", "unheard", "leaning")


def main() -> None:
    """Collects, fits, writes."""
    cases = load_cases(Path("evals/cases"))
    with build(load_settings()) as assistant:
        rows = _collect(assistant, cases)
    target = Path(qilu_rag.answer.__file__).with_name("answerability.toml")
    _fit(rows, target)


def _collect(assistant: Assistant, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """The examples; the model's leanings, which take hours of a small machine, are kept."""
    kept: dict[str, float | None] = {}
    if _CACHE.exists():
        lines = _CACHE.read_text("utf-8").splitlines()
        kept = {row["key"]: row["leaning"] for row in map(json.loads, lines)}
    rows = []
    with _CACHE.open("a", encoding="utf-8") as file:
        for kind, case in _jobs(cases):
            query, hits = assistant.evidence(case.question)
            key = f"{VERSION} {kind} {case.question}"
            if key not in kept:
                kept[key] = _leaning(assistant, query, hits)
                line = {"key": key, "leaning": kept[key]}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
            if not asks_for_what_changes(query, hits):
                rows.append({"kind": kind} | features(query, hits, kept[key]))
    return rows


def _jobs(cases: Sequence[Case]) -> list[tuple[str, Case]]:
    kinds = [("answerable" if case.entry else "unanswerable", case) for case in cases]
    return [(kind, case) for kind, case in kinds if case.half == "dev"]


def _leaning(assistant: Assistant, query: Query, hits: Sequence[Hit]) -> float | None:
    bounds = assistant.settings.answer
    sources = choose(query, hits, passages=bounds.passages, characters=bounds.evidence_characters)
    return assistant.chat.lean(judge_messages(query, sources), YES_NO)


def _fit(rows: Sequence[dict[str, Any]], target: Path) -> None:
    labels = np.array([row["kind"] == "answerable" for row in rows])
    lines = ["# Written by: python -m evals.fit_answerability", ""]
    for section, names in (("with_leaning", _NAMES), ("without_leaning", _NAMES[:-1])):
        values = np.array([[row[name] for name in names] for row in rows])
        mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
        model = LogisticRegression(class_weight="balanced")
        model.fit((values - mean) / scale, labels)
        weights = model.coef_[0] / scale
        bias = float(model.intercept_[0] - (weights * mean).sum())
        scores = values @ weights + bias
        auc = roc_auc_score(labels, scores)
        lines += [f"[{section}]", f"# ROC-AUC {auc:.3f} on its own {len(rows)} examples"]
        lines += [f"bias = {bias:.4f}"]
        lines += [f"{name} = {weight:.4f}" for name, weight in zip(names, weights, strict=True)]
        lines += [""]
        sys.stderr.write(f"{section}: ROC-AUC {auc:.3f}\n")
    target.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
