"""What every vector backend keeps to, fake or real."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.fakes import FakeVectorBackend
from qilu_rag.errors import SnapshotError
from qilu_rag.ports import VectorBackend, VectorIndex, Vectors

BACKENDS: dict[str, Callable[[], VectorBackend]] = {
    "fake": FakeVectorBackend,
    "faiss": FaissBackend,
    "faiss, 8 bits": partial(FaissBackend, exact_up_to=0),
    "faiss, inverted lists": partial(FaissBackend, exact_up_to=0, scalar_up_to=0),
}

EVEN = {"fake": 1e-5, "faiss": 1e-5, "faiss, 8 bits": 0.01, "faiss, inverted lists": 0.01}
"""What an index may take off a cosine, or add to it: 8 bits a value are coarse."""


@pytest.fixture(params=sorted(BACKENDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backend(kind: str) -> VectorBackend:
    return BACKENDS[kind]()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors") / "index"


def unit(rows: int, seed: int = 0, dimension: int = 8) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    normed: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normed


def build(backend: VectorBackend, vectors: Vectors, path: Path) -> VectorIndex:
    backend.build(vectors, path)
    return backend.open(path)


def test_it_is_an_index_of_as_many_rows(backend: VectorBackend, tmp_path: Path) -> None:
    index = build(backend, unit(7), tmp_path / "v")
    assert isinstance(index, VectorIndex)
    assert len(index) == 7


def test_each_vector_is_its_own_nearest(kind: str, backend: VectorBackend, tmp_path: Path) -> None:
    vectors = unit(20)
    scores, rows = build(backend, vectors, tmp_path / "v").search(vectors, 1)
    assert rows[:, 0].tolist() == list(range(20))
    assert np.allclose(scores[:, 0], 1.0, atol=EVEN[kind])


@pytest.mark.parametrize("name", sorted(BACKENDS))
@given(
    rows=st.integers(1, 12),
    queries=st.integers(1, 4),
    k=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_the_scores_are_the_best_inner_products(
    scratch: Path, name: str, rows: int, queries: int, k: int, seed: int
) -> None:
    vectors, asked = unit(rows, seed), unit(queries, seed + 1)
    scores, found = build(BACKENDS[name](), vectors, scratch).search(asked, k)
    assert scores.shape == found.shape == (queries, k)
    assert scores.dtype == np.float32
    assert found.dtype == np.int64
    products = asked @ vectors.T
    whole = min(k, rows)
    for row in range(queries):
        numbers = found[row, :whole].tolist()
        assert len(set(numbers)) == whole
        assert np.allclose(scores[row, :whole], products[row, numbers], atol=EVEN[name])
        assert np.allclose(
            scores[row, :whole], np.sort(products[row])[::-1][:whole], atol=EVEN[name]
        )
    assert (found[:, whole:] == -1).all()
    assert (scores[:, whole:] < -1).all()


@pytest.fixture(scope="module")
def crowd() -> Vectors:
    """More vectors than the nearest lists hold, in clusters."""
    rng = np.random.default_rng(3)
    near = unit(300, 1, 32)[rng.integers(300, size=12_000)] + 0.4 * unit(12_000, 2, 32)
    normed: Vectors = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    return normed


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.001])
def test_nearly_all_of_the_best_are_found_among_many(
    backend: VectorBackend, crowd: Vectors, tmp_path: Path, share: float
) -> None:
    kept = np.flatnonzero(np.random.default_rng(4).random(len(crowd)) < share)
    asked = crowd[::400] + 0.1 * unit(30, 5, 32)
    index = build(backend, crowd, tmp_path / "v")
    _, found = index.search(asked, 10, None if share == 1.0 else kept)
    best = kept[np.argsort(-(asked @ crowd[kept].T), axis=1)[:, :10]]
    assert set(found.ravel().tolist()) <= set(kept.tolist()) | {-1}
    hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), best.tolist(), strict=True))
    assert hits / best.size >= 0.95


def test_the_same_vectors_make_the_same_file(
    backend: VectorBackend, crowd: Vectors, tmp_path: Path
) -> None:
    backend.build(crowd, tmp_path / "a")
    backend.build(crowd, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("rows", "kind", "bytes_each"),
    [(5, "IndexFlatIP", 128), (6, "IndexScalarQuantizer", 32), (8, "IndexIVFScalarQuantizer", 40)],
)
def test_the_number_of_rows_chooses_the_kind(
    rows: int, kind: str, bytes_each: int, tmp_path: Path
) -> None:
    path = tmp_path / "v"
    FaissBackend(exact_up_to=5, scalar_up_to=7).build(unit(rows, dimension=32), path)
    index = faiss.read_index(str(path))
    assert type(index).__name__ == kind
    assert index.sa_code_size() <= bytes_each


def test_an_empty_index(backend: VectorBackend, tmp_path: Path) -> None:
    index = build(backend, np.zeros((0, 8), dtype=np.float32), tmp_path / "v")
    assert len(index) == 0
    _, rows = index.search(unit(2), 3)
    assert rows.tolist() == [[-1] * 3] * 2


def test_rows_that_are_not_in_one_piece(backend: VectorBackend, tmp_path: Path) -> None:
    vectors = np.asfortranarray(unit(6))
    _, rows = build(backend, vectors, tmp_path / "v").search(vectors[::2], 1)
    assert rows[:, 0].tolist() == [0, 2, 4]


def test_opening_again_finds_the_same(backend: VectorBackend, tmp_path: Path) -> None:
    first = build(backend, unit(30), tmp_path / "v").search(unit(3, 5), 4)
    again = backend.open(tmp_path / "v").search(unit(3, 5), 4)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])


def test_an_opened_index_outlives_its_file(backend: VectorBackend, tmp_path: Path) -> None:
    """A snapshot may be pruned while somebody searches it."""
    vectors = unit(30)
    index = build(backend, vectors, tmp_path / "v")
    (tmp_path / "v").unlink()
    assert index.search(vectors, 1)[1][:, 0].tolist() == list(range(30))


def test_a_missing_file(backend: VectorBackend, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError) as caught:
        backend.open(tmp_path / "gone")
    assert str(tmp_path / "gone") in str(caught.value)
    assert "qilu ingest" in str(caught.value)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_truncated_file(backend: VectorBackend, tmp_path: Path, share: float) -> None:
    path = tmp_path / "v"
    backend.build(unit(30), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SnapshotError):
        backend.open(path)


def test_garbage(backend: VectorBackend, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"garbage" * 100)
    with pytest.raises(SnapshotError):
        backend.open(tmp_path / "v")


@pytest.mark.parametrize("name", sorted(BACKENDS))
@given(
    rows=st.integers(1, 30),
    among=st.sets(st.integers(0, 29), min_size=1),
    k=st.integers(1, 40),
    seed=st.integers(0, 9),
)
def test_only_the_rows_that_may_be_are_ranked_and_all_of_them(
    name: str, scratch: Path, rows: int, among: set[int], k: int, seed: int
) -> None:
    allowed = np.array(sorted(row for row in among if row < rows), dtype=np.int64)
    vectors = unit(rows, seed)
    index = build(BACKENDS[name](), vectors, scratch)
    query = unit(1, seed + 100)
    scores, found = index.search(query, k, allowed)
    assert scores.shape == found.shape == (1, k)
    kept = [int(row) for row in found[0] if row >= 0]
    assert len(kept) == len(set(kept)) == min(k, len(allowed))
    assert set(kept) <= set(allowed.tolist())
    # Of the best k by numpy; 8 bits a value may swap two that are as good as even.
    exact = np.sort((query @ vectors[allowed].T)[0])[::-1][: len(kept)]
    assert np.allclose(scores[0, : len(kept)], exact, atol=2 * EVEN[name])
