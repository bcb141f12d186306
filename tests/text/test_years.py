"""Years in Chinese text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.text.years import life_at, years_in


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("公元前551年", [-551]),
        ("开元十四年（726年）", [726]),
        ("1948年9月16日至24日", [1948]),
        ("（1640—1715）", [1640, 1715]),
        ("前551—前479", [-551, -479]),
        ("1937年至1945年", [1937, 1945]),
        ("1932—1933年", [1932, 1933]),
        ("高1532.7米，共20篇", []),
        ("14年前", []),
        ("300多年", []),
        ("约公元前372年", [-372]),
        ("公元25年", [25]),
    ],
)
def test_years(text: str, years: list[int]) -> None:
    assert [year.year for year in years_in(text)] == years


@given(st.integers(-999, 2026).filter(bool), st.integers(-999, 2026).filter(bool))
def test_a_year_comes_back(first: int, last: int) -> None:
    names = [f"公元前{-year}年" if year < 0 else f"公元{year}年" for year in (first, last)]
    text = f"{names[0]}兴建，{names[1]}毁坏。"
    found = years_in(text)
    assert [year.year for year in found] == [first, last]
    assert [text[year.start : year.end] for year in found] == [str(abs(first)), str(abs(last))]


@given(st.text(alphabet="前公元约0123456789年—至（）？", max_size=40))
def test_nothing_breaks_it(text: str) -> None:
    for year in years_in(text):
        assert text[year.start : year.end].isdigit()
        assert year.year != 0


@pytest.mark.parametrize(
    ("text", "life"),
    [
        ("（前551—前479）", (-551, -479)),
        ("(1640年—1715年)", (1640, 1715)),
        ("（？—前645）", (None, -645)),
        ("（约581—约640）", (581, 640)),
        ("（今山东）", None),
    ],
)
def test_a_life_in_brackets(text: str, life: tuple[int | None, int | None] | None) -> None:
    assert life_at(text, 0) == life
