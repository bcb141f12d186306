"""Locating a quotation: in which original text does it stand, where, and how exactly?

Punctuation, width and script don't count; all else does. Each work is searched as one run
of letters, so that a quotation over two passages is found, and every letter knows the
passage and the place that it came from.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from rapidfuzz import fuzz

from qilu_rag.errors import InputError
from qilu_rag.text.fold import fold_offsets, squash
from qilu_rag.types import Entry, Located, Passage, QuotationSearch

_ELLIPSIS = re.compile(r"……|…|\.{3,}")
_SHORTEST = 3
_LONGEST = 500
_MOST = 5
_NEAR = 70.0
"""Likeness in percent (rapidfuzz's `partial_ratio`) from which a place counts as near."""


class Locator:
    """The original texts of a snapshot, ready to be searched for quotations."""

    def __init__(self, passages: Iterable[Passage], entries: Mapping[str, Entry]) -> None:
        grouped: dict[str, list[Passage]] = {}
        for passage in passages:
            entry = entries.get(passage.entry_id)
            if entry is not None and entry.origin == "original":
                grouped.setdefault(entry.id, []).append(passage)
        self._works = [_Work(entries[key], some) for key, some in grouped.items()]

    def within(self, quotation: str, work: str) -> QuotationSearch:
        """As `locate`, in the one work with that id."""
        return self._locate(quotation, [held for held in self._works if held.entry.id == work])

    def locate(self, quotation: str, work: str | None = None) -> QuotationSearch:
        """Looks for a quotation.

        Args:
            quotation: as somebody gives it; …… stands for words left out.
            work: part of a title, such as 论语; None looks in all works.

        Raises:
            InputError: when it is too short or too long to mean a place, or no work is
                called so.
        """
        return self._locate(quotation, self._named(work))

    def _locate(self, quotation: str, works: Sequence[_Work]) -> QuotationSearch:
        pieces = [squashed for part in _ELLIPSIS.split(quotation) if (squashed := _letters(part))]
        length = sum(map(len, pieces))
        if not _SHORTEST <= length <= _LONGEST:
            raise InputError(
                f"the quotation has {length} characters; give {_SHORTEST} to {_LONGEST}"
            )
        found = [place for held in works for place in held.exact(pieces)]
        if not found:
            near = (held.near("".join(pieces)) for held in works)
            found = sorted((n for n in near if n), key=lambda place: -place.likeness)
        return QuotationSearch(
            works=tuple(held.entry for held in works), found=tuple(found[:_MOST])
        )

    def _named(self, work: str | None) -> Sequence[_Work]:
        wanted = squash(work or "")
        held = [one for one in self._works if wanted in squash(one.entry.title)]
        if not held:
            known = " ".join(one.entry.title for one in self._works) or "none"
            raise InputError(
                f"no original text is called {work!r}; there are: {known}"
                if self._works
                else "there are no original texts in the index; run: qilu corpus pull classics, "
                "and ingest what it pulled"
            )
        return held


class _Work:
    """One work as a run of letters; `starts` is where each passage's letters begin."""

    def __init__(self, entry: Entry, passages: Sequence[Passage]) -> None:
        self.entry = entry
        self._passages = passages
        self._places: list[int] = []
        pieces = []
        for passage in passages:
            letters, places = _letters_and_places(passage.text)
            pieces.append(letters)
            self._places += places
        self._letters = "".join(pieces)
        self._starts = list(accumulate(map(len, pieces), initial=0))[:-1]

    def exact(self, pieces: Sequence[str]) -> list[Located]:
        """Every place where the pieces stand in order, within the length of a few passages."""
        found = []
        start = self._letters.find(pieces[0])
        while start >= 0:
            end = start + len(pieces[0])
            for piece in pieces[1:]:
                at = self._letters.find(piece, end, end + _LONGEST)
                end = at + len(piece) if at >= 0 else -1
                if end < 0:
                    break
            if end >= 0:
                found.append(self._located(start, end, 1.0))
            start = self._letters.find(pieces[0], start + 1)
        return found

    def near(self, letters: str) -> Located | None:
        """The place that is most like it, None when none is like it enough."""
        best = fuzz.partial_ratio_alignment(letters, self._letters, score_cutoff=_NEAR)
        if best is None or best.dest_end <= best.dest_start:
            return None
        return self._located(best.dest_start, best.dest_end, min(best.score / 100, 0.999))

    def _located(self, start: int, end: int, likeness: float) -> Located:
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        passages = tuple(self._passages[first : last + 1])
        texts = [passage.text for passage in passages]
        # Cut the end first: with one passage both cuts are in the same text.
        texts[-1] = texts[-1][: self._places[end - 1] + 1]
        texts[0] = texts[0][self._places[start] :]
        return Located(
            entry=self.entry, passages=passages, text="".join(texts), likeness=round(likeness, 3)
        )


def _letters(text: str) -> str:
    return _letters_and_places(text)[0]


def _letters_and_places(text: str) -> tuple[str, list[int]]:
    """The folded letters and digits of a text, and where each of them stands in it."""
    folded, offsets = fold_offsets(text)
    kept = [(char, at) for char, at in zip(folded, offsets, strict=False) if char.isalnum()]
    return "".join(char for char, _ in kept), [at for _, at in kept]
