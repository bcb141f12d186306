"""Near-duplicate sentences of different entries: boilerplate, or a text written twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from qilu_rag.curate.files import EntryFile
from qilu_rag.curate.findings import Finding

_GRAM = 3
_SHORTEST = 16
_ALIKE = 0.72
_COMMON = 60
"""A gram of more sentences than this (年公布的全国重点文物) does not bring two together."""

_QUOTED = re.compile("“[^“”]*”")
# 列入第三批… has one plain wording; that two entries share it is no boilerplate.
_LISTED = ("列入", "入选", "公布为")


def grams(sentence: str) -> frozenset[str]:
    """The runs of three letters of a sentence, quotations, marks and spaces aside."""
    letters = "".join(char for char in _QUOTED.sub("", sentence) if char.isalnum())
    return frozenset(letters[at : at + _GRAM] for at in range(len(letters) - _GRAM + 1))


def check_repeats(files: Sequence[EntryFile]) -> Iterator[Finding]:
    """Pairs of sentences, of two entries, that share most of their grams (Jaccard)."""
    rows = [
        (file, sentence, grams(sentence))
        for file in files
        for sentence in file.sentences
        if len(sentence) >= _SHORTEST and not any(word in sentence for word in _LISTED)
    ]
    holders: dict[str, list[int]] = defaultdict(list)
    for number, (_, _, held) in enumerate(rows):
        for gram in held:
            holders[gram].append(number)
    for number, (file, sentence, held) in enumerate(rows):
        shared: dict[int, int] = defaultdict(int)
        for gram in held:
            if len(holders[gram]) <= _COMMON:
                for other in holders[gram]:
                    if other < number:
                        shared[other] += 1
        for other, count in shared.items():
            twin, words, theirs = rows[other]
            if count * 2 < min(len(held), len(theirs)) or twin.entry.id == file.entry.id:
                continue
            if len(held & theirs) >= _ALIKE * len(held | theirs):
                where = f"{twin.path}:{twin.line_of(words)}"
                message = f"nearly the same sentence stands in {where}; write one of them anew"
                yield file.finding("repeats", message, sentence)
