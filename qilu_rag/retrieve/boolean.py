"""Boolean search: exactly the passages that hold what is asked for.

    "克己复礼" AND (颜渊 OR 颜回) NOT title:论语

Terms side by side mean AND; NOT or a leading - excludes; quotation marks of any kind hold
a phrase together; title: looks at the title of the entry. Width, case and traditional
characters don't matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from qilu_rag.errors import InputError
from qilu_rag.text.fold import fold

_LONGEST = 500
_DEEPEST = 20
_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』"}
_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[()（）])|(?P<not>-(?=\S))|(?P<title>(?:title|标题|篇名)[:：])"
    r"|(?P<open>[\"“「『])|(?P<word>[^\s()（）\"“”「」『』]+))"
)
_WORDS = {"AND": "and", "OR": "or", "NOT": "not"}


@dataclass(frozen=True, slots=True)
class Text:
    """What a query is held against, both folded."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Term:
    """A folded phrase that must stand in the text, or in the title."""

    phrase: str
    of_title: bool = False

    def holds(self, passage: Text) -> bool:
        return self.phrase in (passage.title if self.of_title else passage.text)


@dataclass(frozen=True, slots=True)
class Not:
    """What its part does not hold for."""

    part: Node

    def holds(self, passage: Text) -> bool:
        return not self.part.holds(passage)


@dataclass(frozen=True, slots=True)
class All:
    """What all of its parts hold for."""

    parts: tuple[Node, ...]

    def holds(self, passage: Text) -> bool:
        return all(part.holds(passage) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Any:
    """What any of its parts holds for."""

    parts: tuple[Node, ...]

    def holds(self, passage: Text) -> bool:
        return any(part.holds(passage) for part in self.parts)


Node = Term | Not | All | Any


def parse(query: str) -> Node:
    """Reads a query.

    Raises:
        InputError: when it can't be read; the message names the place and the mend.
    """
    if len(query) > _LONGEST:
        raise InputError(f"the query has {len(query)} characters, over the limit of {_LONGEST}")
    return _Parser(query).parse()


def wanted(node: Node) -> list[str]:
    """The phrases of a query that a passage may hold, as far as they are not excluded."""
    match node:
        case Term():
            return [node.phrase]
        case Not():
            return []
        case All() | Any():
            return [phrase for part in node.parts for phrase in wanted(part)]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str
    at: int


class _Parser:
    """Recursive descent: any → all (OR all)*; all → one (AND? one)*; one → NOT one | …"""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = list(self._read())
        self._next = 0

    def parse(self) -> Node:
        if not self._tokens:
            raise InputError("the query is empty; look for something, such as 孔庙 AND 曲阜")
        node = self._any(0)
        if self._peek() is not None:
            self._fail("this bracket closes nothing: take it out")
        return node

    def _read(self) -> Iterator[_Token]:
        at, text = 0, self._query.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise InputError(
                    f"the query can't be read at character {at + 1}, {text[at : at + 5]!r}: "
                    "open the quotation mark before you close it"
                )
            kind, value, start = (
                match.lastgroup,
                match[match.lastgroup],
                match.start(match.lastgroup),
            )
            at = match.end()
            if kind == "open":
                end = text.find(_QUOTES[value], at)
                if end < 0:
                    raise InputError(
                        f"the quotation mark at character {start + 1} is not closed; "
                        f"put {_QUOTES[value]} at the end of the phrase"
                    )
                kind, value, at = "phrase", text[at:end], end + 1
            elif kind == "word":
                kind = _WORDS.get(value, "phrase")
            elif kind == "paren":
                kind = "(" if value in "(（" else ")"
            yield _Token(kind, value, start)

    def _peek(self) -> str | None:
        return self._tokens[self._next].kind if self._next < len(self._tokens) else None

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _any(self, depth: int) -> Node:
        parts = [self._all(depth)]
        while self._peek() == "or":
            self._take()
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _all(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._peek() not in (None, "or", ")"):
            if self._peek() == "and":
                self._take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Node:
        if depth > _DEEPEST:
            self._fail(f"the query nests deeper than {_DEEPEST}: take brackets out")
        kind = self._peek()
        if kind == "not":
            self._take()
            return Not(self._one(depth + 1))
        if kind == "(":
            self._take()
            node = self._any(depth + 1)
            if self._peek() != ")":
                self._fail("a bracket is not closed: put ) at its end")
            self._take()
            return node
        of_title = kind == "title"
        if of_title:
            self._take()
        if self._peek() != "phrase":
            self._fail("a word or a phrase is missing here")
        phrase = fold(self._take().value).strip()
        if not phrase:
            self._fail("a phrase is empty: put a word between the quotation marks")
        return Term(phrase, of_title)

    def _fail(self, why: str) -> NoReturn:
        at = self._tokens[self._next].at if self._next < len(self._tokens) else len(self._query)
        raise InputError(f"the query can't be read at character {at + 1}: {why}")
