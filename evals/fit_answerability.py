"""Fits the answerability weights on the development half and writes them as data.

    python -m evals.fit_answerability

Three kinds of examples: questions with their evidence; questions that the corpus can't
answer; and questions whose own evidence was taken out of the hits, which leaves what
is nearest to an answer without being one. The last are the hardest and cost nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import qilu_rag.answer
from evals.cases import Case, load_cases
from qilu_rag.answer.answerable import asks_for_what_changes, features
from qilu_rag.answer.evidence import choose
from qilu_rag.answer.prompts import YES_NO, judge_messages
from qilu_rag.assistant import Assistant, build
from qilu_rag.config import load_settings
from qilu_rag.ports import ChatModel
from qilu_rag.types import Hit, Query

_CACHE = Path("var/fit_answerability.jsonl")
_NAMES = ("coverage", "similarity", "named", "english", "leaning")
_DROPPED_EVERY = 3


def main() -> None:
    """Collects, fits, writes."""
    cases = load_cases(Path("evals/cases"))
    with build(load_settings()) as assistant:
        rows = _collect(assistant, cases)
    target = Path(qilu_rag.answer.__file__).with_name("answerability.toml")
    _fit(rows, target)


def _collect(assistant: Assistant, cases: Sequence[Case]) -> list[dict[str, object]]:
    held = {}
    if _CACHE.exists():
        held = {r["key"]: r for r in map(json.loads, _CACHE.read_text("utf-8").splitlines())}
    rows = []
    with _CACHE.open("a", encoding="utf-8") as file:
        for kind, case in _jobs(cases):
            key = f"{kind} {case.question}"
            if key not in held:
                held[key] = {"key": key, "kind": kind, "half": case.half} | _row(
                    assistant, kind, case
                )
                file.write(json.dumps(held[key], ensure_ascii=False) + "\n")
                file.flush()
            rows.append(held[key])
    return rows


def _jobs(cases: Sequence[Case]) -> list[tuple[str, Case]]:
    jobs = [("answerable" if case.entry else "unanswerable", case) for case in cases]
    chinese = [case for case in cases if case.entry and case.language != "en"]
    jobs += [("dropped", case) for case in chinese[::_DROPPED_EVERY]]
    return [(kind, case) for kind, case in jobs if case.half == "dev"]


def _row(assistant: Assistant, kind: str, case: Case) -> dict[str, object]:
    query, hits = assistant.evidence(case.question)
    if kind == "dropped":
        hits = [
            hit
            for hit in hits
            if hit.entry.id != case.entry and not case.holds_facts(hit.passage.text)
        ]
    leaning = _leaning(assistant.chat, query, hits, assistant)
    return {
        "features": features(query, hits, leaning),
        "changes": asks_for_what_changes(query, hits),
    }


def _leaning(
    chat: ChatModel, query: Query, hits: Sequence[Hit], assistant: Assistant
) -> float | None:
    bounds = assistant.settings.answer
    sources = choose(query, hits, passages=bounds.passages, characters=bounds.evidence_characters)
    return chat.lean(judge_messages(query, sources), YES_NO[query.language])


def _fit(rows: Sequence[dict[str, object]], target: Path) -> None:
    kept = [row for row in rows if not row["changes"]]
    labels = np.array([row["kind"] == "answerable" for row in kept])
    lines = ["# Written by: python -m evals.fit_answerability", ""]
    for section, names in (("with_leaning", _NAMES), ("without_leaning", _NAMES[:-1])):
        values = np.array([[row["features"][name] for name in names] for row in kept])  # type: ignore[index]
        mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
        model = LogisticRegression(class_weight="balanced")
        model.fit((values - mean) / scale, labels)
        weights = model.coef_[0] / scale
        bias = float(model.intercept_[0] - (weights * mean).sum())
        scores = values @ weights + bias
        auc = roc_auc_score(labels, scores)
        lines += [f"[{section}]", f"# ROC-AUC {auc:.3f} on its own {len(kept)} examples"]
        lines += [f"bias = {bias:.4f}"]
        lines += [f"{name} = {weight:.4f}" for name, weight in zip(names, weights, strict=True)]
        lines += [""]
        sys.stderr.write(f"{section}: ROC-AUC {auc:.3f}\n")
    target.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
