"""The cache of vectors: what was embedded once is never embedded again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qilu_rag.backends.fakes import FakeEmbedder
from qilu_rag.errors import ModelError, QiluError
from qilu_rag.ingest.cache import embed_cached
from qilu_rag.ports import Embedder, Vectors


class Failing(FakeEmbedder):
    """Gives up after some texts."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if self.embedded >= self._after:
            raise ModelError("out of order")
        return super().embed_passages(texts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "embeddings.sqlite"


def embed(texts: Sequence[str], embedder: Embedder, path: Path) -> tuple[Vectors, int]:
    return embed_cached(texts, embedder, path, lambda *_: None)


def test_the_vectors_are_those_of_the_embedder_in_order(path: Path) -> None:
    texts = ["泰山在山东省中部。", "孔子。", "黄河入海。", "孔子。"]
    plain = FakeEmbedder().embed_passages(texts)
    first, fresh = embed(texts, FakeEmbedder(), path)
    again, none = embed(texts[::-1], FakeEmbedder(), path)
    assert np.array_equal(first, plain)
    assert np.array_equal(again, plain[::-1])
    assert (fresh, none) == (4, 0)


def test_only_what_is_new_is_embedded(path: Path) -> None:
    embedder = FakeEmbedder()
    embed(["一。", "二。"], embedder, path)
    vectors, fresh = embed(["二。", "三。", "一。"], embedder, path)
    assert (fresh, embedder.embedded) == (1, 3)
    assert np.array_equal(vectors, FakeEmbedder().embed_passages(["二。", "三。", "一。"]))


def test_another_embedder_starts_anew(path: Path) -> None:
    embed(["一。"], FakeEmbedder(), path)
    other = FakeEmbedder(name="other")
    vectors, fresh = embed(["一。"], other, path)
    assert (fresh, other.embedded) == (1, 1)
    assert vectors.shape == (1, 256)


def test_no_texts(path: Path) -> None:
    vectors, fresh = embed([], FakeEmbedder(), path)
    assert vectors.shape == (0, 256)
    assert fresh == 0


def test_what_came_before_a_failure_is_kept(path: Path) -> None:
    texts = [f"第{n}句话。" for n in range(600)]
    with pytest.raises(ModelError, match="out of order"):
        embed(texts, Failing(after=256), path)
    embedder = FakeEmbedder()
    vectors, fresh = embed(texts, embedder, path)
    assert fresh == embedder.embedded == 600 - 256
    assert np.array_equal(vectors, FakeEmbedder().embed_passages(texts))


def test_progress_counts_all_texts(path: Path) -> None:
    embed(["一。"], FakeEmbedder(), path)
    seen: list[tuple[int, int]] = []
    texts = [f"第{n}句话。" for n in range(300)]
    embed_cached(["一。", *texts], FakeEmbedder(), path, lambda *at: seen.append(at))
    assert seen == [(257, 301), (301, 301)]


def test_a_vector_of_the_wrong_length_is_made_again(path: Path) -> None:
    embed(["一。"], FakeEmbedder(), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE vectors SET vector = x'00'")
    vectors, fresh = embed(["一。"], FakeEmbedder(), path)
    assert fresh == 1
    assert np.array_equal(vectors, FakeEmbedder().embed_passages(["一。"]))


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_text("not a database, whatever its name says" * 100)
    with pytest.raises(QiluError) as caught:
        embed(["一。"], FakeEmbedder(), path)
    assert str(path) in str(caught.value)
    assert "delete it" in str(caught.value)
