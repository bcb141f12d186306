"""Peers: other libraries ingest the same documents with the same embedder.

Each reads the folder with its own reader and cuts the text as it does by itself. The
embedder is ours, through the hook that the library has for one of one's own, so what
differs is how much text is embedded, in what pieces, and what is done besides.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from evals.bench_embedders import Kind, Measured, count_tokens, make_embedder
from evals.bench_runs import Run, measure, recall_at_5
from qilu_rag.errors import InputError
from qilu_rag.ports import Vectors

_BATCH = 256
"""Texts that a peer hands to the embedder at once: as many as our pipeline does."""

Questions = Sequence[tuple[str, str]]
Index = Callable[[Path, Measured], tuple[Run, Callable[[str], list[str]]]]
"""Ingests a folder; gives the run and what finds the ids of documents for a text."""


def llama_index(folder: Path, embedder: Measured) -> tuple[Run, Callable[[str], list[str]]]:
    """llama-index: `SimpleDirectoryReader` and an in-memory `VectorStoreIndex`."""
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding

    class Ours(BaseEmbedding):
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            rows: list[list[float]] = embedder.embed_passages(texts).tolist()
            return rows

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            row: list[float] = embedder.embed_queries([query])[0].tolist()
            return row

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    model = Ours(embed_batch_size=_BATCH)

    def ingest() -> tuple[int, Any]:
        documents = SimpleDirectoryReader(str(folder), recursive=True).load_data()
        return len(documents), VectorStoreIndex.from_documents(documents, embed_model=model)

    run, (documents, index) = measure("llama-index", embedder, ingest)
    nodes = index.docstore.docs.values()
    retriever = index.as_retriever(similarity_top_k=5)

    def find(text: str) -> list[str]:
        return [Path(hit.node.metadata["file_name"]).stem for hit in retriever.retrieve(text)]

    indexed = sum(len(node.text) for node in nodes)
    return replace(run, documents=documents, pieces=len(nodes), indexed=indexed), find


def txtai(folder: Path, embedder: Measured) -> tuple[Run, Callable[[str], list[str]]]:
    """txtai: `Textractor` cuts paragraphs, `Embeddings` with their text stored."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        library = import_module("txtai")
        pipelines = import_module("txtai.pipeline")
    except ImportError as error:
        raise InputError("txtai is not installed; run: pip install txtai") from error

    asking = False

    def transform(texts: list[str]) -> Vectors:
        return (embedder.embed_queries if asking else embedder.embed_passages)(texts)

    index = library.Embeddings(
        method="external",
        transform=transform,  # a plain function: a method would be called without texts
        content=True,
        batch=_BATCH,
        encodebatch=_BATCH,
    )

    def ingest() -> tuple[int, list[tuple[str, str]]]:
        reader = pipelines.Textractor(paragraphs=True, backend=None)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        rows = [(path.stem, text) for path in paths for text in reader(str(path))]
        index.index((f"{name} {number}", text) for number, (name, text) in enumerate(rows))
        return len(paths), rows

    run, (documents, rows) = measure("txtai", embedder, ingest)
    asking = True

    def find(text: str) -> list[str]:
        return [hit["id"].split()[0] for hit in index.search(text, 5)]

    indexed = sum(len(text) for _, text in rows)
    return replace(run, documents=documents, pieces=len(rows), indexed=indexed), find


PEERS: dict[str, Index] = {"llama-index": llama_index, "txtai": txtai}


def peer_of(name: str, kind: Kind, folder: Path, questions: Questions) -> Run:
    """Runs one peer with an embedder made on the spot, to be called in a fresh process.

    Raises:
        InputError: when the peer is not installed.
    """
    embedder = Measured(make_embedder(kind), keep=True)
    run, find = PEERS[name](folder, embedder)
    found = replace(run, tokens=count_tokens(kind, embedder))
    return replace(found, recall=recall_at_5(questions, find))
