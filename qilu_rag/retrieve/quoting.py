"""Questions for the place of a saying: which words are quoted, and in which work?

    “己所不欲，勿施于人”出自哪里        → 己所不欲，勿施于人 in any work
    论语里有“知行合一”这句话吗          → 知行合一 in 论语

They are answered by looking (`retrieve.locate`), not by a language model, which knows too
many sayings by heart and in the wrong book.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qilu_rag.text.fold import fold, squash
from qilu_rag.types import Entry

_QUOTED = re.compile(r"“([^”]+)”|「([^」]+)」|『([^』]+)』|\"([^\"]+)\"|‘([^’]+)’")
_SOURCE = (
    r"(?:最早|原话|到底|究竟|都|是)*(?:出自|出于|语出|源自|来自|见于|载于|记在|出現在|出现在)"
    r"(?:于|在)?"
)
_WHICH = r"(?:哪|什么|何|啥)"
_ENDS = r"(?:的|呢|啊|里|中|裡)*[？?。！!]*$"
# What may stand after the quoted words of a question for nothing but their place.
_ASKS_WHERE = re.compile(
    rf"^(?:这|那|此)?(?:一|两)?(?:句|段)?(?:话|诗)?(?:{_SOURCE}{_WHICH}.{{0,6}}|的?出处(?:是|在)?{_WHICH}.{{0,4}}"
    rf"|(?:是|在)哪(?:本书|部书|一篇|篇|一章|章|本|部).{{0,4}}){_ENDS}"
)
_ASKS_WHETHER = re.compile(
    r"(?:出自|是|见于|来自|有|说过|说的|里|中).{0,14}(?:吗|么|嘛|没有|不是)[？?。]*$|是不是|有没有"
)
# Without quotation marks the saying stands before the verb: 学而时习之出自哪里
_UNMARKED = re.compile(
    rf"^(?:请问|想问)?[，,]?(?P<saying>.{{4,60}}?)[，,]?(?:这|那|此)?(?:一|两)?(?:句|段)?话?{_SOURCE}(?P<rest>.{{1,12}})$"
)
_MORE = re.compile(r"意思|怎么理解|如何理解|下一?句|上一?句|翻译|为什么|为何|讲的是|谁写|作者|背景")
_SHORTEST = 4
_BARE = re.compile("[《》]|原文$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """What a question asks the place of.

    Attributes:
        work: id of the original text that it names; None when it asks for any.
    """

    saying: str
    work: str | None


def names_of_works(entries: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    """The original texts by id, each with its names and those of what it belongs to.

    A saying asked for as one of 孔子 is looked for in 论语.
    """
    return {
        key: (
            _BARE.sub("", entry.title),
            *(
                name
                for relation in entry.relations
                if relation.to in entries
                for name in (entries[relation.to].title, *entries[relation.to].aliases)
            ),
        )
        for key, entry in entries.items()
        if entry.origin == "original"
    }


def quoting(question: str, works: Mapping[str, Iterable[str]]) -> Quoting | None:
    """The saying whose place a question asks for; None for every other question.

    Args:
        question: in Chinese, standing alone.
        works: ids of the original texts that can be looked into, each with the names that
            it goes by.
    """
    if _MORE.search(fold(question)):
        return None
    quoted = _QUOTED.search(question)
    if quoted:
        saying = next(filter(None, quoted.groups()))
        around = question[: quoted.start()] + question[quoted.end() :]
        rest = fold(question[quoted.end() :])
        asks = _ASKS_WHERE.search(rest) or _ASKS_WHETHER.search(fold(around))
    else:
        unmarked = _UNMARKED.search(fold(question))
        if unmarked is None:
            return None
        # Folding keeps lengths where it matters: the saying is looked for folded anyway.
        saying, around = unmarked["saying"], unmarked["rest"]
        asks = re.search(rf"{_WHICH}|吗|么", around)
    if not asks or len(squash(saying)) < _SHORTEST:
        return None
    return Quoting(saying=saying.strip("，,。 "), work=_work(around, works))


def _work(around: str, works: Mapping[str, Iterable[str]]) -> str | None:
    """The work that the rest of a question names; the longest name decides."""
    said = squash(around)
    named = [
        (len(name), key)
        for key, names in works.items()
        for name in names
        if squash(name) and squash(name) in said
    ]
    return max(named)[1] if named else None
