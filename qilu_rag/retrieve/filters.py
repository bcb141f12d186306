"""Filters: what a reader keeps a search to, exactly."""

from __future__ import annotations

from qilu_rag.types import Entry, Era, Filters

_CITY = "市"
_COUNTY = ("市", "县", "区")


def passes(entry: Entry, filters: Filters) -> bool:
    """Whether an entry has everything that the filters ask for.

    An entry that does not tell its place or era passes no filter on it.
    """
    place = entry.place
    return (
        filters.category in (None, entry.category)
        and filters.kind in (None, entry.kind)
        and filters.origin in (None, entry.origin)
        and filters.review in (None, entry.review.state)
        and _same(filters.city, place.city if place else None, (_CITY,))
        and _same(filters.county, place.county if place else None, _COUNTY)
        and (filters.years is None or _touches(entry.era, filters.years))
    )


def _same(wanted: str | None, held: str | None, suffixes: tuple[str, ...]) -> bool:
    """济宁 and 济宁市 are one; 莒 is no 莒南, and a suffix alone is no name."""
    return wanted is None or (held is not None and _bare(wanted, suffixes) == _bare(held, suffixes))


def _bare(name: str, suffixes: tuple[str, ...]) -> str:
    return name[:-1] if len(name) > 2 and name.endswith(suffixes) else name


def bare_place(name: str) -> str:
    """A city's or county's name without 市, 县 or 区."""
    return _bare(name, _COUNTY)


def _touches(era: Era | None, years: tuple[int, int]) -> bool:
    if era is None or (era.start is None and era.end is None):
        return False
    start = era.start if era.start is not None else era.end
    end = era.end if era.end is not None else era.start
    return start is not None and end is not None and start <= years[1] and years[0] <= end
