"""A snapshot that is open: what a search needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qilu_rag.ingest.records import Record
from qilu_rag.ports import EmbedderIdentity, VectorIndex, WordIndex
from qilu_rag.types import Entry, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An opened snapshot; rows of `vectors` are sentences, rows of `words` passages.

    Attributes:
        parents: for each passage the number of its document; those of one stand together.
        owners: for each sentence the number of its passage, in ascending order.
    """

    id: str
    embedder: EmbedderIdentity
    records: tuple[Record, ...]
    passages: Sequence[Passage]
    parents: NDArray[np.int32]
    owners: NDArray[np.int32]
    vectors: VectorIndex
    words: WordIndex

    def entries(self) -> dict[str, Entry]:
        """Entries by id, without those that only repeat another."""
        originals = (record for record in self.records if record.duplicate_of is None)
        return {record.entry.id: record.entry for record in originals}

    def passages_of(self) -> dict[str, range]:
        """The numbers of each entry's passages."""
        counts = np.bincount(self.parents, minlength=len(self.records))
        ends = np.cumsum(counts)
        return {
            record.entry.id: range(int(end - count), int(end))
            for record, count, end in zip(self.records, counts, ends, strict=True)
            if count
        }

    def is_whole(self, counts: object, signatures: int) -> bool:
        """Whether its parts fit each other, the manifest's counts and the number of signatures."""
        held = {
            "documents": len(self.records),
            "passages": len(self.passages),
            "sentences": len(self.owners),
        }
        return (
            held == counts
            and signatures == len(self.records)
            and len(self.parents) == len(self.words) == len(self.passages)
            and len(self.vectors) == len(self.owners)
        )
