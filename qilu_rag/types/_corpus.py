"""The corpus: entries, documents, passages; those read from files refuse unknown keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Category = Literal["figures", "classics", "heritage", "landscapes", "folk", "red"]
Kind = Literal["person", "text", "site", "object", "landscape", "practice", "event"]
Origin = Literal["machine-drafted", "human", "ocr", "original"]
ReviewState = Literal["draft", "checked", "approved", "retired"]
RelationType = Literal[
    "part_of",
    "located_in",
    "dedicated_to",
    "author_of",
    "about",
    "student_of",
    "parent_of",
    "contemporary_of",
    "founded",
    "happened_at",
    "practised_in",
    "inherits",
    "related_to",
]

CATEGORY_NAMES: dict[str, tuple[str, str]] = {
    "figures": ("历史名人", "Figures"),
    "classics": ("文化典籍", "Classics"),
    "heritage": ("文化遗产", "Heritage"),
    "landscapes": ("人文自然景观", "Landscapes"),
    "folk": ("民俗非遗", "Folk culture"),
    "red": ("红色文化", "Revolutionary history"),
}
"""Category id → (Chinese name, English name), in the order in which they are shown."""

_STRICT = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry belongs; longitude and latitude in degrees (WGS 84)."""

    __pydantic_config__: ClassVar = _STRICT
    city: str | None = None
    county: str | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """A span of historical years: -478 is 478 BCE and there is no year 0."""

    __pydantic_config__: ClassVar = _STRICT
    text: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Designation:
    """A place on an official list, such as 世界遗产 or 国家级非物质文化遗产."""

    __pydantic_config__: ClassVar = _STRICT
    list: str
    name: str | None = None
    batch: int | None = None
    level: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A link from one entry to another."""

    __pydantic_config__: ClassVar = _STRICT
    type: RelationType
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A work, list or institution that an entry rests on."""

    __pydantic_config__: ClassVar = _STRICT
    id: str
    kind: Literal["official", "classic", "gazetteer", "museum", "scholarship", "media"]
    cite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How far people have looked at an entry."""

    __pydantic_config__: ClassVar = _STRICT
    state: ReviewState = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One subject of the corpus: the front matter of its file."""

    __pydantic_config__: ClassVar = _STRICT
    id: str
    title: str
    title_en: str | None = None
    category: Category | None = None
    kind: Kind | None = None
    aliases: tuple[str, ...] = ()
    place: Place | None = None
    era: Era | None = None
    designations: tuple[Designation, ...] = ()
    relations: tuple[Relation, ...] = ()
    sources: tuple[Source, ...] = ()
    licence: str | None = None
    origin: Origin = "human"
    review: Review = Review()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of a document's text under one heading and in one place.

    `start` and `end` are offsets into the document's text; `place` is where it stands in
    the file, as a person cites it: 第3页, 第2张, 世界遗产 第7行.
    """

    start: int
    end: int
    headings: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file after reading: its entry, its clean text and the text's structure.

    Attributes:
        source: the file's path as given, or the `id` of a line of a `.jsonl` file.
        sha256: of the bytes that were read, front matter included.
        scanned: the pages that OCR read, each with its confidence in 0 to 1.
    """

    entry: Entry
    text: str
    blocks: tuple[Block, ...]
    source: str
    sha256: str
    encoding: str | None = None
    scanned: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A citable piece of a document; `document.text[start:end] == text`.

    Attributes:
        id: `entry#n`, counted from 1.
        locator: what a person cites: section, page or canonical number.
        sentences: spans (start, end) of the sentences, offsets into `text`.
    """

    id: str
    entry_id: str
    text: str
    start: int
    end: int
    locator: str
    source: str
    sentences: tuple[tuple[int, int], ...]
