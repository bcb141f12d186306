"""Metrics, against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.metrics import Share, ndcg, percentile, rank_of, share


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # the textbook values of Wilson's interval
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (85, 100, 0.7672, 0.9070),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson(hits: int, of: int, low: float, high: float) -> None:
    assert Share(hits=hits, of=of).interval() == pytest.approx((low, high), abs=1e-3)


def test_shares() -> None:
    assert share([True, False, True, True]) == Share(hits=3, of=4)
    assert share([True, False, True, True]).value == 0.75
    assert str(Share(hits=3, of=4)).startswith("0.750  (3 of 4; 95% ")
    assert share([]).value is None
    assert share([]).interval() == (0.0, 1.0)
    assert str(share([])) == "none"


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(counts: tuple[int, int]) -> None:
    one = Share(hits=counts[0], of=counts[1])
    low, high = one.interval()
    assert one.value is not None
    assert 0 <= low <= one.value + 1e-9
    assert one.value - 1e-9 <= high <= 1


@pytest.mark.parametrize(
    ("wanted", "ranked", "rank"),
    [
        ("a", ["a", "b"], 1),
        ("b", ["a", "a", "a", "b"], 2),
        ("c", ["a", "b", "a", "c", "c"], 3),
        ("d", ["a"], None),
        ("a", [], None),
        ("", ["a"], None),
    ],
)
def test_ranks_count_entries_once(wanted: str, ranked: list[str], rank: int | None) -> None:
    assert rank_of(wanted, ranked) == rank


@pytest.mark.parametrize(
    ("rank", "value"), [(1, 1.0), (2, 0.63093), (3, 0.5), (7, 1 / 3), (10, 0.28906), (11, 0.0), (None, 0.0)]
)  # fmt: skip
def test_ndcg(rank: int | None, value: float) -> None:
    assert ndcg(rank) == pytest.approx(value, abs=1e-5)


def test_ndcg_of_another_depth() -> None:
    assert ndcg(2, depth=1) == 0.0
    assert ndcg(11, depth=15) > 0


@pytest.mark.parametrize(
    ("values", "part", "value"),
    [
        ([], 0.5, 0.0),
        ([7.0], 0.5, 7.0),
        ([7.0], 0.95, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 101)), 0.5, 50),
        (list(range(1, 11)), 0.5, 5),
        ([1.0, 2.0], 0.0, 1.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_percentiles(values: list[float], part: float, value: float) -> None:
    assert percentile(values, part) == value
