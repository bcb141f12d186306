"""The outside engines, as small protocols: the rest of the program knows only these.

Each has a fake in `backends.fakes` and at least one real backend, and both pass the
same contract tests (tests/contracts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Image = NDArray[np.uint8]
"""A page as pixels: rows, columns, red-green-blue."""
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderIdentity:
    """What makes two embedders the same: vectors of one are of no use to another.

    Attributes:
        name: of the model, for people.
        sha256: over its files.
        dimension: length of its vectors.
        prompts: prefix of a query and prefix of a passage.
    """

    name: str
    sha256: str
    dimension: int
    prompts: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation with a chat model."""

    role: Literal["system", "user", "assistant"]
    content: str


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors of length 1, shape (texts, dimension)."""

    @property
    def identity(self) -> EmbedderIdentity: ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors: ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors: ...


@runtime_checkable
class VectorIndex(Protocol):
    """Finds the nearest vectors by inner product."""

    def __len__(self) -> int: ...

    def search(self, vectors: Vectors, k: int, among: Ids | None = None) -> tuple[Vectors, Ids]:
        """Scores and row numbers, both of shape (queries, k), best first; -1 fills up.

        With `among`, row numbers in ascending order, only those rows are ranked.
        """
        ...


class VectorBackend(Protocol):
    """Builds and opens vector indexes in a file; `build` raises OSError when it can't write."""

    def build(self, vectors: Vectors, path: Path) -> None: ...

    def open(self, path: Path) -> VectorIndex: ...


@runtime_checkable
class WordIndex(Protocol):
    """Ranks rows by BM25 over terms."""

    def __len__(self) -> int: ...

    def search(
        self, terms: Sequence[str], k: int, among: Ids | None = None
    ) -> list[tuple[int, float]]:
        """(row number, score) of at most `k` rows that hold any term, best first.

        With `among`, row numbers in ascending order, only those rows are ranked.
        """
        ...

    def frequency(self, term: str) -> int:
        """How many rows hold a term."""
        ...


class WordBackend(Protocol):
    """Builds and opens word indexes in a folder; `build` raises OSError when it can't write."""

    def build(self, rows: Iterable[Sequence[str]], path: Path) -> None: ...

    def open(self, path: Path) -> WordIndex: ...


@runtime_checkable
class ChatModel(Protocol):
    """Writes text, piece by piece.

    Raises:
        ChatError: when the model can't be reached, or breaks off.
    """

    @property
    def name(self) -> str: ...

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]: ...

    def lean(self, messages: Sequence[Message], choices: tuple[str, str]) -> float | None:
        """Log-odds of the first choice against the second as the next word.

        None when the endpoint does not tell probabilities.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A line that was read off an image; the box is in pixels from the upper left corner."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float


class Ocr(Protocol):
    """Reads the lines of printed text off an image."""

    @property
    def identity(self) -> str:
        """Names the engine and its models: what one read, another may read otherwise."""

    def read(self, image: Image) -> list[TextLine]:
        """The lines in no order that is promised; none for an empty page."""
