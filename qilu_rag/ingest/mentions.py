"""Mentions: the entries, places and periods that a text names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import ahocorasick_rs

from qilu_rag.text.dynasties import DYNASTIES, Dynasty
from qilu_rag.text.fold import fold, is_cjk
from qilu_rag.text.places import place_names
from qilu_rag.types import Entry

_BRACKET = re.compile(r"（| \(|, ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name in a text and what it may mean.

    Attributes:
        start: offset into the folded text.
        entries: those that go by the name.
        city: the city that it is, or is in.
    """

    name: str
    start: int
    entries: tuple[Entry, ...] = ()
    city: str | None = None
    dynasty: Dynasty | None = None


class Mentions:
    """Finds names, the longest first: 曲阜孔庙 names the temple, and not the city."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._named: dict[str, list[Entry]] = {}
        for entry in entries:
            for name in _names_of(entry):
                self._named.setdefault(name, []).append(entry)
        self._places = place_names()
        self._dynasties = {word: some for some in DYNASTIES for word in some.words.split()}
        self._names = list(dict.fromkeys([*self._named, *self._places, *self._dynasties]))
        self._automaton = ahocorasick_rs.AhoCorasick(
            self._names, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
        )

    def find(self, text: str) -> list[Mention]:
        """The names in a text, in order, none overlapping."""
        folded = fold(text)
        found = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded):
            name = self._names[index]
            if is_cjk(name[0]) or not _within_a_word(folded, start, end):
                mention = Mention(
                    name=name,
                    start=start,
                    entries=tuple(self._named.get(name, ())),
                    city=self._places.get(name),
                    dynasty=self._dynasties.get(name),
                )
                found.append(mention)
        return found


def _names_of(entry: Entry) -> list[str]:
    """Titles and aliases that are long enough to mean the entry, without their brackets."""
    given = (entry.title, entry.title_en or "", *entry.aliases)
    folded = (fold(_BRACKET.split(name)[0]).strip() for name in given)
    kept = (name for name in folded if len(name) >= (2 if any(map(is_cjk, name)) else 4))
    return list(dict.fromkeys(kept))


def _within_a_word(text: str, start: int, end: int) -> bool:
    around = text[max(start - 1, 0) : start], text[end : end + 1]
    return any(char.isalnum() and not is_cjk(char) for char in around)
