"""Evidence: the few sentences that the language model gets to see.

A prompt costs its length (some 75 tokens a second on two cores), and a small model is
led astray by what does not belong; so the model sees the sentences that fit the question,
grouped by passage, and not whole passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qilu_rag.text.fold import fold
from qilu_rag.text.words import content_words
from qilu_rag.types import Hit, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A numbered source of an answer: a hit and those of its sentences that count.

    Attributes:
        sentences: in the order of the text.
        scores: how well each of them fits the question.
    """

    n: int
    hit: Hit
    sentences: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def text(self) -> str:
        """What the model sees."""
        return "".join(self.sentences)


@dataclass(frozen=True, slots=True)
class _Scored:
    score: float
    hit: int
    sentence: int


def choose(query: Query, hits: Sequence[Hit], *, passages: int, characters: int) -> list[Source]:
    """Chooses sentences for the model.

    Args:
        query: what is asked.
        hits: passages, best first.
        passages: at most so many sources.
        characters: at most so many characters in all; the best sentence always fits.

    Returns:
        Sources numbered from 1, best first, their sentences in the order of the text.
    """
    hits = hits[:passages]
    scored = sorted(_scores(query, hits), key=lambda s: (-s.score, s.hit, s.sentence))
    chosen: dict[int, dict[int, float]] = {}
    room = characters
    for item in scored:
        length = len(_sentence(hits[item.hit], item.sentence))
        if not chosen or length <= room:
            chosen.setdefault(item.hit, {})[item.sentence] = item.score
            room -= length
    return [
        Source(
            n=n,
            hit=hits[number],
            sentences=tuple(_sentence(hits[number], s) for s in sorted(scores)),
            scores=tuple(scores[s] for s in sorted(scores)),
        )
        for n, (number, scores) in enumerate(chosen.items(), start=1)
    ]


def ranked(sources: Sequence[Source]) -> list[tuple[Source, str]]:
    """All sentences of the sources with their source, best first."""
    rows = [
        (score, source, text)
        for source in sources
        for score, text in zip(source.scores, source.sentences, strict=True)
    ]
    rows.sort(key=lambda row: -row[0])
    return [(source, text) for _, source, text in rows]


def _sentence(hit: Hit, number: int) -> str:
    start, end = hit.passage.sentences[number]
    return hit.passage.text[start:end]


def _scores(query: Query, hits: Sequence[Hit]) -> list[_Scored]:
    """Scores every sentence by its passage, its nearness and the question's words in it."""
    wanted = content_words(query.text)
    scored = []
    for number, hit in enumerate(hits):
        for position in range(len(hit.passage.sentences)):
            folded = fold(_sentence(hit, position))
            share = sum(word in folded for word in wanted) / max(len(wanted), 1)
            near = hit.nearness[position] if position < len(hit.nearness) else 0.0
            scored.append(_Scored(hit.score + share + near, number, position))
    return scored
