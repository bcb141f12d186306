"""The researcher's search: filters, facets, orders and boolean queries over one snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from qilu_rag.retrieve.boolean import Node, Text, parse, wanted
from qilu_rag.retrieve.filters import bare_place, passes
from qilu_rag.retrieve.search import Searcher
from qilu_rag.text.dynasties import dynasty_at
from qilu_rag.text.fold import fold
from qilu_rag.types import Entry, Filters, Found, Hit, Query, Sort

COUNTED = 200
"""Passages of a search by relevance that its facets count; a boolean one counts all."""

_LAST = 10_000
_FEW = 20
_UNKNOWN = "unknown"


def find(
    searcher: Searcher,
    query: Query,
    *,
    k: int = 10,
    sort: Sort = "relevance",
    boolean: bool = False,
    facets: bool = False,
) -> Found:
    """Searches.

    Args:
        searcher: of the snapshot.
        query: understood; a boolean one is read from what was asked.
        k: how many hits; they are the best, and then put into the order.
        sort: by relevance, by the start of the entry's era or by city and county; what
            does not tell comes last.
        boolean: exactly the passages that fit `retrieve.boolean`.
        facets: count them.

    Raises:
        InputError: a boolean query can't be read.
    """
    look = _boolean(searcher, query) if boolean else _by_relevance(searcher, query)
    hits, total = look(query.filters, k)
    if sort != "relevance":
        order = _era if sort == "era" else _place
        hits = sorted(hits, key=lambda hit: order(hit.entry))
    counted = _facets(look, query.filters) if facets else {}
    hint = "" if hits else _hint(searcher, query.filters)
    return Found(query=query, hits=hits, total=total, facets=counted, hint=hint)


Look = Callable[[Filters, int], tuple[list[Hit], int | None]]


def _by_relevance(searcher: Searcher, query: Query) -> Look:
    def look(filters: Filters, k: int) -> tuple[list[Hit], int | None]:
        return searcher.search(replace(query, filters=filters), k), None

    return look


def _boolean(searcher: Searcher, query: Query) -> Look:
    node = parse(query.asked)
    phrases = " ".join(wanted(node)) or query.asked
    matching = _matching(searcher, node)

    def look(filters: Filters, k: int) -> tuple[list[Hit], int | None]:
        entries = searcher.entries
        kept = [n for n, entry in matching.items() if passes(entries[entry], filters)]
        ranked = replace(query, text=phrases, filters=Filters())
        return searcher.search(ranked, k, among=kept), len(kept)

    return look


def _matching(searcher: Searcher, node: Node) -> dict[int, str]:
    """Number and entry of each passage that fits, by reading all of them."""
    titles = {key: fold(entry.title) for key, entry in searcher.entries.items()}
    found = {}
    for number, passage in enumerate(searcher.snapshot.passages):
        if node.holds(Text(titles[passage.entry_id], fold(passage.text))):
            found[number] = passage.entry_id
    return found


def _facets(look: Look, filters: Filters) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    seen: dict[Filters, list[Entry]] = {}
    for name, value in _VALUES.items():
        without: dict[str, Any] = {name: None}
        others = replace(filters, **without)
        if others not in seen:
            hits, total = look(others, COUNTED)
            if total is not None and total > len(hits):
                hits, _ = look(others, total)
            seen[others] = list({hit.entry.id: hit.entry for hit in hits}.values())
        found[name] = dict(Counter(map(value, seen[others])).most_common())
    return found


def _start(entry: Entry) -> int | None:
    era = entry.era
    return None if era is None else era.start if era.start is not None else era.end


def _dynasty(entry: Entry) -> str:
    start = _start(entry)
    dynasty = None if start is None else dynasty_at(start)
    later = start is not None and dynasty is None and start > 0
    return dynasty.name if dynasty else "现代" if later else _UNKNOWN


_VALUES: dict[str, Callable[[Entry], str]] = {
    "category": lambda entry: entry.category or _UNKNOWN,
    "city": lambda entry: (entry.place and entry.place.city) or _UNKNOWN,
    "county": lambda entry: (entry.place and entry.place.county) or _UNKNOWN,
    "years": _dynasty,
    "kind": lambda entry: entry.kind or _UNKNOWN,
    "origin": lambda entry: entry.origin,
    "review": lambda entry: entry.review.state,
}
"""Field of `Filters` → the value that an entry has for it; eras by the dynasty they begin in."""


def _era(entry: Entry) -> int:
    start = _start(entry)
    return _LAST if start is None else start


def _place(entry: Entry) -> tuple[bool, str, str]:
    city = (entry.place and entry.place.city) or ""
    return not city, city, (entry.place and entry.place.county) or ""


def _hint(searcher: Searcher, filters: Filters) -> str:
    """Tells a place that no entry lies in from a search that finds nothing there."""
    places = [entry.place for entry in searcher.entries.values() if entry.place]
    asked = (
        ("city", filters.city, {place.city for place in places if place.city}),
        ("county", filters.county, {place.county for place in places if place.county}),
    )
    for kind, name, held in asked:
        if name is not None and bare_place(name) not in map(bare_place, held):
            known = sorted(held)
            near = known if len(known) <= _FEW else get_close_matches(name, known, cutoff=0.3)
            there = " ".join(near or known[:_FEW]) or "none"
            return f"no entry lies in the {kind} {name!r}; there are: {there}"
    return ""
