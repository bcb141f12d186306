"""The glossary: Chinese words for the English words of a question.

Passages are Chinese, so the words of an English question find none of them; a dictionary
of the subjects' own terms lets lexical search take part. It needs no language model.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from qilu_rag.text.fold import fold

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_LONGEST = 3


def chinese_words(question: str) -> list[str]:
    """Chinese words for the terms of an English question, the longest terms first found.

    A term of two or three words takes them away from shorter ones: land mine is 地雷 and
    not a mine. Singular and plural count as one.
    """
    terms = _terms()
    words = [_singular(word) for word in _WORD.findall(fold(question))]
    found: dict[str, None] = {}
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            chinese = terms.get(" ".join(words[at : at + length]))
            if chinese is not None:
                found |= dict.fromkeys(chinese)
                break
        else:
            length = 1
        at += length
    return list(found)


@lru_cache(maxsize=1)
def _terms() -> dict[str, tuple[str, ...]]:
    groups = tomllib.loads(files("qilu_rag.text").joinpath("glossary.toml").read_text("utf-8"))
    return {
        " ".join(map(_singular, _WORD.findall(term))): tuple(chinese.split())
        for group in groups.values()
        for term, chinese in group.items()
    }


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
