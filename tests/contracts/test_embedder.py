"""What every embedder keeps to, fake or real."""

from __future__ import annotations

import numpy as np
import pytest

from qilu_rag.backends.embedders import make_embedder
from qilu_rag.backends.fakes import FakeEmbedder
from qilu_rag.config import load_settings
from qilu_rag.ports import Embedder

TEXTS = [
    "泰山在山东省中部，主峰是玉皇顶。",
    "孔子创立了儒家学派。",
    "Mount Tai is in Shandong.",
    "黄河",
]


@pytest.fixture(
    scope="module",
    params=[
        "fake",
        pytest.param("float32", marks=pytest.mark.model),
        pytest.param("onnx-int8", marks=pytest.mark.model),
    ],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "fake":
        return FakeEmbedder()
    # Missing weights are no reason to pass: the store's own error says what to do.
    return make_embedder(load_settings(embedding={"backend": request.param}))


def test_its_identity_is_whole_and_stays(embedder: Embedder) -> None:
    identity = embedder.identity
    assert isinstance(embedder, Embedder)
    assert identity.name
    assert len(identity.sha256) == 64
    assert identity.dimension > 0
    assert len(identity.prompts) == 2
    assert embedder.identity == identity


def test_vectors_have_length_one_and_the_right_shape(embedder: Embedder) -> None:
    for vectors in (embedder.embed_passages(TEXTS), embedder.embed_queries(TEXTS)):
        assert vectors.shape == (len(TEXTS), embedder.identity.dimension)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_no_texts(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.identity.dimension)
    assert embedder.embed_queries([]).shape == (0, embedder.identity.dimension)


@pytest.mark.parametrize("text", ["", " ", "。", "\U0001f600", "泰" * 3000])
def test_strange_texts(embedder: Embedder, text: str) -> None:
    vectors = embedder.embed_passages([text])
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_the_company_of_a_text_does_not_matter(embedder: Embedder) -> None:
    together = embedder.embed_passages([*TEXTS, "很长的一段话。" * 30])
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    assert np.allclose(together[:-1], alone, atol=1e-4)
    assert np.allclose(embedder.embed_passages(TEXTS[::-1])[::-1], together[:-1], atol=1e-4)


@pytest.mark.parametrize(
    ("question", "best"), [("泰山的主峰叫什么", 0), ("儒家学派是谁创立的", 1), ("黄河", 3)]
)
def test_a_question_is_nearest_to_its_answer(embedder: Embedder, question: str, best: int) -> None:
    scores = embedder.embed_queries([question]) @ embedder.embed_passages(TEXTS).T
    assert int(scores[0].argmax()) == best


def test_fakes_of_another_kind_have_another_identity() -> None:
    identities = {
        FakeEmbedder().identity,
        FakeEmbedder(64).identity,
        FakeEmbedder(name="b").identity,
    }
    assert len(identities) == 3
    assert FakeEmbedder().identity == FakeEmbedder().identity


@pytest.mark.model
def test_the_fast_one_is_another_and_close() -> None:
    exact, fast = (
        make_embedder(load_settings(embedding={"backend": backend}))
        for backend in ("float32", "onnx-int8")
    )
    assert exact.identity.sha256 != fast.identity.sha256
    assert exact.identity.name != fast.identity.name
    assert exact.identity.prompts == fast.identity.prompts
    cosines = (exact.embed_passages(TEXTS) * fast.embed_passages(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.99
