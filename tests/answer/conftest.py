"""Hits made by hand, and questions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qilu_rag.text.language import language_of
from qilu_rag.text.sentences import sentence_spans
from qilu_rag.types import Entry, Hit, Passage, Query

KONGZI = "孔子名丘，字仲尼，鲁国陬邑人。孔子创立了儒家学派。《论语》记录了孔子的言行。"
TAISHAN = "泰山主峰玉皇顶海拔1532.7米。秦始皇登泰山封禅。"


def _make_hit(text: str, title: str = "孔子", *, score: float = 0.5, **others: object) -> Hit:
    entry = Entry(id=f"id-{title}", title=title, title_en=str(others.pop("title_en", "")) or None)
    spans = tuple(sentence_spans(text))
    passage = Passage(
        id=f"{entry.id}#1",
        entry_id=entry.id,
        text=text,
        start=0,
        end=len(text),
        locator="概述",
        source="x.md",
        sentences=spans,
    )
    values: dict[str, object] = {"nearness": (0.0,) * len(spans), "coverage": 0.5} | others
    return Hit(passage=passage, entry=entry, score=score, via=("dense",), **values)  # type: ignore[arg-type]


def _make_query(text: str) -> Query:
    return Query(asked=text, text=text, language=language_of(text))


@pytest.fixture
def make_hit() -> Callable[..., Hit]:
    """Makes a hit of a text and a title."""
    return _make_hit


@pytest.fixture
def make_query() -> Callable[[str], Query]:
    """Makes a query that stands alone."""
    return _make_query


@pytest.fixture
def hits() -> list[Hit]:
    """孔子 first, 泰山 second."""
    return [
        _make_hit(KONGZI, "孔子", score=0.9, title_en="Confucius", similarity=0.8),
        _make_hit(TAISHAN, "泰山", score=0.4, title_en="Mount Tai", similarity=0.3),
    ]
