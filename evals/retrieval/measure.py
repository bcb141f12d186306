"""Measuring: every system answers every case; the places of the right entries become figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from evals.cases import Case
from evals.metrics import Mean, mean, ndcg, percentile
from evals.ranking import rank_of_case
from evals.retrieval.collections import Collection
from evals.retrieval.forms import form_of
from evals.retrieval.systems import System
from qilu_rag.config import SearchSettings
from qilu_rag.ports import Embedder, Ids, VectorIndex, Vectors, WordIndex
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searchable, Searcher

Progress = Callable[[str, int, int], None]
Rank = int | None
_TIMED_K = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Means over questions, with intervals; ranks beyond the tenth count as not found."""

    recall1: Mean
    recall5: Mean
    recall10: Mean
    ndcg10: Mean
    mrr10: Mean

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def figures(ranks: Sequence[Rank]) -> Figures:
    """The figures of so many questions."""

    def within(depth: int) -> Mean:
        return mean([float(rank is not None and rank <= depth) for rank in ranks])

    return Figures(
        recall1=within(1),
        recall5=within(5),
        recall10=within(10),
        ndcg10=mean([ndcg(rank) for rank in ranks]),
        mrr10=mean([1 / rank if rank is not None and rank <= 10 else 0.0 for rank in ranks]),
    )


def ranks_of(name: str, system: System, collection: Collection, progress: Progress) -> list[Rank]:
    """The place at which a system answers each case of a collection."""
    entries = collection.snapshot.entries()
    passages = collection.snapshot.passages
    ranks = []
    for number, case in enumerate(collection.cases):
        progress(name, number, len(collection.cases))
        found = [(entries[passages[n].entry_id], passages[n].text) for n in system(case.question)]
        ranks.append(rank_of_case(case, found))
    progress(name, len(collection.cases), len(collection.cases))
    return ranks


def by_group(
    cases: Sequence[Case], ranks: Sequence[Rank], snapshot: Searchable
) -> dict[str, Figures]:
    """Figures by language, by category of the entry and by form of the question."""
    entries = snapshot.entries()
    groups: dict[str, list[Rank]] = {}
    for case, rank in zip(cases, ranks, strict=True):
        entry = entries.get(case.entry or "")
        category = entry.category if entry else None
        for group in (case.language, category or "no category", f"asks {form_of(case.question)}"):
            groups.setdefault(group, []).append(rank)
    return {name: figures(some) for name, some in sorted(groups.items())}


@dataclass(frozen=True, slots=True)
class _Clock:
    """Milliseconds by stage, one value a question."""

    spent: dict[str, list[float]]

    def timed(self, stage: str, started: float) -> None:
        self.spent.setdefault(stage, []).append((perf_counter() - started) * 1000)


@dataclass(frozen=True, slots=True)
class _TimedEmbedder:
    embedder: Embedder
    clock: _Clock

    @property
    def identity(self) -> Any:
        return self.embedder.identity

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self.embedder.embed_passages(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        started = perf_counter()
        found = self.embedder.embed_queries(texts)
        self.clock.timed("embed the question", started)
        return found


@dataclass(frozen=True, slots=True)
class _TimedVectors:
    index: VectorIndex
    clock: _Clock

    def __len__(self) -> int:
        return len(self.index)

    def search(self, vectors: Vectors, k: int, among: Ids | None = None) -> tuple[Vectors, Ids]:
        started = perf_counter()
        found = self.index.search(vectors, k, among)
        self.clock.timed("search vectors", started)
        return found


@dataclass(frozen=True, slots=True)
class _TimedWords:
    index: WordIndex
    clock: _Clock

    def __len__(self) -> int:
        return len(self.index)

    def search(
        self, terms: Sequence[str], k: int, among: Ids | None = None
    ) -> list[tuple[int, float]]:
        started = perf_counter()
        found = self.index.search(terms, k, among)
        self.clock.timed("search words", started)
        return found

    def frequency(self, term: str) -> int:
        return self.index.frequency(term)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimedSnapshot:
    passages: Any
    owners: Any
    vectors: VectorIndex
    words: WordIndex
    entries: Callable[[], Any]
    passages_of: Callable[[], Any]


def latency(
    snapshot: Searchable, embedder: Embedder, settings: SearchSettings, questions: Sequence[str]
) -> Mapping[str, tuple[float, float]]:
    """Milliseconds by stage, at the median and at the 95th percentile, of one run."""
    clock = _Clock({})
    timed = _TimedSnapshot(
        passages=snapshot.passages,
        owners=snapshot.owners,
        vectors=_TimedVectors(snapshot.vectors, clock),
        words=_TimedWords(snapshot.words, clock),
        entries=snapshot.entries,
        passages_of=snapshot.passages_of,
    )
    searcher = Searcher(timed, _TimedEmbedder(embedder, clock), settings)
    for question in questions[:3]:  # dictionaries and models are loaded before
        searcher.search(understand(question, searcher.names), _TIMED_K)
    clock.spent.clear()
    for question in questions:
        started = perf_counter()
        query = understand(question, searcher.names)
        clock.timed("understand", started)
        searcher.search(query, _TIMED_K)
        clock.timed("all", started)
    spent = dict(clock.spent)
    spent["all beside the embedding"] = [
        whole - part for whole, part in zip(spent["all"], spent["embed the question"], strict=True)
    ]
    return {name: (percentile(t, 0.5), percentile(t, 0.95)) for name, t in spent.items()}
