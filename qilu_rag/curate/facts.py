"""Facts told twice: what an entry says about another must be what that one says of itself.

The entry on a subject is the authority. Another entry's statement about it (years of
birth and death, founding, discovery, height) contradicts it when the subject's own text
speaks of that matter and never gives that value; a subject's text that gives several
values, with who holds which, allows each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qilu_rag.curate.files import EntryFile
from qilu_rag.curate.findings import Finding
from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.text.fold import fold
from qilu_rag.text.numbers import chinese_number
from qilu_rag.text.years import life_at, years_in

_SEGMENT = re.compile("[;:!?。；：！？]")
_METRES = re.compile(r"海拔(?:高度)?(?:约|为|仅|达)*(\d+(?:\.\d+)?)(?:多|余)?米")
_EXTENT = re.compile(
    r"(?<![第\d一二三四五六七八九十百至])(\d+|[一二三四五六七八九十百]+)([篇卷回])"
)
_YEAR_MATTERS = {
    "birth": re.compile("(?:出生|生于)(?![后前时的])"),
    "death": re.compile("(?:去世|病逝|逝世|卒于|牺牲|病故)(?![后前时的])"),
    "founding": re.compile("始建|建于|创建|建成|成立|创办|创刊"),
    "discovery": re.compile("发现"),
    "dating": re.compile("发生|爆发|打响"),
}
"""Matter → words by which a segment of a sentence speaks of it."""
_REACH = 14
"""A name further than this before the word, in characters, is not what the word is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A value that a file states of a subject."""

    subject: str
    matter: str
    value: str


class Names:
    """Finds by their titles which entries a text speaks of.

    Titles only: an alias such as 玉皇顶 is the name of other mountains' tops, too.
    """

    def __init__(self, files: Sequence[EntryFile]) -> None:
        self._titles = {fold(file.entry.title): file.entry.id for file in files}
        self._matcher = NameMatcher(file.entry for file in files)

    def found(self, folded: str) -> list[tuple[str | None, int, int]]:
        """Entries named in a folded text, None where a name is not a title; (id, start, end)."""
        return [
            (self._titles.get(mention.name), mention.start, mention.end)
            for mention in self._matcher.mentions(folded)
        ]


def check_facts(files: Sequence[EntryFile]) -> Iterator[Finding]:
    """Statements about another entry that its own text contradicts."""
    names = Names(files)
    own = {file.entry.id: _own_values(file) for file in files}
    for file in files:
        for sentence in file.sentences:
            for told in statements(sentence, names):
                values = own[told.subject].get(told.matter, set())
                if told.subject != file.entry.id and values and told.value not in values:
                    message = (
                        f"says {told.value} ({told.matter}) of {told.subject}, whose own entry "
                        f"says {', '.join(sorted(values))}; mend one, or give both with who says so"
                    )
                    yield file.finding("facts", message, sentence)


def statements(sentence: str, names: Names) -> Iterator[Statement]:
    """What a sentence states of the entries that it names."""
    for segment in _SEGMENT.split(fold(sentence)):
        found = names.found(segment)
        for subject, _, end in found:
            life = life_at(segment, end) if subject else None
            for matter, year in zip(("birth", "death"), life or (), strict=False):
                if subject and year is not None:
                    yield Statement(subject=subject, matter=matter, value=str(year))
        for matter, words in _YEAR_MATTERS.items():
            for word in words.finditer(segment):
                about = _subject(segment, found, word.start())
                year = _nearest(segment, word.start(), word.end())
                if about and year is not None:
                    yield Statement(subject=about, matter=matter, value=str(year))
        for matter, pattern in (("height", _METRES), ("extent", _EXTENT)):
            for match in pattern.finditer(segment):
                if about := _subject(segment, found, match.start()):
                    yield Statement(subject=about, matter=matter, value=_value(match))


def _subject(segment: str, found: Sequence[tuple[str | None, int, int]], at: int) -> str | None:
    """Whom a word is about: who is named close before it in its clause, else the topic.

    泰山在济南以南，主峰海拔1532.7米: the second clause names nobody, so the name that the
    segment begins with is meant.
    """
    clause = max(segment.rfind(comma, 0, at) for comma in ",，、")
    within = [(subject, end) for subject, start, end in found if clause < start and end <= at]
    if within:
        subject, end = within[-1]
        return subject if at - end <= _REACH else None
    return found[0][0] if found and found[0][1] <= 1 else None


def _nearest(segment: str, start: int, end: int) -> int | None:
    """The only year of a segment, or the one that leans on the word: 始建于1317年."""
    years = years_in(segment)
    if len(years) == 1:
        return years[0].year
    close = [year.year for year in years if 0 <= year.start - end <= 2]
    return close[0] if close else None


def _value(match: re.Match[str]) -> str:
    number = match[1] if match[1].isdigit() or "." in match[1] else str(chinese_number(match[1]))
    return number + (match[2] if match.re is _EXTENT else "")


def _own_values(file: EntryFile) -> Mapping[str, set[str]]:
    """What an entry's own text allows to be said of it, by matter."""
    values: dict[str, set[str]] = {}
    text = fold(file.document.text)
    years = {str(year.year) for year in years_in(text)}
    era = file.entry.era
    if era is not None:
        years |= {str(year) for year in (era.start, era.end) if year is not None}
    for matter, words in _YEAR_MATTERS.items():
        if (matter in ("birth", "death")) == (file.entry.kind == "person"):
            values[matter] = years if file.entry.kind == "person" or words.search(text) else set()
    values["height"] = {_value(match) for match in _METRES.finditer(text)}
    if file.entry.kind == "text":
        values["extent"] = {_value(match) for match in _EXTENT.finditer(text)}
    return values
