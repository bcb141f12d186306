"""The cities of Shandong, and the names by which a text places something in one of them."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files as resource
from typing import Any

# Without 区 or 县 these mean something else more often than the county.
_OTHER_THINGS = frozenset("市中 泰山 东营 河东 河口 平原 牡丹 惠民".split())


@lru_cache(maxsize=1)
def cities() -> dict[str, tuple[float, float, float, float]]:
    """City → west, south, east, north bounds in degrees."""
    return {name: tuple(bounds) for name, bounds in _read("cities.toml").items()}


@lru_cache(maxsize=1)
def place_names() -> dict[str, str]:
    """Name of a city or county, with and without 市, 区 or 县 → the city that it is in.

    Names that two cities have (市中区) and those that without 区 or 县 mean another thing
    (牡丹) are left out.
    """
    found: dict[str, set[str]] = {}
    for city, counties in _read("counties.toml").items():
        for county in counties.split():
            bare = county[:-1]
            found.setdefault(county, set()).add(city)
            if len(bare) > 1 and bare not in _OTHER_THINGS:
                found.setdefault(bare, set()).add(city)
    for city in cities():
        found[city] = found[f"{city}市"] = {city}
    return {name: min(some) for name, some in found.items() if len(some) == 1}


def _read(name: str) -> dict[str, Any]:
    text = resource("qilu_rag.text").joinpath(name).read_text("utf-8")
    return tomllib.loads(text)
