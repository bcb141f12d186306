"""Vectors in FAISS: exact inner product, which is cosine for vectors of length 1."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np

from qilu_rag.errors import SnapshotError
from qilu_rag.ports import Ids, Vectors


class FaissIndex:
    """An opened index; see `ports.VectorIndex`."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, vectors: Vectors, k: int) -> tuple[Vectors, Ids]:
        """Scores and row numbers, shape (queries, k); -1 fills up."""
        scores, ids = self._index.search(np.ascontiguousarray(vectors, dtype=np.float32), k)
        return scores, ids


class FaissBackend:
    """Builds and opens FAISS files; see `ports.VectorBackend`."""

    def build(self, vectors: Vectors, path: Path) -> None:
        """Writes an exact index over `vectors`, shape (rows, dimension).

        Raises:
            OSError: when it can't be written.
        """
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        try:
            faiss.write_index(index, str(path))
        except RuntimeError as error:
            raise OSError(f"no room for the vectors in {path}") from error

    def open(self, path: Path) -> FaissIndex:
        """Opens a file that `build` wrote, mapped: memory holds what is searched, when it is.

        The file must not be written to while it is open; snapshots never are.

        Raises:
            SnapshotError: when it is missing or damaged.
        """
        try:
            return FaissIndex(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as error:
            raise SnapshotError(
                f"the vector index {path} is missing or damaged; run: qilu ingest corpus"
            ) from error
