"""Embeddings by sentence-transformers, out of a folder on disk."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from qilu_rag.backends.model_files import folder_sha256
from qilu_rag.errors import ModelError, ModelMissing
from qilu_rag.ports import EmbedderIdentity, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class SentenceTransformerEmbedder:
    """See `ports.Embedder`. The weights are read at first use, once.

    Args:
        source: a sentence-transformers folder.
        batch: texts at a time.
        sha256: the folder's checksum (`folder_sha256`) when it is known; read otherwise.

    Raises:
        ModelMissing: when the folder is not there.
    """

    def __init__(self, source: Path, *, batch: int = 32, sha256: str | None = None) -> None:
        if not (source / "modules.json").is_file():
            raise ModelMissing(
                f"{source} is not a sentence-transformers folder; "
                "run: qilu models pull, or set QILU_EMBEDDING__PATH"
            )
        self.source = source
        self._batch = batch
        self._known = sha256
        self._lock = Lock()

    @cached_property
    def _model(self) -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            return SentenceTransformer(str(self.source), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"the embedding model in {self.source} can't be read: {error}"
            ) from error

    @cached_property
    def identity(self) -> EmbedderIdentity:
        """Over every file of the folder, so that another model can't pass for this one."""
        with self._lock:
            model = self._model
        return EmbedderIdentity(
            name=self.source.name,
            sha256=self._known or folder_sha256(self.source),
            dimension=int(model.get_embedding_dimension() or 0),
            prompts=(model.prompts.get("query") or "", model.prompts.get("passage") or ""),
        )

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, dimension)."""
        return self._embed(texts, self.identity.prompts[1])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, dimension)."""
        return self._embed(texts, self.identity.prompts[0])

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.identity.dimension), dtype=np.float32)
        with self._lock:
            vectors = self._model.encode(
                [prompt + text for text in texts],
                prompt="",
                batch_size=self._batch,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, dtype=np.float32)
