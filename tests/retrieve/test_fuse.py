"""Fusing by score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.retrieve.fuse import fuse, scaled

RANKINGS = st.dictionaries(st.integers(0, 20), st.floats(-100, 100), max_size=8)


def test_examples() -> None:
    assert scaled({}) == {}
    assert scaled({1: 5.0}) == {1: 1.0}
    assert scaled({1: 5.0, 2: 5.0}) == {1: 1.0, 2: 1.0}
    assert scaled({1: 1.0, 2: 2.0, 3: 5.0}) == {1: 0.0, 2: 0.25, 3: 1.0}
    assert fuse({1: 0.9, 2: 0.8}, {2: 7.0, 3: 1.0}, 0.5) == {1: 0.5, 2: 0.5, 3: 0.0}
    assert fuse({1: 0.9, 2: 0.8}, {2: 7.0, 3: 1.0}, 0.25) == {1: 0.25, 2: 0.75, 3: 0.0}


@given(RANKINGS)
def test_scaling_keeps_the_order(scores: dict[int, float]) -> None:
    result = scaled(scores)
    assert result.keys() == scores.keys()
    assert all(0 <= score <= 1 for score in result.values())
    assert not scores or max(result.values()) == 1
    order = sorted(scores, key=lambda key: scores[key])
    assert [result[key] for key in order] == sorted(result.values())


@given(RANKINGS, RANKINGS, st.floats(0, 1))
def test_fused_scores_stay_within_bounds(
    dense: dict[int, float], lexical: dict[int, float], weight: float
) -> None:
    fused = fuse(dense, lexical, weight)
    assert fused.keys() == dense.keys() | lexical.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(RANKINGS, RANKINGS)
def test_one_side_alone(dense: dict[int, float], lexical: dict[int, float]) -> None:
    for key, score in fuse(dense, lexical, 1.0).items():
        assert score == pytest.approx(scaled(dense).get(key, 0.0))
    for key, score in fuse(dense, lexical, 0.0).items():
        assert score == pytest.approx(scaled(lexical).get(key, 0.0))


@given(RANKINGS, RANKINGS, st.sampled_from([0.25, 0.5, 0.75]))
def test_the_best_of_both_is_the_best(
    dense: dict[int, float], lexical: dict[int, float], weight: float
) -> None:
    both = {**dense, 99: 101.0}, {**lexical, 99: 101.0}
    fused = fuse(*both, weight)
    assert max(fused.values()) == pytest.approx(fused[99])
