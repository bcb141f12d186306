"""Follow-ups: a question that leans on earlier ones becomes one that stands alone.

By names and pronouns, as far as these carry: 他 takes the latest person that was named, 它
the latest thing, 那孟子呢 the whole earlier question with the name put in. What leans on an
earlier question and names nobody is joined to it, and said to be unclear: the language
model may then do better. A question that stands alone is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qilu_rag.retrieve.names import Mention, NameMatcher
from qilu_rag.retrieve.pointers import (
    LEAD,
    RESTS_ON_ALL,
    TAIL,
    Pointer,
    leans,
    pointers,
)
from qilu_rag.text.fold import fold, is_cjk
from qilu_rag.text.language import language_of
from qilu_rag.text.words import content_words

Told = Callable[[str, str], float]
"""Entry id and question → share in 0 to 1 of the question's words that the entry holds."""

_REMEMBERED = 6
_TOLD = 0.5
"""From this share on a question without a name is taken to be about the entry before it.

Of the dev half of evals/cases_follow_up, where .3 to .6 give the same.
"""


_PLACED = re.compile("山东|齐鲁|中国|全国|全省|世界")
"""Who asks about the whole province speaks of no single entry: 山东有哪些名山."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAlone:
    """A question as it stands alone.

    Attributes:
        unclear: it leans on earlier questions in a way that names don't tell, and `text`
            is the earlier question and this one, joined.
    """

    text: str
    unclear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A name as it was asked for, where, and what it may mean."""

    text: str
    start: int
    end: int
    entries: tuple[str, ...]


def remembered(history: Sequence[str], limit: int) -> list[str]:
    """The earlier questions that count: the last few that are whole, cut to `limit`."""
    kept = (" ".join(question[:limit].split()) for question in history[-_REMEMBERED:])
    return [q for q in kept if any(map(str.isalnum, q)) and not any(map(_broken, q))]


def stand_alone(
    question: str,
    history: Sequence[str],
    names: NameMatcher,
    *,
    told: Told | None = None,
    limit: int = 500,
) -> StandAlone:
    """Makes a question stand alone.

    Args:
        question: as typed, white space folded.
        history: earlier questions, oldest first; none leaves the question as it is.
        names: of the corpus.
        told: how much of a question an entry holds; without it a question that neither
            names nor points is taken to stand alone.
        limit: characters of an earlier question that count.

    Returns:
        The question; at most `limit` characters and the longest name longer.
    """
    talk = _Talk(names, told, limit)
    for earlier in remembered(history, limit):
        talk.said.append(talk.resolve(earlier).text[:limit])
    return talk.resolve(question)


