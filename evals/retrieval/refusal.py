"""How well the evidence tells what the corpus answers from what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.metrics import roc_auc_score

from evals.cases import Case
from evals.metrics import Share, share
from evals.retrieval.measure import Progress
from qilu_rag.answer.answerable import Judge, asks_for_what_changes, features
from qilu_rag.answer.evidence import choose
from qilu_rag.answer.prompts import YES_NO, judge_messages
from qilu_rag.assistant import Assistant
from qilu_rag.types import Hit, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """ROC-AUC over answerable and unanswerable questions, and what the threshold does.

    Questions that a rule refuses (prices, weather) are in the two shares and not in the AUC.
    """

    auc: float
    of: int
    threshold: float
    refused: Share
    falsely_refused: Share


def refusal(
    assistant: Assistant, cases: Sequence[Case], progress: Progress, *, leaning: bool
) -> Refusal:
    """Judges every case as an answer would.

    Args:
        assistant: searches, and with `leaning` asks the language model.
        cases: of one half, answerable and not.
        progress: told of each case.
        leaning: whether the language model's own leaning counts too, at a second a case.
    """
    threshold = assistant.settings.answer.threshold
    judge = Judge.load(threshold, threshold)
    scored: list[tuple[bool, float]] = []
    refused: list[tuple[bool, bool]] = []
    for number, case in enumerate(cases):
        progress("refusal", number, len(cases))
        query, hits = assistant.evidence(case.question)
        known = case.entry is not None
        if asks_for_what_changes(query, hits):
            refused.append((known, True))
            continue
        lean = _leaning(assistant, query, hits) if leaning else None
        chance = judge.probability(features(query, hits, lean))
        scored.append((known, chance))
        refused.append((known, chance < threshold))
    progress("refusal", len(cases), len(cases))
    labels = [known for known, _ in scored]
    both = len(set(labels)) > 1
    return Refusal(
        auc=float(roc_auc_score(labels, [chance for _, chance in scored])) if both else 0.0,
        of=len(scored),
        threshold=threshold,
        refused=share([no for known, no in refused if not known]),
        falsely_refused=share([no for known, no in refused if known]),
    )


def _leaning(assistant: Assistant, query: Query, hits: Sequence[Hit]) -> float | None:
    bounds = assistant.settings.answer
    sources = choose(query, hits, passages=bounds.passages, characters=bounds.evidence_characters)
    return assistant.chat.lean(judge_messages(query, sources), YES_NO)
