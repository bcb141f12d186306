"""Passages that the caller brings along, searched like a snapshot, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qilu_rag.ports import Embedder, Ids, Vectors
from qilu_rag.text.sentences import sentence_spans
from qilu_rag.text.words import index_terms
from qilu_rag.types import Entry, Passage


@dataclass(frozen=True, slots=True)
class _Rows:
    """Exact inner product over a handful of vectors."""

    rows: Vectors

    def __len__(self) -> int:
        return len(self.rows)

    def search(self, vectors: Vectors, k: int, among: Ids | None = None) -> tuple[Vectors, Ids]:
        rows = np.arange(len(self.rows)) if among is None else among
        scores = vectors @ self.rows[rows].T
        places = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, places, axis=1), rows[places].astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Terms:
    """Counts shared terms: among a handful of passages rarity says nothing."""

    rows: tuple[frozenset[str], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def search(
        self, terms: Sequence[str], k: int, among: Ids | None = None
    ) -> list[tuple[int, float]]:
        wanted = frozenset(terms)
        rows = range(len(self.rows)) if among is None else among.tolist()
        shared = [(row, float(len(wanted & self.rows[row]))) for row in rows]
        found = [(row, count) for row, count in shared if count]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def frequency(self, term: str) -> int:
        return sum(term in held for held in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPassages:
    """See `search.Searchable`."""

    passages: tuple[Passage, ...]
    owners: NDArray[np.int32]
    vectors: _Rows
    words: _Terms

    def passages_of(self) -> dict[str, range]:
        """The number of each entry's one passage."""
        return {p.entry_id: range(n, n + 1) for n, p in enumerate(self.passages)}

    def entries(self) -> dict[str, Entry]:
        """An entry for each text, by id."""
        titles = ((p.entry_id, p.locator) for p in self.passages)
        return {entry_id: Entry(id=entry_id, title=title) for entry_id, title in titles}


def given_passages(texts: Sequence[str], embedder: Embedder) -> GivenPassages:
    """Makes texts searchable; each becomes one passage of an entry of its own."""
    passages = tuple(
        Passage(
            id=f"given-{number}#1",
            entry_id=f"given-{number}",
            text=text,
            start=0,
            end=len(text),
            locator=f"资料{number}",
            source="given",
            sentences=tuple(sentence_spans(text)),
        )
        for number, text in enumerate(texts, start=1)
    )
    sentences = [passage.text[a:b] for passage in passages for a, b in passage.sentences]
    counts = [len(passage.sentences) for passage in passages]
    return GivenPassages(
        passages=passages,
        owners=np.repeat(np.arange(len(passages), dtype=np.int32), counts),
        vectors=_Rows(embedder.embed_passages(sentences)),
        words=_Terms(tuple(frozenset(index_terms(passage.text)) for passage in passages)),
    )
