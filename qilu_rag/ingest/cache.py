"""Vectors by content: a text that was embedded once is never embedded again.

One SQLite file in the home; each batch is committed as it comes, so that a run that was
killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from qilu_rag.ingest.sqlite import cache_failure
from qilu_rag.ports import Embedder, Vectors

_BATCH = 256
_ASKED = 500  # keys a query: three times as fast as one, and SQLite takes 999 everywhere
_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"


def embed_cached(
    texts: Sequence[str],
    embedder: Embedder,
    path: Path,
    progress: Callable[[int, int], None],
) -> tuple[Vectors, int]:
    """Embeds passages, out of the cache where it has them.

    Args:
        texts: what to embed.
        embedder: makes what the cache lacks; its identity is part of the key.
        path: the cache's file.
        progress: called with texts done and texts in all.

    Returns:
        Vectors of shape (texts, dimension), and how many texts were embedded anew.

    Raises:
        QiluError: when the cache is damaged.
        OSError: when the disk is full.
    """
    identity = embedder.identity
    stamp = f"{identity.sha256}\0{identity.prompts[1]}\0".encode()
    keys = [hashlib.blake2b(stamp + text.encode(), digest_size=20).digest() for text in texts]
    vectors = np.empty((len(texts), identity.dimension), dtype=np.float32)
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(_SCHEMA)
            missing = _fill(connection, keys, vectors)
            # Texts of like length side by side waste no padding.
            missing.sort(key=lambda row: len(texts[row]))
            for at in range(0, len(missing), _BATCH):
                rows = missing[at : at + _BATCH]
                fresh = embedder.embed_passages([texts[row] for row in rows])
                vectors[rows] = fresh
                with connection:
                    connection.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(keys[row], vectors[row].tobytes()) for row in rows],
                    )
                progress(len(texts) - len(missing) + at + len(rows), len(texts))
    except sqlite3.Error as error:
        raise cache_failure("the embedding cache", path, error) from error
    return vectors, len(missing)


def _fill(connection: sqlite3.Connection, keys: Sequence[bytes], vectors: Vectors) -> list[int]:
    """Fills in the vectors that are held; gives the rows that are not."""
    missing = []
    for at in range(0, len(keys), _ASKED):
        asked = keys[at : at + _ASKED]
        marks = ",".join("?" * len(asked))
        query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608
        held = dict(connection.execute(query, asked))
        for row, key in enumerate(asked, start=at):
            vector = held.get(key, b"")
            if len(vector) == vectors.shape[1] * 4:
                vectors[row] = np.frombuffer(vector, dtype=np.float32)
            else:
                missing.append(row)
    return missing
