"""Suggestions for the documents of a snapshot, from the vectors that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from qilu_rag.ingest.prepare import Prepared
from qilu_rag.ingest.suggest import Suggester
from qilu_rag.ports import Vectors


def with_suggestions(
    held: Sequence[Prepared], owners: NDArray[np.int32], vectors: Vectors
) -> list[Prepared]:
    """Adds to documents that came without front matter what a machine would put there.

    Args:
        held: all documents, in the order of their passages.
        owners: for each sentence the number of its passage.
        vectors: of the sentences.
    """
    wanting = [number for number, item in enumerate(held) if item.document and item.passages]
    if not wanting:
        return list(held)
    centroids = _centroids(held, owners, vectors)
    known = [
        number
        for number, item in enumerate(held)
        if item.passages and item.record.entry.category and item.record.entry.origin != "original"
    ]
    suggester = Suggester([held[number].record.entry for number in known], centroids[known])
    result = list(held)
    for number in wanting:
        item = held[number]
        if item.document is not None:
            suggestion = asdict(suggester.suggest(item.document, centroids[number]))
            given = {name: value for name, value in suggestion.items() if value}
            result[number] = replace(item, record=replace(item.record, suggested=given or None))
    return result


def _centroids(
    held: Sequence[Prepared], owners: NDArray[np.int32], vectors: Vectors
) -> NDArray[np.float32]:
    """The mean of each document's vectors at length 1, zero for one without; (held, dimension)."""
    of_passage = np.repeat(np.arange(len(held)), [len(item.passages) for item in held])
    sums = np.zeros((len(held), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, of_passage[owners], vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    sums /= np.maximum(lengths, 1e-9)
    return sums
