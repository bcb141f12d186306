"""The embedder that the settings name."""

from __future__ import annotations

from qilu_rag.backends.embedding import SentenceTransformerEmbedder
from qilu_rag.backends.manifest import find_model
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.backends.onnx_embedding import OnnxEmbedder
from qilu_rag.config import Settings


def make_embedder(settings: Settings) -> OnnxEmbedder | SentenceTransformerEmbedder:
    """Makes it; weights are read, or written out for ONNX Runtime, at first use.

    Raises:
        ConfigError: when the manifest has no such model.
        ModelMissing: when the model's files are not there.
        ModelCorrupt: when they are not what was pulled.
    """
    wanted = settings.embedding
    path, sha256 = wanted.path, None
    if path is None:
        store, model = ModelStore(settings.models), find_model(wanted.model, "embedding")
        path, sha256 = store.require(model), store.sha256(model)
    if wanted.backend == "onnx-int8":
        return OnnxEmbedder(path, settings.models, sha256=sha256)
    return SentenceTransformerEmbedder(path, batch=wanted.batch, sha256=sha256)
