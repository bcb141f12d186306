"""Years in Chinese text: 公元前551年, 前551—前479, 1948年9月, （1640—1715）.

A historical year is an int; -551 is 551 BCE, and there is no year 0.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DASH = "[—–－~～-]{1,2}|至|到"
_BEFORE = "(?:公元前|西元前|前)"
# 1948年 and 1937—1945年; a bare number is a year only within a bracket or a span.
_SPAN = re.compile(
    rf"(?<![\d.])(?P<b1>{_BEFORE})?(?:约)?(?P<y1>\d{{1,4}})年?(?:{_DASH})约?(?P<b2>{_BEFORE})?(?P<y2>\d{{1,4}})(?P<end>年)?(?![\d.])"
)
_YEAR = re.compile(
    rf"(?<![\d.])(?P<b>{_BEFORE}|公元)?(?P<y>\d{{1,4}})年(?![前后代间来多余]|以[前后来上])"
)
_LIFE = re.compile(
    rf"[（(](?:约)?(?P<b1>{_BEFORE})?(?P<y1>\d{{1,4}}|[？?])年?(?:{_DASH})(?:约)?(?P<b2>{_BEFORE})?"
    rf"(?P<y2>\d{{1,4}}|[？?])年?"
)


class Year(NamedTuple):
    """A year and where it stands."""

    year: int
    start: int
    end: int


def years_in(text: str) -> list[Year]:
    """The years of a text, in order; a span counts with both of its ends.

    Durations (14年前, 300多年) are left out where their wording tells, but 在位40年 is
    not told from a year: take years under 100 with care.
    """
    found: dict[int, Year] = {}
    for match in _SPAN.finditer(text):
        if match["end"] or int(match["y2"]) > 99:
            found[match.start("y1")] = _year(match, "b1", "y1")
            found[match.start("y2")] = _year(match, "b2", "y2")
    for match in _YEAR.finditer(text):
        found.setdefault(match.start("y"), _year(match, "b", "y"))
    return [found[at] for at in sorted(found) if found[at].year]


def life_at(text: str, at: int) -> tuple[int | None, int | None] | None:
    """The years of birth and death in a bracket that opens at an offset.

    Returns:
        A pair with None for an unknown end; None when there is no such bracket.
    """
    match = _LIFE.match(text, at)
    if match is None:
        return None
    first, last = (
        None if match[f"y{n}"] in "？?" else _year(match, f"b{n}", f"y{n}").year for n in (1, 2)
    )
    return first, last


def _year(match: re.Match[str], era: str, digits: str) -> Year:
    value = int(match[digits])
    before = (match[era] or "").endswith("前")
    return Year(-value if before else value, match.start(digits), match.end(digits))
