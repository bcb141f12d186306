"""What retrieval is measured on: passages in an index, and questions with their entries.

A public reading-comprehension set (SQuAD's JSON form) becomes a collection by the way that
any file takes: each paragraph is a document, split, embedded and indexed as `qilu ingest`
would; a question is answered by the paragraph that it was written for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.cases import Case
from qilu_rag.config import IngestSettings
from qilu_rag.errors import InputError
from qilu_rag.ingest.cache import embed_cached
from qilu_rag.ingest.clean import clean_text
from qilu_rag.ingest.formats.text import paragraph_blocks
from qilu_rag.ingest.rows import passage_terms, sentence_rows
from qilu_rag.ingest.split import split
from qilu_rag.ports import Embedder, VectorBackend, VectorIndex, Vectors, WordBackend, WordIndex
from qilu_rag.retrieve.search import Searchable
from qilu_rag.text.language import language_of
from qilu_rag.types import Document, Entry, Passage

_SEED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """An index and the questions asked of it."""

    name: str
    snapshot: Searchable
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A searchable index made here; see `retrieve.search.Searchable`."""

    passages: tuple[Passage, ...]
    owners: NDArray[np.int32]
    vectors: VectorIndex
    words: WordIndex
    held: dict[str, Entry]

    def passages_of(self) -> dict[str, range]:
        """The numbers of each entry's passages, which stand together."""
        found: dict[str, range] = {}
        for number, passage in enumerate(self.passages):
            first = found.get(passage.entry_id, range(number, number)).start
            found[passage.entry_id] = range(first, number + 1)
        return found

    def entries(self) -> dict[str, Entry]:
        """Entries by id."""
        return self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What collections and their variants are made with.

    Attributes:
        cache: file that keeps vectors from one run to the next.
        folder: for indexes that are thrown away afterwards.
    """

    embedder: Embedder
    vectors: VectorBackend
    words: WordBackend
    cache: Path
    folder: Path

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, out of the cache where it has them."""
        found, _ = embed_cached(texts, self.embedder, self.cache, lambda *_: None)
        return found

    def vector_index(self, vectors: Vectors) -> VectorIndex:
        """An index of vectors, in a file of its own."""
        path = self._fresh("vectors")
        self.vectors.build(vectors, path)
        return self.vectors.open(path)

    def word_index(self, rows: Sequence[Sequence[str]]) -> WordIndex:
        """An index of terms, in a folder of its own."""
        path = self._fresh("words")
        self.words.build(rows, path)
        return self.words.open(path)

    def _fresh(self, kind: str) -> Path:
        return self.folder / f"{kind}-{len(list(self.folder.iterdir()))}"


def from_squad(
    name: str, path: Path, bench: Bench, settings: IngestSettings, *, questions: int, titled: bool
) -> Collection:
    """Makes a collection of a file in SQuAD's form.

    Args:
        name: what the tables call it.
        path: the file.
        bench: embeds and indexes.
        settings: how passages are cut.
        questions: at most so many, drawn by a fixed seed.
        titled: whether documents carry the article's title, as a file with front matter
            does, or a bare number.

    Raises:
        InputError: when the file is not in that form.
    """
    entries: dict[str, Entry] = {}
    passages: list[Passage] = []
    cases: list[Case] = []
    for title, text, asked in _paragraphs(path):
        number = len(entries) + 1
        entry = Entry(id=f"p{number}", title=title if titled and title else f"p{number}")
        entries[entry.id] = entry
        passages += _cut(entry, clean_text(text), settings)
        cases += [
            Case(
                id=f"{entry.id}-{n}",
                question=question,
                language=language_of(question),
                entry=entry.id,
                facts=(),
            )
            for n, (question, _) in enumerate(asked, start=1)
            if any(char.isalnum() for char in question)  # public sets hold some that are blank
        ]
    chosen = Random(_SEED).sample(cases, min(questions, len(cases)))  # noqa: S311
    texts, owners = sentence_rows(passages, entries)
    index = Index(
        passages=tuple(passages),
        owners=owners,
        vectors=bench.vector_index(bench.embed(texts)),
        words=bench.word_index([passage_terms(p, entries[p.entry_id]) for p in passages]),
        held=entries,
    )
    return Collection(name=name, snapshot=index, cases=tuple(chosen))


def _cut(entry: Entry, text: str, settings: IngestSettings) -> list[Passage]:
    blocks = paragraph_blocks(text)
    document = Document(entry=entry, text=text, blocks=blocks, source=entry.id, sha256="")
    return split(document, shortest=settings.passage_min, longest=settings.passage_max)


def answered_paragraphs(path: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    """Text, question and answers of each question of a file in SQuAD's form that has any.

    Raises:
        InputError: when the file is not in that form.
    """
    return [
        (text, question, answers)
        for _, text, asked in _paragraphs(path)
        for question, answers in asked
        if answers and any(char.isalnum() for char in question)
    ]


def _paragraphs(path: Path) -> list[tuple[str, str, list[tuple[str, tuple[str, ...]]]]]:
    """Title and text of each paragraph, and its questions with their answers."""
    try:
        value: Any = json.loads(path.read_text("utf-8"))
        articles = value["data"] if isinstance(value, dict) else value
        return [
            (
                str(article.get("title", "")),
                str(paragraph["context"]),
                [
                    (
                        str(qa["question"]),
                        tuple(dict.fromkeys(str(a["text"]) for a in qa.get("answers", ()))),
                    )
                    for qa in paragraph["qas"]
                ],
            )
            for article in articles
            for paragraph in article["paragraphs"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a set in SQuAD's form: {error!r}") from error
