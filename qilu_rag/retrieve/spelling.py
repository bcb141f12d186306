"""Spelling: names that a question writes wrongly, or in pinyin, as the corpus writes them.

    暴突泉为什么叫天下第一泉   → 趵突泉…      (sounds the same)
    趵泉突在哪里               → 趵突泉…      (two characters changed places)
    who was Confusius          → …confucius   (a letter or two off)
    kongzi de dizi             → 孔子 …       (pinyin)

Most mistakes in typed Chinese are characters that sound alike, since most of it is typed
by sound. A wrong character that sounds different is left to search, which finds by the
other characters: putting it right would make 山东快板 into 山东快书, which is another thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from qilu_rag.text.fold import is_cjk
from qilu_rag.text.places import place_names
from qilu_rag.text.words import ENGLISH_STOP, FUNCTION_WORDS, is_word, words

_RUN = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[a-z][a-z'’\-]*")
_LONGEST = 8
"""Characters of the longest Chinese name that is looked for; longer ones hold enough that
is right for search to find them."""
_LATIN_SHORTEST = 5
_LATIN_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Misspelling:
    """A stretch of folded text and the name that it stands for."""

    start: int
    end: int
    name: str


class Speller:
    """Knows how names sound.

    Args:
        names: folded; the same writing once.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._sounds: dict[tuple[str, ...], set[str]] = {}
        self._letters: dict[tuple[str, ...], set[str]] = {}
        self._pinyin: dict[str, set[str]] = {}
        self._latin: dict[str, str] = {}
        # Dongying is a city, and no slip of Dong Yong.
        self._places = {_typed(place) for place in place_names()}
        for name in names:
            if all(map(is_cjk, name)):
                self._add_chinese(name)
            elif not any(map(is_cjk, name)) and len(_joined(name)) >= _LATIN_SHORTEST:
                self._latin.setdefault(_joined(name), name)

    def _add_chinese(self, name: str) -> None:
        if len(name) < 2:
            return
        sounds = tuple(map(_sound, name))
        # As it is typed by sound: not every reader tells z from zh.
        self._pinyin.setdefault(_typed(name), set()).add(name)
        if len(name) <= _LONGEST:
            self._sounds.setdefault(sounds, set()).add(name)
            if len(name) > 2:
                self._letters.setdefault(tuple(sorted(name)), set()).add(name)

    def misspelled(self, folded: str, known: Iterable[tuple[int, int]]) -> list[Misspelling]:
        """What a text writes wrongly, in order, none overlapping.

        Args:
            folded: text.
            known: spans of names that are written right; they are left alone.
        """
        taken = [False] * len(folded)
        for start, end in known:
            taken[start:end] = [True] * (end - start)
        named = any(taken)
        found: list[Misspelling] = []
        for miss in (*self._chinese(folded, named), *self._in_latin(folded)):
            if not any(taken[miss.start : miss.end]):
                taken[miss.start : miss.end] = [True] * (miss.end - miss.start)
                found.append(miss)
        return sorted(found, key=lambda miss: miss.start)

    def _chinese(self, folded: str, named: bool) -> Iterator[Misspelling]:
        """Stretches that sound like a name or hold its characters, longest first."""
        for length in range(_LONGEST, 1, -1):
            for run in _RUN.finditer(folded):
                for start in range(run.start(), run.end() - length + 1):
                    text = folded[start : start + length]
                    name = self._alike(text, named)
                    if name and (length > 2 or _stands_apart(folded, start, start + length)):
                        yield Misspelling(start=start, end=start + length, name=name)

    def _alike(self, text: str, named: bool) -> str | None:
        """The one name that a stretch sounds like, or is with two neighbours swapped."""
        same = self._sounds.get(tuple(map(_sound, text)), set())
        close = {name for name in same if _is_slip(text, name)}
        if not close and len(text) > 2:
            mixed = self._letters.get(tuple(sorted(text)), set())
            close = {name for name in mixed if DamerauLevenshtein.distance(text, name) == 1}
        if len(text) == 2 and named:  # two characters sound like much; another name is meant
            return None
        return min(close) if len(close) == 1 and not is_word(text) else None

    def _in_latin(self, folded: str) -> Iterator[Misspelling]:
        """Runs of Latin words that spell a name nearly, or a Chinese one in pinyin."""
        found = list(_LATIN.finditer(folded))
        for count in range(_LATIN_WORDS, 0, -1):
            for first in range(len(found) - count + 1):
                some = found[first : first + count]
                start, end = some[0].start(), some[-1].end()
                if folded[start:end].count(" ") > count - 1:
                    continue
                if ENGLISH_STOP & {some[0][0], some[-1][0]}:
                    continue
                name = self._nearly(_joined(folded[start:end]))
                if name:
                    yield Misspelling(start=start, end=end, name=name)

    def _nearly(self, letters: str) -> str | None:
        if len(letters) < _LATIN_SHORTEST:
            return None
        if letters in self._latin:
            return self._latin[letters]
        chinese = self._pinyin.get(letters, set())
        if chinese:
            return min(chinese) if len(chinese) == 1 else None
        allowed = len(letters) // 6  # one letter off of six, two of twelve
        if not allowed or letters in self._places:
            return None
        near = {
            name
            for joined, name in self._latin.items()
            if joined[0] == letters[0]
            and abs(len(joined) - len(letters)) <= allowed
            and DamerauLevenshtein.distance(joined, letters, score_cutoff=allowed) <= allowed
        }
        return min(near) if len(near) == 1 else None


def _joined(text: str) -> str:
    """Letters alone: tai shan, tai-shan and t'ai-shan are one."""
    return "".join(char for char in text if char.isalpha())


def _typed(name: str) -> str:
    """A name as it is typed by sound."""
    return "".join(map(_syllable, name))


def _is_slip(text: str, name: str) -> bool:
    """Whether a stretch that sounds like a name keeps enough of it to be a slip of it.

    宋江在 is no slip of 宋江寨: a function word stands for itself.
    """
    changed = [(one, other) for one, other in zip(text, name, strict=True) if one != other]
    kept = len(text) - len(changed)
    return (
        kept >= (2 if len(text) > 3 else 1)
        and sum(_syllable(one) != _syllable(other) for one, other in changed) <= 1
        and not any(one in FUNCTION_WORDS for one, _ in changed)
    )


def _stands_apart(folded: str, start: int, end: int) -> bool:
    """Whether two characters are no word, and no part of the words around them."""
    run = next(run for run in _RUN.finditer(folded) if run.start() <= start < run.end())
    place = run.start()
    # Search mode gives the short words within a long one before it.
    for word in words(run[0]):
        at = folded.find(word, max(place - len(word), run.start()))
        place = at + len(word)
        if len(word) > 1 and at < end and start < place:
            return False
    return True


@lru_cache(maxsize=1 << 15)
def _syllable(char: str) -> str:
    """A character's usual reading without its tone, as it is typed: 吕 is lv."""
    from pypinyin import Style, pinyin  # a fifth of a second to load its dictionaries

    return str(pinyin(char, style=Style.NORMAL)[0][0]).replace("ü", "v")


@lru_cache(maxsize=1 << 15)
def _sound(char: str) -> str:
    """A reading by which what many readers pronounce alike is the same: zh and z, ng and n."""
    syllable = _syllable(char)
    for hard, soft in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(hard):
            syllable = soft + syllable[2:]
    return syllable[:-1] if syllable.endswith("ng") else syllable
