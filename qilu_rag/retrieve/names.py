"""Names: which entries does a question name?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import ahocorasick_rs

from qilu_rag.retrieve.spelling import Speller
from qilu_rag.text.fold import fold, is_cjk
from qilu_rag.types import Ambiguity, Entry

_OF_A_PERSON = re.compile(r"是谁|哪里人|哪国人|生平|\bwho (?:is|was)\b")
_BRACKET = re.compile(r"（| \(|, ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name that stands in a text, and the entries that go by it.

    `start` and `end` are offsets into the folded text.
    """

    name: str
    start: int
    end: int
    entries: tuple[str, ...]


class NameMatcher:
    """Finds titles, aliases and English names of entries in folded text, longest first."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        named: dict[str, list[str]] = {}
        self._titles: dict[str, str] = {}
        self.entries: dict[str, Entry] = {}
        for entry in entries:
            self.entries[entry.id] = entry
            self._titles[entry.id] = fold(_BRACKET.split(entry.title)[0])
            for name in names_of(entry):
                named.setdefault(name, []).append(entry.id)
        self._names = list(named)
        self._written = {
            fold(bare).strip(): bare.strip()
            for entry in self.entries.values()
            for name in (entry.title, entry.title_en or "", *entry.aliases)
            for bare in (name, _BRACKET.split(name)[0])
        }
        self._entries = [tuple(dict.fromkeys(ids)) for ids in named.values()]
        self._automaton = ahocorasick_rs.AhoCorasick(
            self._names, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
        )

    def mentions(self, text: str) -> list[Mention]:
        """The names in a text, in order, none overlapping."""
        folded = fold(text)
        return [
            Mention(name=self._names[index], start=start, end=end, entries=self._entries[index])
            for index, start, end in self._automaton.find_matches_as_indexes(folded)
            if _whole(folded, start, end)
        ]

    def spelled(self, text: str) -> str:
        """A text with misspelled names and names in pinyin put right; see `spelling`."""
        folded = fold(text)
        known = ((mention.start, mention.end) for mention in self.mentions(text))
        found = self._speller.misspelled(folded, known)
        if not found:
            return text
        # Folding keeps lengths but for a few characters; then the folded text has to do.
        right = text if len(folded) == len(text) else folded
        for miss in reversed(found):
            name = self._written.get(miss.name, miss.name)
            right = f"{right[: miss.start]}{name}{right[miss.end :]}"
        return right

    @cached_property
    def _speller(self) -> Speller:
        return Speller(self._names)

    def title(self, entry: str) -> str:
        """The folded title of an entry, without what tells it from its namesakes."""
        return self._titles[entry]

    def in_chinese(self, text: str) -> str:
        """Puts the titles of entries in the place of their Latin names; folds the text."""
        return self._titled(text, lambda mention, _: not any(map(is_cjk, mention.name)))

    def by_title(self, text: str) -> str:
        """Puts the titles of entries in the place of their other names; folds the text.

        易安居士的老公 asks about 李清照, by whose name her entry's sentences go. A name of
        several entries stays, and so does one that holds the title or is held by it, and
        one beside its own title: 山东快书为什么叫武老二 asks about the name.
        """
        folded = fold(text)
        return self._titled(
            text,
            lambda mention, title: (
                len(mention.entries) == 1
                and title not in folded
                and title not in mention.name
                and mention.name not in title
            ),
        )

    def _titled(self, text: str, wanted: Callable[[Mention, str], bool]) -> str:
        folded = fold(text)
        for mention in reversed(self.mentions(text)):
            title = self._titles[mention.entries[0]]
            if wanted(mention, title):
                folded = f"{folded[: mention.start]}{title}{folded[mention.end :]}"
        return folded

    def ambiguous(self, text: str) -> tuple[Ambiguity, ...]:
        """The names in a text that may mean one entry or another, where nothing tells which.

        A place (曲阜的孔庙), the marks of a book (《孟子》), a question for a person (孟子是谁)
        or another name that means one of the entries tells.
        """
        folded, mentions = fold(text), self.mentions(text)
        sure = {some.entries[0] for some in mentions if len(some.entries) == 1}
        found: dict[str, Ambiguity] = {}
        for mention in mentions:
            held = [self.entries[key] for key in mention.entries]
            # A work and its original text are one subject.
            entries = tuple(entry for entry in held if entry.origin != "original")
            told = any(key in sure for key in mention.entries) or any(
                _tells(folded, mention, entry) for entry in entries
            )
            if len(entries) > 1 and not told:
                found[mention.name] = Ambiguity(name=mention.name, entries=entries)
        return tuple(found.values())

    def entries_in(self, text: str) -> tuple[str, ...]:
        """Ids of the entries named in a text, once each."""
        found = (entry for mention in self.mentions(text) for entry in mention.entries)
        return tuple(dict.fromkeys(found))


def _tells(text: str, mention: Mention, entry: Entry) -> bool:
    """Whether a folded question says of a name that it means this entry."""
    place = entry.place
    where = (place.city, place.county) if place else ()
    # Without 市, 县 or 区, unless that leaves a lone character, and not in the name itself.
    bare = (name[:-1] if name[-1] in "市县区" and len(name) > 2 else name for name in where if name)
    around = text[: mention.start] + " " + text[mention.end :]
    if any(fold(name) in around for name in bare):
        return True
    if entry.kind == "person" and _OF_A_PERSON.search(text):
        return True
    book = text[max(mention.start - 1, 0) : mention.end + 1]
    return entry.kind == "text" and book == f"《{mention.name}》"


def names_of(entry: Entry) -> list[str]:
    """Folded names of an entry that are long enough to mean it.

    What follows a bracket or a comma tells entries apart and is not part of the name:
    孟子（书） is called 孟子 too, and then means either.
    """
    given = [entry.title, entry.title_en or "", *entry.aliases]
    bare = [_BRACKET.split(name)[0] for name in given]
    folded = (fold(name).strip() for name in [*given, *bare])
    kept = (name for name in folded if len(name) >= (2 if any(map(is_cjk, name)) else 3))
    return list(dict.fromkeys(kept))


def _whole(text: str, start: int, end: int) -> bool:
    """Latin names match whole words only; Chinese has no word ends to go by."""
    if is_cjk(text[start]) or is_cjk(text[end - 1]):
        return True
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_latin(before) or _latin(after))


def _latin(char: str) -> bool:
    return char.isalnum() and not is_cjk(char)
