"""Answers: what the model wrote, what the gate decided, what may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qilu_rag.types._search import Ambiguity, Hit, Language, Query

Stage = Literal["input", "output", "document"]
Level = Literal["safe", "controversial", "unsafe"]
Action = Literal["pass", "redact", "flag", "block"]
Status = Literal["writing", "answered", "refused", "blocked", "extract"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A pointer from an answer to the words of the passage that carry it."""

    n: int
    hit: Hit
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of an answer and the numbers of its sources."""

    text: str
    cites: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the model has written so far. NOT yet fit to show: only the gate shows.

    Attributes:
        preview: the best sentence of the sources, to look at while the model writes.
    """

    query: Query
    status: Status
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    preview: Citation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a detector saw: offsets into the text that was screened."""

    category: str
    level: Level
    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's decision on one text; `text` is what may be used of it."""

    action: Action
    text: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds from the question: search done, first sentence screened, all done."""

    search: float = 0.0
    first: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A screened answer: the only thing that may be shown. Made by the gate alone.

    Attributes:
        preview: a sentence of the sources, screened like the answer, to look at while the
            model writes; it is no part of the answer.

    Raises:
        ValueError: when the answer is not, word for word, what the verdicts let through.
    """

    question: str
    answer: str
    status: Status
    verdicts: tuple[Verdict, ...]
    citations: tuple[Citation, ...] = ()
    sources: tuple[Hit, ...] = ()
    language: Language = "zh"
    label: str = ""
    searched: str = ""
    ambiguous: tuple[Ambiguity, ...] = ()
    preview: Citation | None = None
    ms: Timing = Timing()

    def __post_init__(self) -> None:
        if self.answer != "".join(verdict.text for verdict in self.verdicts):
            raise ValueError("the answer of a Reply must be the text that its verdicts passed")
