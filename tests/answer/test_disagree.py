"""The same sentence with other figures is a contradiction; anything less alike is not."""

from __future__ import annotations

import pytest

from qilu_rag.answer.disagree import differing
from qilu_rag.answer.evidence import Source
from qilu_rag.types import Entry, Hit, Passage

ONE = "1917年2月3日因德国使用无限制潜艇战，美国与德国断交。"


def hit(number: int, *sentences: str) -> Hit:
    text = "".join(sentences)
    ends = [sum(map(len, sentences[: n + 1])) for n in range(len(sentences))]
    spans = tuple((end - len(s), end) for end, s in zip(ends, sentences, strict=True))
    passage = Passage(
        id=f"e{number}#1",
        entry_id=f"e{number}",
        text=text,
        start=0,
        end=len(text),
        locator=str(number),
        source="x",
        sentences=spans,
    )
    return Hit(passage=passage, entry=Entry(id=f"e{number}", title="塔"), score=1.0, via=("dense",))


def found(*others: Hit) -> list[str]:
    first = hit(1, ONE)
    source = Source(n=1, hit=first, sentences=(ONE,), scores=(1.0,))
    return [text for _, text in differing(ONE, source, [first, *others])]


def test_other_figures_in_another_passage_are_shown() -> None:
    other = ONE.replace("1917", "1920")
    assert found(hit(2, "战争开始了。", other, "后来停战。")) == [other]
    traditional = "1920年2月3日因德國使用無限制潛艇戰，美國與德國斷交。"
    assert found(hit(2, traditional)) == [traditional]


@pytest.mark.parametrize(
    "other",
    [
        ONE,
        ONE.replace("，美国", "美国"),
        "因德国使用无限制潜艇战，美国与德国断交。",
        "1920年2月3日因英国封锁海面，美国与英国交涉。",
        "1920年断交。",
    ],
)
def test_nothing_else_is(other: str) -> None:
    assert found(hit(2, other)) == []


def test_a_sentence_without_figures_contradicts_nothing() -> None:
    first = hit(1, "孔子是鲁国人，创立了儒家学派。")
    source = Source(n=1, hit=first, sentences=(first.passage.text,), scores=(1.0,))
    assert differing(first.passage.text, source, [hit(2, ONE)]) == []
