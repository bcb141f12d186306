"""Rows: what of a passage goes into the two indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qilu_rag.text.fold import simplify
from qilu_rag.text.words import index_terms
from qilu_rag.types import Entry, Passage


def sentence_texts(passage: Passage, entry: Entry) -> list[str]:
    """The texts of a passage that are embedded, one a sentence.

    A sentence goes in with its entry's title: 主峰海拔1532.7米 alone does not say whose. One
    of an original text goes in bare: it is not about its work, and the name would draw
    questions on the work away from what explains it. All go in in simplified characters,
    as questions do.
    """
    texts = []
    for start, end in passage.sentences:
        sentence = passage.text[start:end]
        bare = entry.origin == "original" or entry.title in sentence
        texts.append(simplify(sentence if bare else f"{entry.title}：{sentence}"))
    return texts


def sentence_rows(
    passages: Sequence[Passage], entries: Mapping[str, Entry]
) -> tuple[list[str], NDArray[np.int32]]:
    """The texts of all passages that are embedded, and the passage that each belongs to."""
    texts: list[str] = []
    owners: list[int] = []
    for number, passage in enumerate(passages):
        rows = sentence_texts(passage, entries[passage.entry_id])
        texts += rows
        owners += [number] * len(rows)
    return texts, np.asarray(owners, dtype=np.int32)


def passage_terms(passage: Passage, entry: Entry) -> list[str]:
    """What a passage is found by: its words, its heading and the names of its entry."""
    names = " ".join(filter(None, (entry.title, entry.title_en, passage.locator)))
    return index_terms(passage.text) + index_terms(names)
