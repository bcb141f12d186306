"""Snapshots of any size, grown out of the one that a home holds.

Embedding a million sentences takes hours here, so what goes beyond the real ones is made:

- real: the sentences of the home with their vectors, the questions with theirs, the words;
- grown: further vectors, each a real one to which a part of the difference of two others is
  added, so that they lie in the real ones' cone and as near each other (cosine .94 to .99 to
  the one they came from); passages, five sentences each drawn at random from the real ones
  and from texts that the caller adds, so that words are as frequent as in real text.

Text and vector of a grown sentence have nothing to do with each other: what is measured
here is time, size and agreement with exact search, never whether an answer is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qilu_rag.assistant import open_store
from qilu_rag.config import Settings
from qilu_rag.ingest.cache import embed_cached
from qilu_rag.ingest.near import signature
from qilu_rag.ingest.records import Record
from qilu_rag.ingest.rows import sentence_rows
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.ports import Embedder, EmbedderIdentity, Vectors
from qilu_rag.text.sentences import split_sentences
from qilu_rag.text.words import index_terms
from qilu_rag.types import Entry, Passage

SENTENCES = 5
"""Sentences a passage, as in the corpus."""
_PASSAGES = 9
"""Passages a document, as in the corpus."""
_SEED = 20
_BLOCK = 20_000


class GivenVectors:
    """Stands in for an embedder whose vectors are known.

    Args:
        identity: of the embedder that made them.

    Attributes:
        vector: what the next question has, shape (dimension,).
    """

    def __init__(self, identity: EmbedderIdentity) -> None:
        self.identity = identity
        self.vector: Vectors = np.zeros(identity.dimension, dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vector that was set, for each text."""
        return np.tile(self.vector, (len(texts), 1))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As for questions: nothing is embedded anew."""
        return self.embed_queries(texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """What a home holds, taken apart.

    Attributes:
        vectors: of all sentences, shape (sentences, dimension).
        sentences: their texts and further ones, each with its terms.
    """

    entries: tuple[Entry, ...]
    vectors: Vectors
    sentences: tuple[tuple[str, tuple[str, ...]], ...]


def read_real(settings: Settings, embedder: Embedder, texts: Sequence[Path] = ()) -> Real:
    """Takes a home's snapshot apart; its vectors come out of its cache.

    Args:
        settings: of the home.
        embedder: the one that made its vectors.
        texts: files of further text; of JSON every string is taken.

    Raises:
        SnapshotError: when there is no snapshot, or another embedder made it.
    """
    snapshot = open_store(settings).open(embedder)
    entries = snapshot.entries()
    rows, _ = sentence_rows(tuple(snapshot.passages), entries)
    cache = settings.home / "embeddings.sqlite"
    vectors, _ = embed_cached(rows, embedder, cache, lambda *_: None)
    own = [p.text[start:end] for p in snapshot.passages for start, end in p.sentences]
    added = [
        sentence for path in texts for text in _texts(path) for sentence in split_sentences(text)
    ]
    return Real(
        entries=tuple(entries.values()),
        vectors=vectors,
        sentences=tuple((text, tuple(index_terms(text))) for text in [*own, *added]),
    )


def _texts(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        yield from _strings(json.loads(text))
    else:
        yield text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def grow(real: Vectors, rows: int) -> Vectors:
    """Vectors of length 1, shape (rows, dimension): the real ones, then grown ones."""
    rng = np.random.default_rng(_SEED)
    grown = np.empty((rows, real.shape[1]), dtype=np.float32)
    grown[: len(real)] = real[:rows]
    for at in range(len(real), rows, _BLOCK):
        count = min(_BLOCK, rows - at)
        one, two, three = rng.integers(len(real), size=(3, count))
        part = rng.uniform(0.3, 0.7, size=(count, 1)).astype(np.float32)
        block = real[one] + part * (real[two] - real[three])
        grown[at : at + count] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return grown


def publish(real: Real, vectors: Vectors, store: SnapshotStore, embedder: GivenVectors) -> None:
    """Publishes a snapshot of as many sentences as there are vectors, verified as any."""
    rng = np.random.default_rng(_SEED)
    owners = np.arange(len(vectors), dtype=np.int32) // SENTENCES
    passages = int(owners[-1]) + 1
    drawn = rng.integers(len(real.sentences), size=len(vectors))
    held = [
        [real.sentences[one] for one in drawn[at : at + SENTENCES]]
        for at in range(0, len(vectors), SENTENCES)
    ]
    records = _records(real.entries, -(-passages // _PASSAGES))
    store.publish(
        f"grown-{len(vectors)}",
        digest=str(len(vectors)),
        embedder=embedder,
        records=records,
        passages=[
            _passage(records[n // _PASSAGES].entry.id, n, [text for text, _ in some])
            for n, some in enumerate(held)
        ],
        signatures=np.tile(signature(""), (len(records), 1)),
        owners=owners,
        vectors=vectors,
        terms=([term for _, terms in some for term in terms] for some in held),
    )


def _records(entries: Sequence[Entry], count: int) -> list[Record]:
    """The real entries, and over again under other names."""
    records = []
    for number in range(count):
        turn, entry = number // len(entries), entries[number % len(entries)]
        if turn:
            aliases = tuple(f"{alias}{turn}号" for alias in entry.aliases)
            entry = replace(
                entry,
                id=f"{entry.id}-{turn}",
                title=f"{entry.title}{turn}号",
                title_en=None,
                aliases=aliases,
            )
        records.append(Record(entry=entry, source=entry.id, origin=entry.id, sha256=""))
    return records


def _passage(entry_id: str, number: int, texts: Sequence[str]) -> Passage:
    ends = np.cumsum([len(text) for text in texts]).tolist()
    spans = tuple(zip([0, *ends[:-1]], ends, strict=True))
    return Passage(
        id=f"{entry_id}#{number % _PASSAGES + 1}",
        entry_id=entry_id,
        text="".join(texts),
        start=0,
        end=ends[-1],
        locator="概述",
        source=entry_id,
        sentences=spans,
    )
