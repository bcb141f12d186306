"""Search: sentence vectors and BM25, fused by score, names on top.

A passage's dense score is that of its best sentence: an answer is a sentence, and the
rest of the passage only blurs its vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qilu_rag.config import SearchSettings
from qilu_rag.ports import Embedder, Ids, VectorIndex, WordIndex
from qilu_rag.retrieve.filters import passes
from qilu_rag.retrieve.fuse import Fuse, fuse, scaled
from qilu_rag.retrieve.locate import Locator
from qilu_rag.retrieve.names import NameMatcher, names_of
from qilu_rag.retrieve.quoting import names_of_works, quoting
from qilu_rag.text.fold import fold, simplify
from qilu_rag.text.glossary import chinese_words
from qilu_rag.text.language import language_of
from qilu_rag.text.words import content_words, query_terms
from qilu_rag.types import Entry, Filters, Hit, Language, Located, Passage, PlaceAsked, Query, Via

_SENTENCES_PER_PASSAGE = 6
_RANKED_WHOLE = 10_000
"""Sentences that a filter may leave for all of them to be ranked: some 3 ms."""


class Searchable(Protocol):
    """What a search needs of a snapshot."""

    @property
    def passages(self) -> Sequence[Passage]: ...

    @property
    def owners(self) -> NDArray[np.int32]: ...

    @property
    def vectors(self) -> VectorIndex: ...

    @property
    def words(self) -> WordIndex: ...

    def passages_of(self) -> dict[str, range]: ...

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
    def locator(self) -> Locator:
        """Finds quotations in the original texts."""
        original = (key for key, entry in self.entries.items() if entry.origin == "original")
        numbers = (n for key in original for n in self._passages_of.get(key, ()))
        return Locator((self.snapshot.passages[n] for n in numbers), self.entries)

    @cached_property
    def _works(self) -> dict[str, tuple[str, ...]]:
        return names_of_works(self.entries)

    @cached_property
    def _passages_of(self) -> dict[str, range]:
        return self.snapshot.passages_of()

    def _rows_of(self, number: int) -> range:
        """The rows of a passage's sentences; they stand in order."""
        owners = self.snapshot.owners
        # Of the same type, or numpy makes a copy of all owners first.
        first, end = owners.searchsorted(np.array((number, number + 1), dtype=owners.dtype))
        return range(int(first), int(end))

    def search(self, query: Query, k: int, *, among: Sequence[int] | None = None) -> list[Hit]:
        """The `k` passages that fit best, best first, scores in 0 to 1.

        Filters of the query are exact, and come before any ranking.

        Args:
            query: understood.
            k: how many.
            among: numbers of the passages that are ranked, all of them, ascending; without
                them what the filters let pass.
        """
        allowed = self._allowed(query.filters) if among is None else np.array(among, dtype=np.int64)
        if k < 1 or not (len(self.snapshot.passages) if allowed is None else len(allowed)):
            return []
        depth = max(self.settings.depth, k)
        language = language_of(query.text)
        wanted = self._wanted(query.text, language)
        near = self._near(wanted, language, depth, allowed)
        dense = self._best_sentences(near, depth)
        # Words of a Chinese question stay as asked: the passage may go by the other name.
        terms = query_terms(query.text if language == "zh" else wanted)
        lexical = dict(self.snapshot.words.search(terms, depth, allowed))
        named = self._named(query)
        if among is not None:
            named = sorted(set(named) & set(among))
        fused = self.fuse(dense, lexical, self.settings.dense_weight)
        bonus = self.settings.name_bonus
        scores = {
            number: (fused.get(number, 0.0) + (bonus if number in named else 0.0)) / (1 + bonus)
            for number in fused.keys() | set(named)
        }
        scores = scores if among is None else dict.fromkeys(among, 0.0) | scores
        order = sorted(scores, key=lambda number: (-scores[number], number))
        found: dict[Via, Mapping[int, float]] = {
            "dense": dense,
            "lexical": lexical,
            "name": dict.fromkeys(named, 1.0),
        }
        nearness, weights = scaled(near), self._weights(query.text)
        return [self._hit(weights, n, scores[n], found, nearness) for n in order[:k]]

    def _allowed(self, filters: Filters) -> Ids | None:
        """Numbers of the passages that pass the filters, ascending; None for all."""
        if filters == Filters():
            return None
        passing = [key for key, entry in self.entries.items() if passes(entry, filters)]
        numbers = [n for entry_id in passing for n in self._passages_of.get(entry_id, ())]
        return np.array(sorted(numbers), dtype=np.int64)

    def _named(self, query: Query) -> list[int]:
        """The passages of the entries that the question names, of those that pass."""
        named = (self.entries[entry_id] for entry_id in query.names if entry_id in self.entries)
        passing = (entry.id for entry in named if passes(entry, query.filters))
        return [n for entry_id in passing for n in self._passages_of.get(entry_id, ())]

    def _hit(
        self,
        weights: Mapping[str, float],
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
            nearness=tuple(nearness.get(row, 0.0) for row in self._rows_of(number)),
            similarity=round(found["dense"].get(number, 0.0), 6),
            coverage=round(_coverage(weights, passage.text, entry), 6),
        )

    def _english(self, row: int) -> bool:
        """Whether a sentence is not Chinese."""
        number = int(self.snapshot.owners[row])
        passage = self.snapshot.passages[number]
        start, end = passage.sentences[row - self._rows_of(number).start]
        return language_of(passage.text[start:end]) == "en"

    def _wanted(self, text: str, language: Language) -> str:
        """What is searched for: the question by the titles of what it names, simplified.

        An English one goes with the Chinese words for its terms, since passages are Chinese.
        """
        titled = simplify(self.names.by_title(text))
        if language == "zh":
            return titled
        return " ".join([titled, *chinese_words(text)])

    def _near(
        self, text: str, language: Language, depth: int, allowed: Ids | None = None
    ) -> dict[int, float]:
        """Cosine of the sentences nearest to a text, by row, best first.

        A multilingual embedder puts what is in the question's own language above what
        answers it in another; the few English sentences of a Chinese corpus would come
        first for every English question if that were not taken off.
        """
        vector = self.embedder.embed_queries([text])
        among = None if allowed is None else np.flatnonzero(np.isin(self.snapshot.owners, allowed))
        k = min(depth * _SENTENCES_PER_PASSAGE, len(self.snapshot.vectors))
        if among is not None and len(among) <= _RANKED_WHOLE:
            k = len(among)  # so few that each passage gets its rank
        scores, rows = self.snapshot.vectors.search(vector, k, among)
        pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
        near = {int(row): float(score) for row, score in pairs if row >= 0}
        if language == "zh":
            return near
        bias = self.settings.language_bias
        fair = ((row, near[row] - bias * self._english(row)) for row in near)
        return dict(sorted(fair, key=lambda pair: -pair[1]))

    def _best_sentences(self, near: Mapping[int, float], depth: int) -> dict[int, float]:
        """Cosine of the best sentence of each passage, by passage, best first."""
        best: dict[int, float] = {}
        for row, score in near.items():
            best.setdefault(int(self.snapshot.owners[row]), score)
        return dict(list(best.items())[:depth])

    def place_asked(self, query: Query) -> PlaceAsked | None:
        """What a question for the place of a saying finds; None for every other question.

        None too when the question names no work and no work holds anything near: an entry
        may still quote it.
        """
        asked = quoting(query.text, self._works) if self._works else None
        if asked is None:
            return None
        anywhere = self.locator.locate(asked.saying).found
        if asked.work is None:
            hits = tuple(map(self._located, anywhere))
            place = PlaceAsked(saying=asked.saying, work=None, found=anywhere, hits=hits)
            return place if anywhere else None
        found = self.locator.within(asked.saying, asked.work).found
        exact = any(place.exact for place in found)
        elsewhere = () if exact else tuple(place for place in anywhere if place.exact)
        hits = tuple(map(self._located, (*found, *elsewhere)))
        if not hits:
            hits = tuple(hit for hit in self.search(query, 50) if hit.entry.id == asked.work)[:1]
        return PlaceAsked(
            saying=asked.saying,
            work=self.entries[asked.work],
            found=found,
            elsewhere=elsewhere,
            hits=hits,
        )

    def _located(self, place: Located) -> Hit:
        passage = place.passages[0]
        return Hit(passage=passage, entry=place.entry, score=place.likeness, via=("lexical",))

    def told(self, entry: str, question: str) -> float:
        """Share of the question's distinctive words that an entry holds, in 0 to 1."""
        numbers = self._passages_of.get(entry, ())
        text = "".join(self.snapshot.passages[number].text for number in numbers)
        return _coverage(self._weights(question), text, self.entries[entry])

    def _weights(self, question: str) -> dict[str, float]:
        """The question's distinctive words, each with its rarity."""
        total, words = len(self.snapshot.passages), self.snapshot.words
        return {w: log(1 + total / (1 + words.frequency(w))) for w in content_words(question)}


def _coverage(weights: Mapping[str, float], text: str, entry: Entry) -> float:
    """Share of the question's distinctive words, by rarity, that a passage holds.

    Names of the entry count as held: a passage of 岱宗's entry is about 岱宗.
    """
    if not weights:
        return 0.0
    held = fold(text) + " " + " ".join(names_of(entry))
    return sum(weight for word, weight in weights.items() if word in held) / sum(weights.values())
