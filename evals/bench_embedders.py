"""Embedders for measuring: one that keeps time, one that costs next to nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import shake_256
from pathlib import Path
from typing import Literal

import numpy as np

from qilu_rag.backends import embedders
from qilu_rag.backends.manifest import find_model
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.config import load_settings
from qilu_rag.ports import Embedder, EmbedderIdentity, Vectors

Kind = Literal["real", "fake"]

_DIMENSION = 384
_WARM = ["孔子名丘，字仲尼，鲁国陬邑人，是儒家学派的创始人。" * 20] * 64


class CheapEmbedder:
    """Vectors of the right size out of a hash, for runs that are not about their worth.

    `FakeEmbedder` cuts words, which would cost as much as the pipeline that is measured.
    """

    def __init__(self) -> None:
        self.identity = EmbedderIdentity(
            name="cheap", sha256="cheap", dimension=_DIMENSION, prompts=("", "")
        )

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, 384)."""
        rows = b"".join(shake_256(text.encode()).digest(_DIMENSION) for text in texts)
        bytes_ = np.frombuffer(rows, dtype=np.int8).reshape(len(texts), _DIMENSION)
        vectors = bytes_.astype(np.float32) + 0.5
        normed: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normed

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, 384)."""
        return self.embed_passages(texts)


class Measured:
    """An embedder that keeps the time spent in another, and what that one was given.

    Args:
        inner: does the work.
        keep: also keeps the texts themselves, to count their tokens afterwards.
    """

    def __init__(self, inner: Embedder, *, keep: bool = False) -> None:
        self._inner = inner
        self._keep = keep
        self.identity = inner.identity
        self.kept: list[str] = []
        self.seconds = self.cpu = 0.0
        self.texts = self.characters = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        started, cpu = time.perf_counter(), time.process_time()
        vectors = self._inner.embed_passages(texts)
        self.seconds += time.perf_counter() - started
        self.cpu += time.process_time() - cpu
        self.texts += len(texts)
        self.characters += sum(map(len, texts))
        if self._keep:
            self.kept += texts
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._inner.embed_queries(texts)


def make_embedder(kind: Kind) -> Embedder:
    """The embedder of the settings, or a cheap one; loaded and warm."""
    embedder: Embedder = CheapEmbedder()
    if kind == "real":
        embedder = embedders.make_embedder(load_settings())
    embedder.embed_passages(_WARM)
    return embedder


def count_tokens(kind: Kind, embedder: Measured) -> int | None:
    """How many tokens the model saw of the texts that were kept, cut where it cuts them."""
    if kind == "fake" or not embedder.kept:
        return None
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(_model_folder()), device="cpu", local_files_only=True)
    texts = [embedder.identity.prompts[1] + text for text in embedder.kept]
    found = model.tokenizer(texts, truncation=True, max_length=model.max_seq_length)
    return sum(map(len, found["input_ids"]))


def _model_folder() -> Path:
    settings = load_settings()
    wanted = settings.embedding
    return wanted.path or ModelStore(settings.models).require(find_model(wanted.model, "embedding"))
