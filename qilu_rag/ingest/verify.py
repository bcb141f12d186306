"""Verifying: a new snapshot must find what it holds before anyone is pointed at it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qilu_rag.errors import SnapshotError
from qilu_rag.ports import VectorIndex, Vectors, WordIndex
from qilu_rag.text.words import index_terms
from qilu_rag.types import Passage

_SAMPLE = 32
"""Passages that are looked for, spread evenly over the snapshot."""
_SAME = 1e-2
"""Cosine that an index may lose against the vector that went in: 8 bits a value cost as much."""


def probe(
    passages: Sequence[Passage],
    owners: NDArray[np.int32],
    vectors: Vectors,
    nearest: VectorIndex,
    words: WordIndex,
) -> None:
    """Looks for a sample of passages by one of their own sentences and by their rarest word.

    Args:
        passages: all that the snapshot holds.
        owners: for each sentence the number of its passage.
        vectors: of the sentences, as they went in.
        nearest: the index of the vectors, as it was opened.
        words: the index of the passages' words, as it was opened.

    Raises:
        SnapshotError: when one of them is not found.
    """
    for row in _spread(len(owners)):
        passage = passages[owners[row]]
        scores, _ = nearest.search(vectors[row : row + 1], 1)
        # Another passage may hold the same sentence: what counts is that one so near is found.
        if scores[0, 0] < float(vectors[row] @ vectors[row]) - _SAME:
            raise _lost(passage, "meaning")
        counted = {term: words.frequency(term) for term in index_terms(passage.text)}
        if counted:
            rarest = min(counted, key=lambda term: counted[term])
            holders = words.search([rarest], max(counted[rarest], 1))
            if owners[row] not in {number for number, _ in holders}:
                raise _lost(passage, "words")


def _spread(count: int) -> list[int]:
    return sorted({count * step // _SAMPLE for step in range(_SAMPLE)}) if count else []


def _lost(passage: Passage, by: str) -> SnapshotError:
    return SnapshotError(
        f"the new index does not find {passage.id} by its own {by}; nothing was published and the "
        "old one stays in use; run again, and report this if it comes back"
    )
