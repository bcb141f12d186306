"""Vectors in FAISS by inner product, which is cosine for vectors of length 1.

The kind of index follows the number of vectors: exact while that is quick, then 8 bits a
value, then 8 bits in inverted lists, of which a search visits a few. A search among some
rows visits as many of these as it would visit of all.
"""

from __future__ import annotations

from math import ceil, sqrt
from os import SEEK_END
from pathlib import Path

import faiss
import numpy as np

from qilu_rag.errors import SnapshotError
from qilu_rag.ports import Ids, Vectors

EXACT_UP_TO = 100_000
"""Vectors up to which all are compared: 12 ms for 100,000 of 384 values on one core."""
SCALAR_UP_TO = 200_000
"""Vectors up to which all are compared at 8 bits a value: as fast, at a quarter of the size."""
_PROBES = 160
"""Inverted lists that a search visits. On one core and the questions of `evals/cases`,
recall@10 against exact search and milliseconds a question were

    lists visited          64            128           160           256
      200,000 vectors      .943  1.6     .961  2.7     .965  3.3     .971   4.6
    1,000,000 vectors      .937  3.8     .957  6.0     .965  6.9     .967  10.7

Vectors with noise on them, which need no questions, tell too little: by them 64 would do.
"""
_RANGE_FROM = 100_000
"""Vectors, at most, that the range of 8-bit values is found from."""
_TRAINED_ON = 40
"""Vectors an inverted list, at most, that its centre is found with (FAISS asks for 39)."""
_ROUNDS = 8
"""Rounds in which the centres are found; four lose .004 of recall@10, ten gain nothing."""
_LISTS = 4
"""Inverted lists are so many times the root of the number of vectors (FAISS's guide)."""
_SEED = 11
_MARK = b"qilu end"


class FaissIndex:
    """An opened index; see `ports.VectorIndex`."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, vectors: Vectors, k: int, among: Ids | None = None) -> tuple[Vectors, Ids]:
        """Scores and row numbers, shape (queries, k); -1 fills up."""
        asked = np.ascontiguousarray(vectors, dtype=np.float32)
        if among is None:
            scores, ids = self._index.search(asked, k)
        else:
            scores, ids = self._index.search(asked, k, params=self._only(among))
        return scores, ids

    def _only(self, among: Ids) -> faiss.SearchParameters:
        """Keeps a search to rows; of few in lists, all are compared."""
        allowed = np.zeros(len(self), dtype=bool)
        allowed[among] = True
        # One bit a row: a hash set of half a million rows takes 60 ms to make, this 1.
        bits = np.packbits(allowed, bitorder="little")
        chosen = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
        if not isinstance(self._index, faiss.IndexIVF):
            return faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]
        probes = ceil(self._index.nprobe * len(self) / max(len(among), 1))
        probes = min(probes, self._index.nlist)
        return faiss.SearchParametersIVF(sel=chosen, nprobe=probes)  # type: ignore[call-arg]


class FaissBackend:
    """Builds and opens FAISS files; see `ports.VectorBackend`.

    Args:
        exact_up_to: vectors up to which they are kept and compared as they are.
        scalar_up_to: vectors up to which they are all compared, at 8 bits a value.
    """

    def __init__(self, exact_up_to: int = EXACT_UP_TO, scalar_up_to: int = SCALAR_UP_TO) -> None:
        self._exact_up_to = exact_up_to
        self._scalar_up_to = scalar_up_to

    def build(self, vectors: Vectors, path: Path) -> None:
        """Writes an index over `vectors`, shape (rows, dimension).

        Raises:
            OSError: when it can't be written.
        """
        index = self._filled(np.ascontiguousarray(vectors, dtype=np.float32))
        try:
            faiss.write_index(index, str(path))
        except RuntimeError as error:
            raise OSError(f"no room for the vectors in {path}") from error
        with path.open("ab") as file:
            file.write(_seal(file.tell()))

    def _filled(self, vectors: Vectors) -> faiss.Index:
        count, dimension = vectors.shape
        index: faiss.Index
        if count <= self._exact_up_to:
            index = faiss.IndexFlatIP(dimension)
        elif count <= self._scalar_up_to:
            index = faiss.IndexScalarQuantizer(
                dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
            )
            index.train(vectors[_sample(count, _RANGE_FROM)])
        else:
            return _inverted(vectors)
        index.add(vectors)
        return index

    def open(self, path: Path) -> FaissIndex:
        """Opens a file that `build` wrote, mapped: memory holds what is searched, when it is.

        The file must not be written to while it is open; snapshots never are.

        Raises:
            SnapshotError: when it is missing or damaged.
        """
        try:
            _check_seal(path)
            return FaissIndex(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except (RuntimeError, OSError) as error:
            raise SnapshotError(
                f"the vector index {path} is missing or damaged; run: qilu ingest corpus"
            ) from error


def _seal(length: int) -> bytes:
    return _MARK + length.to_bytes(8, "little")


def _check_seal(path: Path) -> None:
    """Refuses a file that was cut short, on which FAISS would crash the whole process."""
    with path.open("rb") as file:
        end = file.seek(0, SEEK_END) - len(_seal(0))
        file.seek(max(end, 0))
        if file.read() != _seal(max(end, 0)):
            raise OSError(f"{path} is not whole")


def _inverted(vectors: Vectors) -> faiss.Index:
    """Inverted lists, of which a search visits a few."""
    count, dimension = vectors.shape
    lists = min(round(_LISTS * sqrt(count)), count)
    centres = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        centres, dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = _SEED
    index.cp.niter = _ROUNDS
    index.train(vectors[_sample(count, _TRAINED_ON * lists)])
    index.add(vectors)
    index.nprobe = min(_PROBES, lists)
    return index


def _sample(count: int, wanted: int) -> Ids:
    """Numbers of so many rows at most, drawn by a fixed seed, ascending."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(_SEED).choice(count, wanted, replace=False))
