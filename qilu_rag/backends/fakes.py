"""Deterministic stand-ins for every port, so that most tests run in milliseconds.

They are real implementations, only simple ones: the fake embedder puts texts that share
words near each other, the fake chat model answers out of the prompt that it is given.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from qilu_rag.errors import ChatError, SnapshotError
from qilu_rag.ports import EmbedderIdentity, Ids, Image, Message, TextLine, Vectors
from qilu_rag.text.words import index_terms


class FakeEmbedder:
    """Hashed bags of terms: texts with common words get near vectors.

    Attributes:
        embedded: how many passages were embedded so far.
    """

    def __init__(self, dimension: int = 256, name: str = "fake") -> None:
        self.identity = EmbedderIdentity(
            name=name,
            sha256=hashlib.sha256(f"{name}/{dimension}".encode()).hexdigest(),
            dimension=dimension,
            prompts=("", ""),
        )
        self.embedded = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, dimension)."""
        self.embedded += len(texts)
        return self._embed(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, dimension)."""
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.full((len(texts), self.identity.dimension), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for term in index_terms(text):
                digest = hashlib.blake2b(term.encode(), digest_size=8).digest()
                vectors[row, int.from_bytes(digest) % self.identity.dimension] += 1.0
        normed: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normed


class FakeVectorIndex:
    """Exact inner product in numpy."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vectors: Vectors, k: int, among: Ids | None = None) -> tuple[Vectors, Ids]:
        """Scores and row numbers, shape (queries, k); -1 fills up."""
        rows = np.arange(len(self._vectors)) if among is None else among
        scores = vectors @ self._vectors[rows].T
        places = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(scores, places, axis=1)
        order = rows[places]
        fill = ((0, 0), (0, k - order.shape[1]))
        return (
            np.pad(best, fill, constant_values=-np.inf).astype(np.float32),
            np.pad(order, fill, constant_values=-1).astype(np.int64),
        )


class FakeVectorBackend:
    """Vectors in a `.npy` file."""

    def build(self, vectors: Vectors, path: Path) -> None:
        """Writes `vectors`, shape (rows, dimension)."""
        with path.open("wb") as file:
            np.save(file, vectors)

    def open(self, path: Path) -> FakeVectorIndex:
        """Opens a file that `build` wrote; SnapshotError when it is damaged."""
        try:
            return FakeVectorIndex(np.load(path))
        except (OSError, ValueError, EOFError) as error:
            raise SnapshotError(
                f"the vector index {path} is missing or damaged; run: qilu ingest corpus"
            ) from error


class FakeWordIndex:
    """BM25 (k1 1.2, b 0.75) in plain Python."""

    def __init__(self, rows: list[list[str]]) -> None:
        self._rows = [Counter(row) for row in rows]
        self._lengths = [len(row) for row in rows]
        self._mean = sum(self._lengths) / max(len(rows), 1) or 1.0
        self._held = Counter(term for row in self._rows for term in row)

    def __len__(self) -> int:
        return len(self._rows)

    def search(
        self, terms: Sequence[str], k: int, among: Ids | None = None
    ) -> list[tuple[int, float]]:
        """(row number, score) of at most `k` rows that hold any term, best first."""
        rows = range(len(self._rows)) if among is None else among.tolist()
        scored = [(row, self._score(row, terms)) for row in rows]
        found = [(row, score) for row, score in scored if score > 0]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def frequency(self, term: str) -> int:
        """How many rows hold a term."""
        return self._held[term]

    def _score(self, row: int, terms: Sequence[str]) -> float:
        total = 0.0
        for term in terms:
            count = self._rows[row][term]
            if count:
                held = self._held[term]
                rarity = math.log(1 + (len(self._rows) - held + 0.5) / (held + 0.5))
                length = 0.25 + 0.75 * self._lengths[row] / self._mean
                total += rarity * count * 2.2 / (count + 1.2 * length)
        return total


class FakeWordBackend:
    """Terms in a JSON file inside the folder."""

    def build(self, rows: Iterable[Sequence[str]], path: Path) -> None:
        """Writes the terms of each row."""
        path.mkdir(parents=True)
        text = json.dumps([list(row) for row in rows], ensure_ascii=False)
        (path / "rows.json").write_text(text, "utf-8")

    def open(self, path: Path) -> FakeWordIndex:
        """Opens a folder that `build` wrote; SnapshotError when it is damaged."""
        try:
            return FakeWordIndex(json.loads((path / "rows.json").read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise SnapshotError(
                f"the word index {path} is missing or damaged; run: qilu ingest corpus"
            ) from error


class FakeChat:
    """Answers with the first sentence of the first source in its prompt, or by a script.

    Args:
        script: makes the answer out of the messages; may raise ChatError.
        piece: characters a piece of the stream.
    """

    name = "fake"

    def __init__(
        self, script: Callable[[Sequence[Message]], str] | None = None, piece: int = 3
    ) -> None:
        self._script = script or first_source_sentence
        self._piece = piece
        self.calls: list[list[Message]] = []

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
        """Yields the scripted answer in pieces, at most `max_tokens` of them."""
        self.calls.append(list(messages))
        answer = self._script(messages)
        pieces = [answer[i : i + self._piece] for i in range(0, len(answer), self._piece)]
        yield from pieces[:max_tokens]

    def lean(self, messages: Sequence[Message], choices: tuple[str, str]) -> float | None:
        """Tells nothing, as an endpoint without log-probabilities does."""
        return None


def first_source_sentence(messages: Sequence[Message]) -> str:
    """The first sentence of the source numbered 1 in the last message, with its mark."""
    found = re.search(r"\[1\] [^：\n]*：(.+?(?:[。！？]|\.(?!\d)))", messages[-1].content)
    return f"{found[1]}[1]" if found else ""


def broken_chat(messages: Sequence[Message]) -> str:
    """A script for a chat model that is down."""
    raise ChatError(f"the language model is down ({len(messages)} messages were not answered)")


class FakeOcr:
    """Reads given lines off the pages that are not of one colour, page after page.

    Args:
        texts: the lines of each page; behind the last it begins again.
        confidence: of every line.

    Attributes:
        pages: how many pages were looked at so far.
    """

    identity = "fake"

    def __init__(self, *texts: Sequence[str], confidence: float = 0.99) -> None:
        self._texts = texts or (("扫描的一页。",),)
        self._confidence = confidence
        self.pages = 0

    def read(self, image: Image) -> list[TextLine]:
        lines = self._texts[self.pages % len(self._texts)]
        self.pages += 1
        if image.min() == image.max():
            return []
        height, width = image.shape[:2]
        step = height / (len(lines) + 1)
        return [
            TextLine(
                text=text,
                confidence=self._confidence,
                left=0.1 * width,
                top=number * step,
                right=0.9 * width,
                bottom=(number + 0.8) * step,
            )
            for number, text in enumerate(lines)
        ]
