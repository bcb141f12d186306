"""When: the span of years that a wording means, such as 明代, 万历三十年 or -500..-400."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qilu_rag.text.dynasties import PERIODS
from qilu_rag.text.fold import fold
from qilu_rag.text.numbers import chinese_number
from qilu_rag.text.reigns import regnal_in
from qilu_rag.text.years import years_in

Span = tuple[int, int]

_PLAIN = re.compile(r"(-?\d{1,4})(?:\s*(?:\.\.+|~|—|–|至|到)\s*(-?\d{1,4}))?")
_NUMBER = r"(\d{1,2}|[一二三四五六七八九十]{1,3})"
_CENTURY = re.compile(rf"(公元前|前)?{_NUMBER}世纪(?:{_NUMBER}年代)?")
_DYNASTY = re.compile("|".join(sorted(PERIODS, key=len, reverse=True)))
# Within a sentence 明 and 清 are words of their own; 明代 and 清朝 are not.
_NAMED = re.compile(rf"(?P<name>{_DYNASTY.pattern})(?:代|朝|时期|时代|年间|初年|末年|初|末|时)")


def span_of(text: str) -> Span | None:
    """The first and the last of the years that a wording means; None when it tells none.

    A historical year is an int; -551 is 551 BCE, and there is no year 0. Several times in
    one wording (明清, 1937年至1945年) are taken from the first to the last.
    """
    bare = "".join(fold(text).split())
    plain = _PLAIN.fullmatch(bare)
    if plain:
        years = [int(year) for year in plain.groups() if year]
        return (min(years), max(years)) if 0 not in years else None
    if _DYNASTY.sub("", bare) == "":
        spans = [PERIODS[name] for name in _DYNASTY.findall(bare)]
    else:
        spans = list(_told(bare))
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _told(text: str) -> Iterator[Span]:
    for year in years_in(text):
        yield year.year, year.year
    for reign in regnal_in(text):
        yield reign.first, reign.last
    for match in _CENTURY.finditer(text):
        yield _century(match)
    for match in _NAMED.finditer(text):
        yield PERIODS[match["name"]]


def _century(match: re.Match[str]) -> Span:
    """20世纪30年代 is 1930 to 1939, and 公元前5世纪 500 to 401 BCE."""
    before, number, decade = match.groups()
    first = (_number(number) - 1) * 100
    if before:
        return -(first + 100), -(first + 1)
    if decade:
        return first + _number(decade), first + _number(decade) + 9
    return first + 1, first + 100


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else chinese_number(text)
