"""Squeezing: a text as it reads once the tricks that break words apart are taken out.

    赌_博  賭 博  赌\u200b博  赌赌赌博   →   赌博

On top of folding (width, script, case, invisible characters) it removes short runs of
separators next to Chinese characters, turns those between Latin words into one space,
and takes a character that stands three or more times in a row once. Sentence ends and
longer runs stay as a line feed, so that no match reaches across them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qilu_rag.text.fold import fold_offsets

MAX_SEPARATORS = 3
"""How many separators in a row may stand inside a word."""

BREAK = "\n"
"""Stands where words on both sides do not belong together."""

# Strokes and the long-vowel mark are letters to Unicode but serve as dividers: 赌丨博.
_RUN = r"[\W_丨丶丿ー]+"
_REPEAT = r"([^\W\d_])\1{2,}"
_ENDS = frozenset("。!?\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def is_latin(char: str) -> bool:
    """Whether a folded character belongs to a Latin word or a number."""
    return char.isalnum() and char < "\u0250"


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A squeezed text and, for each of its characters, the index in the original."""

    text: str
    origin: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that a non-empty squeezed stretch came from."""
        return self.origin[start], self.origin[end - 1] + 1


def squeeze(text: str, *, keep: str = "") -> Squeezed:
    """Folds a text and closes the gaps inside its words.

    Args:
        text: any text.
        keep: folded punctuation that is not a separator here and stays as it is.
    """
    folded, origin = fold_offsets(text)
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for run in re.finditer(_RUN, folded):
        start, end = run.span()
        width = origin[end - 1] - origin[start] + 1
        left = folded[start - 1 : start]
        right = folded[end : end + 1]
        bridge = _bridge(left, right, run.group(), width, keep)
        parts += folded[done:start], bridge
        places += origin[done:start]
        places += [origin[start]] * len(bridge)
        done = end
    parts.append(folded[done:])
    places += origin[done:]
    return _once(Squeezed("".join(parts), places))


def _bridge(left: str, right: str, run: str, width: int, keep: str) -> str:
    """What a run of separators between two characters becomes."""
    kept = next((char for char in run if char in keep), "")
    if not left or not right:
        return kept or BREAK
    if is_latin(left) and is_latin(right):
        # A line may wrap between two Latin words; a full stop ends a sentence there.
        if run.isspace():
            return " "
        closed = not _ENDS.isdisjoint(run) or "." in run
        return BREAK if closed or width > MAX_SEPARATORS else kept or " "
    if not _ENDS.isdisjoint(run) or width > MAX_SEPARATORS:
        return BREAK
    return kept


def _once(squeezed: Squeezed) -> Squeezed:
    """Takes letters that stand three or more times in a row once."""
    text, origin = squeezed.text, squeezed.origin
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for run in re.finditer(_REPEAT, text):
        keep_to = run.start() + 1
        parts.append(text[done:keep_to])
        places += origin[done:keep_to]
        done = run.end()
    if not done:
        return squeezed
    return Squeezed("".join(parts) + text[done:], places + origin[done:])
