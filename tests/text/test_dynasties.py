"""Periods of history."""

from __future__ import annotations

from itertools import pairwise

import pytest

from qilu_rag.text.dynasties import DYNASTIES, dynasty_at
from qilu_rag.text.fold import fold


def test_periods_follow_one_another() -> None:
    for before, after in pairwise(DYNASTIES):
        assert before.start <= before.end < after.start


def test_a_word_means_one_period_and_is_folded() -> None:
    words = [word for some in DYNASTIES for word in some.words.split()]
    assert len(set(words)) == len(words)
    assert [fold(word) for word in words] == words


@pytest.mark.parametrize(
    ("year", "name"),
    [
        (-551, "春秋"),
        (-221, "战国"),
        (-219, "秦"),
        (100, "汉"),
        (726, "唐"),
        (1084, "宋"),
        (1640, "明"),
        (1948, "民国"),
        (2008, None),
        (-90000, None),
    ],
)
def test_a_year_is_of_a_period(year: int, name: str | None) -> None:
    found = dynasty_at(year)
    assert (found.name if found else None) == name
