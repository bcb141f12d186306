"""Reigns (年号) and regnal years in Chinese text: 万历三十年 is 1602, 鲁哀公十六年 479 BCE."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files as resource
from typing import NamedTuple

from qilu_rag.text.numbers import chinese_number

_YEAR = r"(?P<year>元|[一二三四五六七八九十]{1,4}|\d{1,2})年"
# Without a dynasty or a year a reign's name may be a plain word: 大业, 先天, 和平.
_ERA = r"年间|年号|朝|初年|末年|时期|时|初|末|间"


class Reign(NamedTuple):
    """A reign with its first and last year (see `years`) and the dynasties it is told by."""

    name: str
    start: int
    end: int
    dynasties: tuple[str, ...]


class Regnal(NamedTuple):
    """A reign, or a year of it, in a text: first and last year, and where it stands."""

    first: int
    last: int
    start: int
    end: int


@lru_cache(maxsize=1)
def reigns() -> dict[str, tuple[Reign, ...]]:
    """Name → the reigns that had it, in order of time."""
    text = resource("qilu_rag.text").joinpath("reigns.toml").read_text("utf-8")
    found: dict[str, list[Reign]] = {}
    for dynasties, named in tomllib.loads(text).items():
        for name, (start, end) in named.items():
            found.setdefault(name, []).append(Reign(name, start, end, tuple(dynasties.split())))
    return {
        name: tuple(sorted(some, key=lambda reign: reign.start)) for name, some in found.items()
    }


def regnal_in(text: str) -> list[Regnal]:
    """Reigns and regnal years of a simplified text, in order.

    A name that several dynasties used counts where the dynasty stands before it, or the
    year fits one of them only; a year beyond a reign's last counts for nothing.
    """
    found = []
    for match in _pattern().finditer(text):
        told = [
            span
            for reign in reigns()[match["name"]]
            if match["dynasty"] in (None, *reign.dynasties)
            if match["dynasty"] or match["year"] or match["era"] or _stands_alone(reign)
            if (span := _span(reign, match["year"]))
        ]
        if len(told) == 1:
            found.append(Regnal(*told[0], *match.span()))
    return found


def in_common_era(text: str) -> str:
    """A simplified text with its regnal years put as years: 万历三十年 as 1602年."""
    for regnal in reversed(regnal_in(text)):
        if regnal.first == regnal.last and text[regnal.end - 1] == "年":
            year = f"公元前{-regnal.first}年" if regnal.first < 0 else f"{regnal.first}年"
            text = text[: regnal.start] + year + text[regnal.end :]
    return text


def _span(reign: Reign, year: str | None) -> tuple[int, int] | None:
    if year is None:
        return reign.start, reign.end
    number = 1 if year == "元" else int(year) if year.isdecimal() else chinese_number(year)
    at = reign.start + number - 1
    return (at, at) if number and at <= reign.end else None


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    dynasties = {word for some in reigns().values() for reign in some for word in reign.dynasties}
    return re.compile(
        rf"(?P<dynasty>{_any(dynasties)})?(?:朝|代)?(?P<name>{_any(reigns())})"
        rf"(?:{_YEAR}|(?P<era>{_ERA}))?"
    )


def _stands_alone(reign: Reign) -> bool:
    """Whether its name means nothing else: a ruler's, and those of the last dynasties."""
    return reign.end < -220 or reign.start >= 1368


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
