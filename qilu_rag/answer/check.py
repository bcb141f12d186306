"""Checking: does the evidence carry what the model wrote?

Every sentence is aligned with the sentences of the sources that are nearest to it by
vector. Its numbers, titles and quotations must stand there; a Chinese sentence must begin
with what they speak of and may bring hardly any word that neither they nor the question
hold; an English sentence may bring no name of its own. What fails is not shown: the caller
puts the evidence itself in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from qilu_rag.answer.evidence import Source
from qilu_rag.answer.latin_names import made_up_names
from qilu_rag.ports import Embedder, Vectors
from qilu_rag.text.fold import cjk_count, fold, squash
from qilu_rag.text.numbers import numbers_in
from qilu_rag.text.reigns import in_common_era
from qilu_rag.text.words import content_words
from qilu_rag.types import Entry, Query

_QUOTED = re.compile(r"《([^》]+)》|“([^”]+)”|「([^」]+)」")
_YEAR = re.compile(r"(?<!\d)(\d{3,4})年")
_ALIGNED = 2
_NOVEL_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The evidence for a sentence: a source, the sentence of it that is nearest, and why not.

    Attributes:
        fault: what the evidence does not carry; empty when the sentence stands.
    """

    source: Source
    sentence: str
    fault: str


class Checker:
    """Checks sentences against the evidence of one question.

    Args:
        query: the question.
        sources: what the model saw.
        embedder: aligns sentences with them.
        entries: those whose English names may stand for their Chinese ones.
    """

    def __init__(
        self,
        query: Query,
        sources: Sequence[Source],
        embedder: Embedder,
        entries: Iterable[Entry] = (),
    ) -> None:
        self._query = query
        self._entries = tuple({entry.id: entry for entry in entries}.values())
        self._sources = sources
        self._embedder = embedder
        self._rows = [(source, text) for source in sources for text in source.sentences]
        self._vectors: Vectors | None = None

    def support(self, sentence: str) -> Support:
        """Aligns a sentence with its evidence and looks for what is not carried."""
        ranked = self._ranked(sentence)
        source, nearest = self._rows[ranked[0]]
        carried = [text for of, text in (self._rows[r] for r in ranked) if of is source]
        return Support(
            source=source,
            sentence=nearest,
            fault=self._fault(sentence, source, "".join(carried[:_ALIGNED])),
        )

    def _ranked(self, sentence: str) -> list[int]:
        if self._vectors is None:
            self._vectors = self._embedder.embed_passages([text for _, text in self._rows])
        vector = self._embedder.embed_passages([sentence])[0]
        scores = self._vectors @ vector
        # A sentence that shares the words beyond the question's is the better witness
        # where vectors hardly differ.
        beyond = [w for w in content_words(sentence) if w not in fold(self._query.text)]
        shared = [sum(w in fold(text) for w in beyond) for _, text in self._rows]
        share = np.asarray(shared, dtype=np.float32) / max(len(beyond), 1)
        # Between English and Chinese vectors hardly tell and words never: numbers do.
        numbers = numbers_in(sentence) - numbers_in(self._query.asked)
        counted = [len(numbers & numbers_in(text)) for _, text in self._rows]
        same = np.asarray(counted, dtype=np.float32) / max(len(numbers), 1)
        order = np.argsort(-(scores + 0.1 * (share + same)), kind="stable")
        return [int(row) for row in order]

    def _fault(self, sentence: str, source: Source, carried: str) -> str:
        entry = source.hit.entry
        names = " ".join(filter(None, (entry.title, entry.title_en, *entry.aliases)))
        # 万历三十年 and 1602年 are one year, whichever of them the evidence has.
        carried = f"{carried} {in_common_era(fold(carried))}"
        told = f"{carried} {names} {source.hit.passage.locator}"
        dated = in_common_era(fold(sentence))
        asked = f"{self._query.text} {self._query.asked}"
        known = f"{told} {asked}"
        other = _YEAR.findall(fold(carried))
        here = _YEAR.findall(f"{in_common_era(fold(source.hit.passage.text))} {fold(told)}")
        lent = [year for year in _YEAR.findall(dated) if other and year not in here]
        if lent:  # the question's year on another year's figures
            return f"years: {', '.join(lent)}"
        missing = numbers_in(dated) - numbers_in(known)
        if missing:
            return f"numbers: {', '.join(sorted(missing))}"
        quoted = {next(filter(None, groups)) for groups in _QUOTED.findall(sentence)}
        unquoted = sorted(text for text in quoted if squash(text) not in squash(known))
        if unquoted:
            return f"quoted: {', '.join(unquoted)}"
        if cjk_count(sentence):
            return _topic(dated, fold(told), fold(asked)) or _novel(dated, fold(known))
        made_up = made_up_names(sentence, told + asked, f"{asked} {self._english_names(told)}")
        return f"names: {', '.join(made_up)}" if made_up else ""

    def _english_names(self, told: str) -> str:
        """English names of the entries whose Chinese ones stand in the evidence."""
        named = (e for e in self._entries if any(n in told for n in (e.title, *e.aliases)))
        return " ".join(entry.title_en or "" for entry in named)


def _topic(sentence: str, told: str, asked: str) -> str:
    """What a sentence begins with must be known to the evidence, not to the question alone.

    平型关大捷由李宗仁指挥 takes its topic from the question and the rest from the evidence
    on another battle: each word stands somewhere, and the sentence is false.
    """
    words = content_words(sentence)
    # Whole words only: the 大捷 in 平型关大捷 stands in many a text.
    for word in (w for w in words if not any(w != other and w in other for other in words)):
        if word in told:
            return ""
        if cjk_count(word) > 1 and word in asked:
            return f"topic: {word}"
    return ""


def _novel(sentence: str, known: str) -> str:
    words = content_words(sentence)
    novel = [word for word in words if word not in known]
    total = sum(map(len, words))
    return "words: " + ", ".join(novel) if sum(map(len, novel)) > _NOVEL_SHARE * total else ""
