"""Search: sentence vectors and BM25, fused by score, names on top.

A passage's dense score is that of its best sentence: an answer is a sentence, and the
rest of the passage only blurs its vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qilu_rag.config import SearchSettings
from qilu_rag.ports import Embedder, VectorIndex, WordIndex
from qilu_rag.retrieve.filters import passes
from qilu_rag.retrieve.fuse import Fuse, fuse, scaled
from qilu_rag.retrieve.names import NameMatcher, names_of
from qilu_rag.text.fold import fold, simplify
from qilu_rag.text.glossary import chinese_words
from qilu_rag.text.language import language_of
from qilu_rag.text.words import content_words, query_terms
from qilu_rag.types import Entry, Filters, Hit, Language, Passage, Query, Via

_SENTENCES_PER_PASSAGE = 6


class Searchable(Protocol):
    """What a search needs of a snapshot."""

    @property
    def passages(self) -> tuple[Passage, ...]: ...

    @property
    def owners(self) -> NDArray[np.int32]: ...

    @property
    def vectors(self) -> VectorIndex: ...

    @property
    def words(self) -> WordIndex: ...

    def entries(self) -> dict[str, Entry]: ...


@dataclass
class Searcher:
    """Searches one snapshot.

    Attributes:
        fuse: makes one ranking of the dense one, the lexical one and the dense one's weight.
    """

    snapshot: Searchable
    embedder: Embedder
    settings: SearchSettings
    fuse: Fuse = fuse

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Entries by id."""
        return self.snapshot.entries()

    @cached_property
    def names(self) -> NameMatcher:
        """Matches the names of all entries."""
        return NameMatcher(self.entries.values())

    @cached_property
    def _passages_of(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, passage in enumerate(self.snapshot.passages):
            found.setdefault(passage.entry_id, []).append(number)
        return found

    @cached_property
    def _rows_of(self) -> list[range]:
        """The rows of each passage's sentences; they stand in order."""
        counts = np.bincount(self.snapshot.owners, minlength=len(self.snapshot.passages))
        ends = np.cumsum(counts)
        return [range(int(end - n), int(end)) for n, end in zip(counts, ends, strict=True)]

    def search(self, query: Query, k: int) -> list[Hit]:
        """The `k` passages that fit best, best first, scores in 0 to 1.

        Filters of the query are exact. With filters the candidates are gathered from
        ever deeper in the rankings until enough of them pass.
        """
        total = len(self.snapshot.passages)
        if not total or k < 1:
            return []
        depth = max(self.settings.depth, k)
        while True:
            hits = self._candidates(query, min(depth, total))
            kept = [hit for hit in hits if passes(hit.entry, query.filters)]
            if len(kept) >= k or depth >= total or query.filters == Filters():
                return kept[:k]
            depth *= 4

    def _candidates(self, query: Query, depth: int) -> list[Hit]:
        language = language_of(query.text)
        wanted = self._wanted(query.text, language)
        near = self._near(wanted, language, depth)
        dense = self._best_sentences(near, depth)
        # Words of a Chinese question stay as asked: the passage may go by the other name.
        terms = query_terms(query.text if language == "zh" else wanted)
        lexical = dict(self.snapshot.words.search(terms, depth))
        named = [n for entry in query.names for n in self._passages_of.get(entry, [])]
        fused = self.fuse(dense, lexical, self.settings.dense_weight)
        bonus = self.settings.name_bonus
        scores = {
            number: (fused.get(number, 0.0) + (bonus if number in named else 0.0)) / (1 + bonus)
            for number in fused.keys() | set(named)
        }
        order = sorted(scores, key=lambda number: (-scores[number], number))
        found: dict[Via, Mapping[int, float]] = {
            "dense": dense,
            "lexical": lexical,
            "name": dict.fromkeys(named, 1.0),
        }
        nearness = scaled(near)
        return [self._hit(query, n, scores[n], found, nearness) for n in order[:depth]]

    def _hit(
        self,
        query: Query,
        number: int,
        score: float,
        found: Mapping[Via, Mapping[int, float]],
        nearness: Mapping[int, float],
    ) -> Hit:
        passage = self.snapshot.passages[number]
        entry = self.entries[passage.entry_id]
        return Hit(
            passage=passage,
            entry=entry,
            score=round(score, 6),
            via=tuple(via for via, numbers in found.items() if number in numbers),
            nearness=tuple(nearness.get(row, 0.0) for row in self._rows_of[number]),
            similarity=round(found["dense"].get(number, 0.0), 6),
            coverage=round(self.coverage(query.text, passage.text, entry), 6),
        )

    @cached_property
    def _english_rows(self) -> frozenset[int]:
        """Rows of the sentences that are not Chinese."""
        return frozenset(
            row
            for passage, rows in zip(self.snapshot.passages, self._rows_of, strict=True)
            for row, (start, end) in zip(rows, passage.sentences, strict=True)
            if language_of(passage.text[start:end]) == "en"
        )

    def _wanted(self, text: str, language: Language) -> str:
        """What is searched for: the question by the titles of what it names, simplified.

        An English one goes with the Chinese words for its terms, since passages are Chinese.
        """
        titled = simplify(self.names.by_title(text))
        if language == "zh":
            return titled
        return " ".join([titled, *chinese_words(text)])

    def _near(self, text: str, language: Language, depth: int) -> dict[int, float]:
        """Cosine of the sentences nearest to a text, by row, best first.

        A multilingual embedder puts what is in the question's own language above what
        answers it in another; the few English sentences of a Chinese corpus would come
        first for every English question if that were not taken off.
        """
        vector = self.embedder.embed_queries([text])
        k = min(depth * _SENTENCES_PER_PASSAGE, len(self.snapshot.vectors))
        scores, rows = self.snapshot.vectors.search(vector, k)
        pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
        near = {int(row): float(score) for row, score in pairs if row >= 0}
        if language == "zh":
            return near
        bias = self.settings.language_bias
        fair = ((row, near[row] - bias * (row in self._english_rows)) for row in near)
        return dict(sorted(fair, key=lambda pair: -pair[1]))

    def _best_sentences(self, near: Mapping[int, float], depth: int) -> dict[int, float]:
        """Cosine of the best sentence of each passage, by passage, best first."""
        best: dict[int, float] = {}
        for row, score in near.items():
            best.setdefault(int(self.snapshot.owners[row]), score)
        return dict(list(best.items())[:depth])

    def coverage(self, question: str, text: str, entry: Entry) -> float:
        """Share of the question's distinctive words, by rarity, that a passage holds.

        Names of the entry count as held: a passage of 岱宗's entry is about 岱宗.
        """
        wanted = content_words(question)
        if not wanted:
            return 0.0
        held = fold(text) + " " + " ".join(names_of(entry))
        total = len(self.snapshot.passages)
        weight = {w: log(1 + total / (1 + self.snapshot.words.frequency(w))) for w in wanted}
        return sum(weight[w] for w in wanted if w in held) / sum(weight.values())
