"""Filters keep to exactly what was asked for."""

from __future__ import annotations

import pytest

from qilu_rag.retrieve.filters import passes
from qilu_rag.types import Entry, Era, Filters, Place, Review

ENTRY = Entry(
    id="kongmiao",
    title="曲阜孔庙",
    category="heritage",
    kind="site",
    place=Place(city="济宁", county="曲阜市"),
    era=Era(text="春秋末至清", start=-478, end=1730),
    origin="machine-drafted",
    review=Review(state="checked"),
)
BARE = Entry(id="bare", title="无")


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(category="heritage"),
        Filters(kind="site"),
        Filters(city="济宁"),
        Filters(city="济宁市"),
        Filters(county="曲阜"),
        Filters(county="曲阜市"),
        Filters(years=(1700, 1800)),
        Filters(years=(-600, -478)),
        Filters(origin="machine-drafted", review="checked"),
    ],
)
def test_what_fits_passes(filters: Filters) -> None:
    assert passes(ENTRY, filters)
    assert passes(BARE, filters) == (filters == Filters())


@pytest.mark.parametrize(
    "filters",
    [
        Filters(category="folk"),
        Filters(kind="person"),
        Filters(city="济南"),
        Filters(county="曲"),
        Filters(years=(1731, 1900)),
        Filters(years=(-1000, -479)),
        Filters(origin="human"),
        Filters(review="approved"),
        Filters(category="heritage", city="泰安"),
    ],
)
def test_what_does_not_fit_is_held_back(filters: Filters) -> None:
    assert not passes(ENTRY, filters)


def test_an_era_of_one_end_counts_as_that_year() -> None:
    entry = Entry(id="x", title="x", era=Era(start=1919))
    assert passes(entry, Filters(years=(1919, 1919)))
    assert not passes(entry, Filters(years=(1920, 1930)))
