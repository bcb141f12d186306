"""Moderation: the gate that every text passes, its detectors, and the review store."""

from __future__ import annotations

from pathlib import Path

from qilu_rag.moderation.classify import HateClassifier
from qilu_rag.moderation.gate import Detector, Gate
from qilu_rag.moderation.injection import Injection
from qilu_rag.moderation.lexicon import Lexicon
from qilu_rag.moderation.personal_data import PersonalData
from qilu_rag.moderation.policy import Policy
from qilu_rag.moderation.review import ReviewItem, ReviewStore

__all__ = [
    "Detector",
    "Gate",
    "HateClassifier",
    "Injection",
    "Lexicon",
    "PersonalData",
    "Policy",
    "ReviewItem",
    "ReviewStore",
    "build_gate",
]


def build_gate(review_path: Path | None) -> Gate:
    """Puts the default gate together.

    Args:
        review_path: the file of the review store; None files nothing.

    Raises:
        QiluError: the review store is damaged or can't be written, or the classifier's
            weights are damaged.
    """
    review = None if review_path is None else ReviewStore(review_path)
    return Gate((Lexicon.default(), PersonalData(), Injection(), HateClassifier.default()), review)
