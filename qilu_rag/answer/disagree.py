"""Where sources disagree: the same sentence with other figures in another passage.

A reader must see that one source says 1917 and another 1920. Told by rule, and with care: a
sentence counts as the same only if hardly a letter but its figures differs, so that two
towers that were built alike are no contradiction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from qilu_rag.answer.evidence import Source
from qilu_rag.text.fold import squash
from qilu_rag.text.numbers import numbers_in
from qilu_rag.types import Hit

_FIGURES = re.compile(r"\d+|[〇零一二两三四五六七八九十百千万]+")
_SAME = 95.0
"""Likeness in percent (rapidfuzz's `ratio`) of two sentences without their figures."""

_SHORTEST = 8


def differing(quote: str, source: Source, hits: Iterable[Hit]) -> list[tuple[Hit, str]]:
    """The sentences of other passages that say the same with other figures.

    Args:
        quote: a sentence of `source`.
        source: where it stands.
        hits: the passages to look in.
    """
    if not numbers_in(quote):
        return []
    found = []
    for hit in hits:
        if hit.passage.id == source.hit.passage.id:
            continue
        for text in sentences_of(hit):
            if _contradicts(quote, text):
                found.append((hit, text))
    return found


def sentences_of(hit: Hit) -> Sequence[str]:
    """The sentences of a hit's passage."""
    return [hit.passage.text[start:end] for start, end in hit.passage.sentences]


def _contradicts(one: str, other: str) -> bool:
    bare = [_FIGURES.sub("", squash(text)) for text in (one, other)]
    if min(map(len, bare)) < _SHORTEST or fuzz.ratio(*bare) < _SAME:
        return False
    return numbers_in(one) != numbers_in(other) and bool(numbers_in(other))
