"""Suggestions for a document that came without front matter: a machine's, for a reviewer.

Nothing here is a fact, and nothing is put into an entry: a person takes it over or leaves it.
What can't be told with some certainty is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from qilu_rag.text.dynasties import DYNASTIES, Dynasty, dynasty_at
from qilu_rag.text.fold import fold, is_cjk
from qilu_rag.text.places import place_names
from qilu_rag.text.years import life_at, years_in
from qilu_rag.types import CATEGORY_NAMES, Category, Document, Entry

T = TypeVar("T")

_BRACKET = re.compile(r"（| \(|, ")

# The constants were chosen on one half of the corpus's entries, see evals/suggestions.py.
_NEIGHBOURS = 30
"""How many nearest entries vote for a category."""
_CLEAR_CATEGORY = 0.6
_CLEAR_CITY = 0.6
_CLEAR_ERA = 0.5
"""Share of the votes that the first must have to be named."""
_OPENING = 150
"""Characters at the head of a text that say what it is about."""
_IN_OPENING = 4.0
"""How much more a name counts there."""
_BY_ENTRY = 0.5
"""How much the place or time of an entry counts that is named, against one named itself."""
_RELATED = 5
_LONGEST_TITLE = 40
_LIFE_WITHIN = 30
"""A bracket of years further from the start is not about the subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a machine would put into the front matter; a person decides.

    Attributes:
        era_start: first year, such as -551 for 551 BCE.
        era_end: last year.
        related: ids of the nearest entries, nearest first.
        why: for each field that is given a short sentence on what it rests on.
    """

    category: Category | None = None
    city: str | None = None
    era_start: int | None = None
    era_end: int | None = None
    title: str | None = None
    related: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mention:
    """A name in a text and what it may mean; `weight` is larger in the opening."""

    name: str
    weight: float
    entries: tuple[Entry, ...]
    city: str | None
    dynasty: Dynasty | None


class Suggester:
    """Suggests by what people wrote on other subjects."""

    def __init__(self, entries: Sequence[Entry], centroids: NDArray[np.float32]) -> None:
        """Takes what is known.

        Args:
            entries: those that people wrote, with their categories.
            centroids: for each the mean of its sentences' vectors, at length 1; shape
                (entries, dimension).
        """
        self._entries = tuple(entries)
        # All texts of one corpus lie in one direction; without it they differ more clearly.
        self._middle = centroids.mean(axis=0) if len(entries) else np.float32(0)
        self._centroids = _unit(centroids - self._middle)
        self._named: dict[str, list[Entry]] = {}
        for entry in self._entries:
            for name in _names_of(entry):
                self._named.setdefault(name, []).append(entry)
        self._places = place_names()
        self._dynasties = {word: some for some in DYNASTIES for word in some.words.split()}
        self._names = list(dict.fromkeys([*self._named, *self._places, *self._dynasties]))
        self._automaton = ahocorasick_rs.AhoCorasick(
            self._names, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
        )

    def suggest(self, document: Document, vector: NDArray[np.float32]) -> Suggestion:
        """What the document may be about; an entry of its own id has no say in it.

        Args:
            document: what was loaded; of its entry only the id counts.
            vector: the mean of its sentences' vectors, shape (dimension,).
        """
        why: dict[str, str] = {}
        mentions = self._mentions(document)
        near = self._near(document, vector)
        start, end = _era(document.text, mentions, why)
        return Suggestion(
            category=_category(near, why),
            city=_city(mentions, why),
            era_start=start,
            era_end=end,
            title=_title(document, mentions, why),
            related=tuple(entry.id for entry, _ in near[:_RELATED]),
            why=why,
        )

    def _mentions(self, document: Document) -> list[_Mention]:
        text = fold(document.text)
        found = []
        for index, start, end in self._automaton.find_matches_as_indexes(text):
            name = self._names[index]
            named = self._named.get(name, ())
            entries = tuple(entry for entry in named if entry.id != document.entry.id)
            if is_cjk(name[0]) or _stands_alone(text, start, end):
                mention = _Mention(
                    name=name,
                    weight=_IN_OPENING if start < _OPENING else 1.0,
                    entries=entries,
                    city=self._places.get(name),
                    dynasty=self._dynasties.get(name),
                )
                found.append(mention)
        return found

    def _near(self, document: Document, vector: NDArray[np.float32]) -> list[tuple[Entry, float]]:
        """The nearest entries, one more than vote, with their cosines."""
        if not self._entries:
            return []
        cosines = self._centroids @ _unit(_unit(vector) - self._middle)
        order = np.argsort(-cosines, kind="stable")[: _NEIGHBOURS + 2]
        near = [(self._entries[row], float(cosines[row])) for row in order]
        return [pair for pair in near if pair[0].id != document.entry.id][: _NEIGHBOURS + 1]


def _category(near: Sequence[tuple[Entry, float]], why: dict[str, str]) -> Category | None:
    if len(near) < 2:
        return None
    votes: defaultdict[Category, float] = defaultdict(float)
    last = near[-1][1]
    for entry, cosine in near[:-1]:
        if entry.category is not None:
            votes[entry.category] += cosine - last
    first = _clear(votes, _CLEAR_CATEGORY)
    if first is not None:
        name = CATEGORY_NAMES[first][1]
        some = sum(entry.category == first for entry, _ in near[:-1])
        why["category"] = f"{some} of the {len(near) - 1} nearest entries are of {name}"
    return first


def _city(mentions: Sequence[_Mention], why: dict[str, str]) -> str | None:
    votes: defaultdict[str, float] = defaultdict(float)
    names: dict[str, dict[str, None]] = {}
    for mention in mentions:
        cities = {
            e.place.city.removesuffix("市") for e in mention.entries if e.place and e.place.city
        }
        weight = mention.weight
        if mention.city is not None:
            cities = {mention.city}
        else:
            weight *= _BY_ENTRY
        if len(cities) == 1:
            city = cities.pop()
            votes[city] += weight
            names.setdefault(city, {})[mention.name] = None
    first = _clear(votes, _CLEAR_CITY)
    if first is not None:
        why["city"] = f"the text names {'、'.join(list(names[first])[:3])}"
    return first


def _era(
    text: str, mentions: Sequence[_Mention], why: dict[str, str]
) -> tuple[int | None, int | None]:
    opening = text[:_LIFE_WITHIN]
    for at, char in enumerate(opening):
        life = life_at(text, at) if char in "（(" else None
        if life is not None and life != (None, None):
            why["era"] = "the years stand in a bracket behind the first name"
            return life
    votes: defaultdict[Dynasty, float] = defaultdict(float)
    for mention in mentions:
        eras = [e.era.start for e in mention.entries if e.era and e.era.start is not None]
        by_entry = dynasty_at(eras[0]) if len(eras) == 1 else None
        if mention.dynasty is not None:
            votes[mention.dynasty] += mention.weight
        elif by_entry is not None:
            votes[by_entry] += mention.weight * _BY_ENTRY
    for year in years_in(text):
        dynasty = dynasty_at(year.year)
        if dynasty is not None and abs(year.year) > 99:
            votes[dynasty] += _IN_OPENING if year.start < _OPENING else 1.0
    first = _clear(votes, _CLEAR_ERA)
    if first is None:
        return None, None
    why["era"] = f"most of the times that the text names are of {first.name}"
    return first.start, first.end


def _title(document: Document, mentions: Sequence[_Mention], why: dict[str, str]) -> str | None:
    headings = document.blocks[0].headings if document.blocks else ()
    if headings:
        why["title"] = "it is the first heading"
        return headings[0]
    line = document.text.strip().split("\n", 1)[0].strip()
    if line and len(line) <= _LONGEST_TITLE and line[-1] not in "。！？；，.!?;,":
        why["title"] = "it is the first line"
        return line
    votes: defaultdict[str, float] = defaultdict(float)
    for mention in mentions:
        if mention.entries:
            votes[mention.entries[0].title] += mention.weight
    first = _clear(votes, 0)
    if first is not None:
        why["title"] = "no other name stands in the text as often or as early"
    return first


def _clear(votes: Mapping[T, float], share: float) -> T | None:
    """What has the most votes, if it has that share of them; None where two are even."""
    if not votes:
        return None
    (first, most), *rest = sorted(votes.items(), key=lambda pair: -pair[1])
    even = bool(rest) and rest[0][1] == most
    return None if even or most < share * sum(votes.values()) or most <= 0 else first


def _names_of(entry: Entry) -> list[str]:
    """Titles and aliases that are long enough to mean the entry, without their brackets."""
    given = (
        _BRACKET.split(name)[0] for name in (entry.title, entry.title_en or "", *entry.aliases)
    )
    folded = (fold(name).strip() for name in given)
    kept = (name for name in folded if len(name) >= (2 if any(map(is_cjk, name)) else 4))
    return list(dict.fromkeys(kept))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A Latin name is a whole word."""
    return not (text[start - 1 : start].isascii() and text[start - 1 : start].isalnum()) and not (
        text[end : end + 1].isascii() and text[end : end + 1].isalnum()
    )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
