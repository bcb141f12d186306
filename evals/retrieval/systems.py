"""What is compared: our search, our search with one part off, and plain baselines.

Each system is a function from a question to the numbers of the passages that it ranks.
"""

from __future__ import annotations

from collections.abc import Callable

import jieba
import numpy as np

from evals.retrieval.collections import Bench, Index
from qilu_rag.config import SearchSettings
from qilu_rag.ports import Embedder
from qilu_rag.retrieve.fuse import Fuse, Scores, fuse
from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searchable, Searcher
from qilu_rag.text.fold import simplify

System = Callable[[str], list[int]]
"""Ranks passages for a question, best first."""

DEPTH = 50
"""Passages that each system ranks: enough for ten different entries."""
_RRF = 60
"""The constant of reciprocal-rank fusion (Cormack, Clarke and Büttcher 2009)."""
_EVERYWHERE = 1000


def ours(
    snapshot: Searchable,
    embedder: Embedder,
    settings: SearchSettings,
    *,
    named: bool = True,
    fusion: Fuse = fuse,
) -> System:
    """Our search as readers get it, or with names unknown, or fused in another way."""
    searcher = Searcher(snapshot, embedder, settings, fuse=fusion)
    if not named:
        searcher.names = NameMatcher(())
    places = {passage.id: number for number, passage in enumerate(snapshot.passages)}

    def search(question: str) -> list[int]:
        query = understand(question, searcher.names, limit=_EVERYWHERE)
        return [places[hit.passage.id] for hit in searcher.search(query, DEPTH)]

    return search


def switched_off(snapshot: Searchable, bench: Bench, settings: SearchSettings) -> dict[str, System]:
    """Our search with one part off in turn."""

    def variant(index: Searchable = snapshot, **changes: float) -> System:
        return ours(index, bench.embedder, settings.model_copy(update=changes))

    return {
        "without sentences (passage vectors)": variant(_by_passage(snapshot, bench)),
        "without the title before a sentence": variant(_bare(snapshot, bench)),
        "without words (dense only)": variant(dense_weight=1.0),
        "without vectors (lexical only)": variant(dense_weight=0.0),
        "without names": ours(
            snapshot,
            bench.embedder,
            settings.model_copy(update={"name_bonus": 0.0}),
            named=False,
        ),
        "fused by reciprocal rank": ours(
            snapshot, bench.embedder, settings, fusion=by_reciprocal_rank
        ),
    }


def by_reciprocal_rank(dense: Scores, lexical: Scores, _: float) -> dict[int, float]:
    """Reciprocal-rank fusion, scaled to 0-1 as our own is."""
    scores: dict[int, float] = {}
    for ranking in (dense, lexical):
        order = sorted(ranking, key=lambda number: -ranking[number])
        for place, number in enumerate(order, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (_RRF + place)
    best = 2 / (_RRF + 1)
    return {number: score / best for number, score in scores.items()}


def baselines(snapshot: Searchable, bench: Bench) -> dict[str, System]:
    """What one gets by plugging libraries together."""
    dense = _llama_index(snapshot, bench)
    lexical = _jieba_bm25(snapshot, bench)

    def fused(question: str) -> list[int]:
        ranked = [
            {number: -place for place, number in enumerate(system(question))}
            for system in (dense, lexical)
        ]
        scores = by_reciprocal_rank(ranked[0], ranked[1], 0.5)
        return sorted(scores, key=lambda number: (-scores[number], number))[:DEPTH]

    return {
        "llama-index vector index": dense,
        "BM25 over jieba words": lexical,
        "reciprocal-rank fusion of the two": fused,
    }


def _by_passage(snapshot: Searchable, bench: Bench) -> Index:
    vectors = bench.embed([simplify(passage.text) for passage in snapshot.passages])
    count = len(snapshot.passages)
    return _with(snapshot, bench, vectors, np.arange(count, dtype=np.int32))


def _bare(snapshot: Searchable, bench: Bench) -> Index:
    texts = [simplify(p.text[a:b]) for p in snapshot.passages for a, b in p.sentences]
    return _with(snapshot, bench, bench.embed(texts), snapshot.owners)


def _with(snapshot: Searchable, bench: Bench, vectors: np.ndarray, owners: np.ndarray) -> Index:
    return Index(
        passages=tuple(snapshot.passages),
        owners=owners,
        vectors=bench.vector_index(vectors),
        words=snapshot.words,
        held=snapshot.entries(),
    )


def _jieba_bm25(snapshot: Searchable, bench: Bench) -> System:
    segmenter = jieba.Tokenizer()

    def terms(text: str) -> list[str]:
        return [word for word in segmenter.lcut(text) if word.strip()]

    index = bench.word_index([terms(passage.text) for passage in snapshot.passages])
    return lambda question: [row for row, _ in index.search(terms(question), DEPTH)]


def _llama_index(snapshot: Searchable, bench: Bench) -> System:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.schema import TextNode

    class Ours(BaseEmbedding):
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [row.tolist() for row in bench.embed(texts)]

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            row: list[float] = bench.embedder.embed_queries([query])[0].tolist()
            return row

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    nodes = [TextNode(text=p.text, id_=str(n)) for n, p in enumerate(snapshot.passages)]
    index = VectorStoreIndex(nodes, embed_model=Ours(embed_batch_size=256))
    retriever = index.as_retriever(similarity_top_k=DEPTH)
    return lambda question: [int(hit.node.node_id) for hit in retriever.retrieve(question)]