class _Talk:
    """The questions of a conversation, each as it stands alone."""

    def __init__(self, names: NameMatcher, told: Told | None, limit: int) -> None:
        self._names = names
        self._told = told
        self._limit = limit
        self.said: list[str] = []

    def resolve(self, question: str) -> StandAlone:
        if not self.said:
            return StandAlone(text=question)
        own = self._named(question)
        if own and _bare(question) in {name.text for name in own}:
            return StandAlone(text=self._swapped(question, own[0]))
        # In 孟子的母亲怎么教他, he is the one whose name stands before him.
        found = [p for p in pointers(question) if not own or p.start < own[0].start]
        if found:
            return self._replaced(question, found, bool(own))
        return StandAlone(text=question) if own else self._nameless(question)

    def _nameless(self, question: str) -> StandAlone:
        """A question that neither names nor points."""
        if RESTS_ON_ALL.fullmatch(question):
            return self._joined(question)
        if leans(question) or self._about_the_same(question):
            return self._led(question)
        return StandAlone(text=question)

    def _named(self, question: str) -> list[_Named]:
        """The names in a question, spelled as they are there where folding allows."""
        folded = fold(question)
        shown = question if len(folded) == len(question) else folded

        def named(mention: Mention) -> _Named:
            text = shown[mention.start : mention.end]
            return _Named(text=text, start=mention.start, end=mention.end, entries=mention.entries)

        return [named(mention) for mention in self._names.mentions(question)]

    def _kinds(self, name: _Named) -> frozenset[str]:
        """What the entries of a name are; empty when one does not say."""
        kinds = [self._names.entries[entry].kind for entry in name.entries]
        return frozenset(kind for kind in kinds if kind) if all(kinds) else frozenset()

    def _latest(self, kinds: frozenset[str]) -> _Named | None:
        """The first name of the latest question that names something of these kinds."""
        for question in reversed(self.said):
            for name in self._named(question):
                of = self._kinds(name)
                if not kinds or not of or kinds & of:
                    return name
        return None

    def _spelled(self, name: _Named, question: str) -> str:
        """A name in the language of the question that it is put into."""
        entry = self._names.entries[name.entries[0]]
        chinese = any(map(is_cjk, name.text))
        if language_of(question) == "zh" and not chinese:
            return self._names.title(entry.id)
        if language_of(question) == "en" and chinese and entry.title_en:
            return entry.title_en
        return name.text

    def _swapped(self, question: str, name: _Named) -> str:
        """The latest question that named something, asked of another name: 那孟子呢."""
        of = self._kinds(name)
        for earlier in reversed(self.said):
            for old in (named := self._named(earlier)):
                kinds = self._kinds(old)
                if old.entries != name.entries and (not kinds or not of or kinds & of):
                    return _put(
                        earlier,
                        [
                            (same.start, same.end, self._spelled(name, earlier))
                            for same in named
                            if same.entries == old.entries
                        ],
                    )
        return question

    def _replaced(self, question: str, found: Sequence[Pointer], named: bool) -> StandAlone:
        """Names in the places of what points to them."""
        puts = []
        for pointer in found:
            name = self._latest(pointer.kinds)
            if name is not None:
                text = pointer.put.format(self._spelled(name, question))
                puts.append((pointer.start, pointer.end, text))
        if puts:
            return StandAlone(text=LEAD.sub("", _put(question, puts)))
        if named:  # it has something to go by
            return StandAlone(text=question)
        if all(pointer.weak for pointer in found):  # "the temple" need not be one of before
            return self._led(question) if leans(question) else StandAlone(text=question)
        return self._joined(question)

    def _led(self, question: str) -> StandAlone:
        """The latest name before what is asked of it: 岱庙 + 什么时候建的."""
        name = self._latest(frozenset())
        if name is None:
            return self._joined(question)
        text, rest = self._spelled(name, question), LEAD.sub("", question)
        if language_of(question) == "en":
            return StandAlone(text=f"{text}: {rest}")
        # 刘公岛 and 岛上最高的山 meet in 岛.
        meet = next(n for n in range(len(text), -1, -1) if rest.startswith(text[len(text) - n :]))
        return StandAlone(text=text + rest[meet:])

    def _joined(self, question: str) -> StandAlone:
        earlier = self.said[-1][: max(self._limit - len(question), 0)]
        return StandAlone(text=f"{earlier} {question}".strip(), unclear=True)

    def _about_the_same(self, question: str) -> bool:
        """Whether a question without any name is likely one more about the entry before."""
        name = self._latest(frozenset())
        if name is None or language_of(question) == "en" or _PLACED.search(question):
            return False
        wanted = content_words(question)
        if len(wanted) <= 1 or any(len(word) > 1 and word in fold(name.text) for word in wanted):
            return True  # 什么时候建的; 起义是哪一天 after 徂徕山起义
        told = self._told
        return told is not None and any(told(e, question) >= _TOLD for e in name.entries)


def _bare(question: str) -> str:
    """A question without the words that only join it to the talk: 那孟子呢？ → 孟子."""
    return TAIL.sub("", LEAD.sub("", question)).strip()


def _put(text: str, puts: Sequence[tuple[int, int, str]]) -> str:
    """A text with others in the place of some of its spans."""
    for start, end, new in sorted(puts, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _broken(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"
