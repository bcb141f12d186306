"""Suggestions for a document that came without front matter: a machine's, for a reviewer.

Nothing here is a fact, and nothing is put into an entry: a person takes it over or leaves it.
What can't be told with some certainty is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qilu_rag.ingest.mentions import Mention, Mentions
from qilu_rag.text.dynasties import Dynasty, dynasty_at
from qilu_rag.text.years import life_at, years_in
from qilu_rag.types import CATEGORY_NAMES, Category, Document, Entry

T = TypeVar("T")

# What a first sentence says something of: 趵突泉是…, 《聊斋志异》是…, 边贡（1476年—1532年）字廷实.
_SUBJECT = re.compile(
    "《([^《》\n]{2,20})》|[“「]?([^，。、：；（(《》“”「」\\s]{2,16}?)[”」]?"
    "(?:[（(，]|是|在|位于|为|即|指|又名|又称|始建)"
)
_YEARS_ONLY = re.compile(r"[（(](?=[约公元西前年？?\d—–－~～至到 -]{4,24}[）)，,；;])")

# The constants were chosen on one half of the corpus's entries, see evals/suggestions.py.
_NEIGHBOURS = 30
"""How many nearest entries vote for a category."""
_NEAREST = 0.25
"""Cosine to the nearest entry under which a document is of another kind than the corpus: all
entries of the half had one that is nearer."""
_CLEAR_CATEGORY = 0.6
_CLEAR_CITY = 0.6
_CLEAR_ERA = 0.5
"""Share of the votes that the first must have to be named."""
_OPENING = 150
"""Characters at the head of a text that say what it is about."""
_IN_OPENING = 8.0
"""How much more a name counts there."""
_BY_ENTRY = 0.25
"""How much the place or time of an entry counts that is named, against one named itself."""
_FEWEST = 3.0
"""Votes under which a city or a time was named only in passing."""
_RELATED = 5
"""How many of the nearest entries are named."""
_LONGEST_TITLE = 40
"""Characters of a heading or a line that may be a title."""
_RECURS = 3
"""How often the name that a text begins with must stand in it to be its subject."""
_LIFE_WITHIN = 40
"""A bracket of years that ends further from the start is not about the subject."""
_LATEST = 2100


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


class Suggester:
    """Suggests by what people wrote on other subjects."""

    def __init__(self, entries: Sequence[Entry], centroids: NDArray[np.float32]) -> None:
        """Takes what is known.

        Args:
            entries: those that people wrote, with their categories.
            centroids: for each the mean of its sentences' vectors, at length 1; shape
                (entries, dimension).

        Raises:
            ValueError: when there are more of one than of the other.
        """
        if len(entries) != len(centroids):
            raise ValueError("there must be one centroid for each entry")
        self._entries = tuple(entries)
        # All texts of one corpus lie in one direction; without it they differ more clearly.
        self._middle = centroids.mean(axis=0) if len(entries) else np.float32(0)
        self._centroids = _unit(centroids - self._middle)
        self._mentions = Mentions(self._entries)

    def suggest(self, document: Document, vector: NDArray[np.float32]) -> Suggestion:
        """What the document may be about; an entry of its own id has no say in it.

        Args:
            document: what was loaded; of its entry only the id counts.
            vector: the mean of its sentences' vectors, shape (dimension,).
        """
        why: dict[str, str] = {}
        mentions = [
            replace(some, entries=tuple(e for e in some.entries if e.id != document.entry.id))
            for some in self._mentions.find(document.text)
        ]
        near = self._near(document, vector)
        start, end = _era(document.text, mentions, why)
        return Suggestion(
            category=_category(near, why),
            city=_city(mentions, why),
            era_start=start,
            era_end=end,
            title=_title(document, why),
            related=tuple(entry.id for entry, _ in near[:_RELATED]),
            why=why,
        )

    def _near(self, document: Document, vector: NDArray[np.float32]) -> list[tuple[Entry, float]]:
        """The nearest entries, one more than vote, with their cosines."""
        if not self._entries:
            return []
        cosines = self._centroids @ _unit(_unit(vector) - self._middle)
        order = np.argsort(-cosines, kind="stable")[: _NEIGHBOURS + 2]
        near = [(self._entries[row], float(cosines[row])) for row in order]
        return [pair for pair in near if pair[0].id != document.entry.id][: _NEIGHBOURS + 1]


def lacking(entry: Entry) -> bool:
    """Whether an entry came without what can be suggested: only one that nobody described."""
    return entry.category is None and entry.origin != "original"


def _category(near: Sequence[tuple[Entry, float]], why: dict[str, str]) -> Category | None:
    if len(near) <= _RELATED or near[0][1] < _NEAREST:
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


def _city(mentions: Sequence[Mention], why: dict[str, str]) -> str | None:
    votes: defaultdict[str, float] = defaultdict(float)
    names: dict[str, dict[str, None]] = {}
    for mention in mentions:
        cities = {
            e.place.city.removesuffix("市") for e in mention.entries if e.place and e.place.city
        }
        if mention.city is not None:
            cities = {mention.city}
        if len(cities) == 1:
            city = cities.pop()
            votes[city] += _weight(mention.start) * (1 if mention.city else _BY_ENTRY)
            names.setdefault(city, {})[mention.name] = None
    first = _clear(votes, _CLEAR_CITY, _FEWEST)
    if first is not None:
        why["city"] = f"the text names {'、'.join(list(names[first])[:3])}"
    return first


def _era(
    text: str, mentions: Sequence[Mention], why: dict[str, str]
) -> tuple[int | None, int | None]:
    life = _life(text)
    if life is not None:
        why["era"] = "the years stand in a bracket behind the first name"
        return life
    votes: defaultdict[Dynasty, float] = defaultdict(float)
    for mention in mentions:
        eras = [e.era.start for e in mention.entries if e.era and e.era.start is not None]
        by_entry = dynasty_at(eras[0]) if len(eras) == 1 else None
        if mention.dynasty is not None:
            votes[mention.dynasty] += _weight(mention.start)
        elif by_entry is not None:
            votes[by_entry] += _weight(mention.start) * _BY_ENTRY
    for year in years_in(text):
        dynasty = dynasty_at(year.year)
        if dynasty is not None and abs(year.year) > 99:
            votes[dynasty] += _weight(year.start)
    first = _clear(votes, _CLEAR_ERA, _FEWEST)
    if first is None:
        return None, None
    why["era"] = f"most of the times that the text names are of {first.name}"
    return first.start, first.end


def _life(text: str) -> tuple[int | None, int | None] | None:
    """The years of a bracket near the start that holds nothing else: （1640—1715）."""
    for bracket in _YEARS_ONLY.finditer(text, 0, _LIFE_WITHIN):
        life = life_at(text, bracket.start())
        years = [year for year in life or () if year is not None]
        # （3—5） is no life: ages and pages are smaller than years.
        told = any(99 < abs(year) <= _LATEST for year in years) and 0 not in years
        if told and years == sorted(years):
            return life
    return None


def _title(document: Document, why: dict[str, str]) -> str | None:
    headings = document.blocks[0].headings if document.blocks else ()
    if headings and len(headings[0]) <= _LONGEST_TITLE:
        why["title"] = "it is the first heading"
        return headings[0]
    line = document.text.strip().split("\n", 1)[0].strip()
    if line and len(line) <= _LONGEST_TITLE and line[-1] not in "。！？；，.!?;,":
        why["title"] = "it is the first line"
        return line
    subject = _SUBJECT.match(document.text.strip())
    name = (subject[1] or subject[2]) if subject else ""
    if name and document.text.count(name) >= _RECURS:
        why["title"] = "the text begins with the name and comes back to it"
        return name
    return None


def _clear(votes: Mapping[T, float], share: float, least: float = 0) -> T | None:
    """What has the most votes, if it has that share of them and no fewer than `least`.

    None where two are even.
    """
    if not votes:
        return None
    (first, most), *rest = sorted(votes.items(), key=lambda pair: -pair[1])
    even = bool(rest) and rest[0][1] == most
    enough = most > 0 and most >= least and most >= share * sum(votes.values())
    return first if enough and not even else None


def _weight(start: int) -> float:
    return _IN_OPENING if start < _OPENING else 1.0


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
