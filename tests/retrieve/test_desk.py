"""The researcher's search: exact matches, orders and counts."""

from __future__ import annotations

from typing import Any

import pytest

from qilu_rag.retrieve.desk import find
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searcher
from qilu_rag.text.fold import fold
from qilu_rag.types import Filters, Found


def look(searcher: Searcher, text: str, filters: Filters = Filters(), **options: Any) -> Found:
    return find(searcher, understand(text, searcher.names, filters=filters), **options)


def test_a_boolean_search_finds_all_that_fits_and_nothing_else(searcher: Searcher) -> None:
    passages = searcher.snapshot.passages
    held = {p.id for p in passages if "泰山" in fold(p.text) and "孔子" not in fold(p.text)}
    found = look(searcher, "泰山 NOT 孔子", k=100, boolean=True)
    assert held
    assert {hit.passage.id for hit in found.hits} == held
    assert found.total == len(held)
    assert look(searcher, "泰山 NOT 孔子", k=1, boolean=True).total == len(held)


def test_a_boolean_search_heeds_filters_and_finds_nothing_plainly(searcher: Searcher) -> None:
    filters = Filters(category="figures")
    found = look(searcher, "泰山 OR 孔子", filters, k=100, boolean=True)
    assert {hit.entry.category for hit in found.hits} == {"figures"}
    nothing = look(searcher, "“无此一句话”", k=100, boolean=True, facets=True)
    assert (nothing.hits, nothing.total) == ([], 0)


def test_what_is_excluded_alone_is_a_query_too(searcher: Searcher) -> None:
    found = look(searcher, "NOT 泰山", k=100, boolean=True)
    assert found.hits
    assert all("泰山" not in hit.passage.text for hit in found.hits)


def test_orders(searcher: Searcher) -> None:
    best = look(searcher, "泰山 孔子", k=6)
    by_place = look(searcher, "泰山 孔子", k=6, sort="place")
    by_era = look(searcher, "泰山 孔子", k=6, sort="era")
    ids = {hit.passage.id for hit in best.hits}
    assert {hit.passage.id for hit in by_place.hits} == ids
    cities = [hit.entry.place.city or "" if hit.entry.place else "" for hit in by_place.hits]
    told = [city for city in cities if city]
    assert cities == sorted(told) + [""] * (len(cities) - len(told))
    starts = [hit.entry.era.start if hit.entry.era else None for hit in by_era.hits]
    years = [start for start in starts if start is not None]
    assert starts == sorted(years) + [None] * (len(starts) - len(years))


def test_a_facet_is_counted_without_its_own_filter(searcher: Searcher) -> None:
    free = look(searcher, "泰山 OR 孔子", boolean=True, facets=True).facets
    kept = look(
        searcher, "泰山 OR 孔子", Filters(category="figures"), boolean=True, facets=True
    ).facets
    assert kept["category"] == free["category"]
    assert len(free["category"]) > 1
    assert sum(kept["city"].values()) == free["category"]["figures"]
    for values in free.values():
        assert list(values.values()) == sorted(values.values(), reverse=True)
        assert sum(values.values()) == sum(free["category"].values())


@pytest.mark.parametrize("options", [{}, {"boolean": True}])
def test_an_unknown_place_is_told(searcher: Searcher, options: dict[str, Any]) -> None:
    assert "火星" in look(searcher, "泰山", Filters(city="火星"), **options).hint
    assert look(searcher, "泰山", Filters(city="济宁市")).hint == ""
