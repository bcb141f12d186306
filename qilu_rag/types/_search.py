"""Search: the question, understood, and the passages that were found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from qilu_rag.types._corpus import Category, Entry, Kind, Origin, Passage, ReviewState

Language = Literal["zh", "en"]
Sort = Literal["relevance", "era", "place"]
Via = Literal["dense", "lexical", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a search is kept to, exactly; None keeps to nothing.

    Attributes:
        city: with or without 市.
        county: with or without 市, 县 or 区.
        years: first and last year of a span that the entry's era must touch; -478 is 478 BCE.
    """

    category: Category | None = None
    city: str | None = None
    county: str | None = None
    years: tuple[int, int] | None = None
    kind: Kind | None = None
    origin: Origin | None = None
    review: ReviewState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """A name in the question that several entries go by; the reader is told, never guessed for.

    Attributes:
        name: as it stands in the question, folded.
        entries: that it may mean.
    """

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question, understood.

    Attributes:
        text: the question as it stands alone (a follow-up with its subject put in).
        unclear: it leans on earlier questions in a way that names don't tell; `text` holds
            the question before it too.
        names: ids of the entries whose names stand in the question.
        ambiguous: the names among them that may mean one entry or another.
    """

    asked: str
    text: str
    language: Language
    unclear: bool = False
    names: tuple[str, ...] = ()
    ambiguous: tuple[Ambiguity, ...] = ()
    filters: Filters = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that was found, its score in 0 to 1, and by what it was found.

    Attributes:
        nearness: for each sentence of the passage how near it is to the question, 0 to 1
            over all that were looked at; 0 for those beyond the search's depth.
        similarity: cosine of the question and the best sentence.
        coverage: share in 0 to 1 of the question's distinctive words that it holds.
    """

    passage: Passage
    entry: Entry
    score: float
    via: tuple[Via, ...]
    nearness: tuple[float, ...] = ()
    similarity: float = 0.0
    coverage: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A place where a quotation stands, or nearly.

    Attributes:
        passages: the passages that it runs over, one or more.
        text: the words of the source, in its own script and punctuation.
        likeness: 1 for the same letters, less for a near one.
    """

    entry: Entry
    passages: tuple[Passage, ...]
    text: str
    likeness: float

    @property
    def exact(self) -> bool:
        return self.likeness == 1.0

    @property
    def locator(self) -> str:
        """Where it stands, as a person cites it."""
        return " – ".join(dict.fromkeys(passage.locator for passage in self.passages))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotationSearch:
    """What was found in which works; `found` is best first and empty when nothing is near."""

    works: tuple[Entry, ...]
    found: tuple[Located, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAsked:
    """A question for the place of a saying, and what looking for it brought.

    Attributes:
        work: the original text that the question names; None when it asks for any.
        found: the places in that text, or in any; best first.
        elsewhere: exact places in other texts, when the one named does not hold it.
        hits: the first passage of each of these places, in this order, and last, where
            nothing is found, the nearest passage by search.
    """

    saying: str
    work: Entry | None
    found: tuple[Located, ...] = ()
    elsewhere: tuple[Located, ...] = ()
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found.

    Attributes:
        query: what was searched for.
        hits: in the order asked for.
        total: passages that match a boolean query; None for a search by relevance, which
            has no end.
        facets: facet → value → entries that have it, most first. Each facet is counted
            without its own filter, so that its other values can be chosen.
        hint: why nothing was found, where that can be told.
    """

    query: Query
    hits: list[Hit]
    total: int | None = None
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    hint: str = ""
