"""Splitting: exact offsets, nothing lost, nothing twice, nothing too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.ingest.clean import clean_text
from qilu_rag.ingest.formats.text import markdown_blocks, paragraph_blocks
from qilu_rag.ingest.split import split
from qilu_rag.text.sentences import quotation_spans, sentence_spans
from qilu_rag.types import Block, Document, Entry, Passage

LINES = st.one_of(
    st.text(st.sampled_from("齐鲁文化 之，、。！？“”《》\t"), max_size=80),
    st.text(st.sampled_from("泰山"), min_size=60, max_size=130),
    st.sampled_from(["# 一", "## 二级", "### 三", "####### 七", "#无", "# ", ""]),
    st.text(max_size=20),
)
TEXTS = st.lists(LINES, max_size=12).map("\n".join).map(clean_text)


def document(text: str, blocks: tuple[Block, ...]) -> Document:
    entry = Entry(id="e", title="题")
    return Document(entry=entry, text=text, blocks=blocks, source="e.md", sha256="0")


def one_block(*sentences: str, shortest: int, longest: int) -> list[Passage]:
    text = "".join(sentences)
    return split(document(text, paragraph_blocks(text)), shortest=shortest, longest=longest)


@given(TEXTS, st.booleans(), st.integers(1, 30), st.integers(30, 60))
def test_passages_cover_the_blocks_exactly(
    text: str, markdown: bool, shortest: int, longest: int
) -> None:
    blocks = markdown_blocks(text) if markdown else paragraph_blocks(text)
    passages = split(document(text, blocks), shortest=shortest, longest=longest)
    covered = [0] * len(text)
    for number, passage in enumerate(passages, start=1):
        assert passage.id == f"e#{number}"
        assert passage.entry_id == "e"
        assert passage.source == "e.md"
        assert passage.locator
        assert text[passage.start : passage.end] == passage.text
        assert any(b.start <= passage.start and passage.end <= b.end for b in blocks)
        at = 0
        for start, end in passage.sentences:
            assert at <= start < end <= len(passage.text)
            assert passage.text[start:end].strip()
            for index in range(passage.start + start, passage.start + end):
                covered[index] += 1
            at = end
    wanted = [any(b.start <= at < b.end for b in blocks) for at in range(len(text))]
    for at, char in enumerate(text):
        assert covered[at] == wanted[at] or (char.isspace() and covered[at] == 0)


@given(TEXTS, st.integers(1, 30), st.integers(30, 60))
def test_lengths_are_bounded(text: str, shortest: int, longest: int) -> None:
    blocks = markdown_blocks(text)
    # Of the block, not of the passage: a quotation too long for one passage goes into
    # several, and of these only the first holds its opening mark.
    over_lines = [
        (block.start + a, block.start + b)
        for block in blocks
        for a, b in quotation_spans(text[block.start : block.end])
        if "\n" in text[block.start + a : block.start + b]
    ]
    for passage in split(document(text, blocks), shortest=shortest, longest=longest):
        held = any(a < passage.end and passage.start < b for a, b in over_lines)
        bound = 2 * longest if len(passage.sentences) == 1 or held else longest
        assert len(passage.text) <= bound


def test_a_quotation_longer_than_a_passage_is_cut_into_bounded_pieces() -> None:
    text = "“\n" + "山" * 84 + "\n”"
    passages = split(document(text, markdown_blocks(text)), shortest=1, longest=30)
    assert "".join(p.text for p in passages).count("山") == 84
    assert all(len(p.text) <= 60 for p in passages)


@given(TEXTS)
def test_blocks_are_what_stands_between_headings(text: str) -> None:
    at = 0
    outside = ""
    for block in markdown_blocks(text):
        assert at <= block.start < block.end <= len(text)
        assert text[block.start : block.end].strip()
        outside += text[at : block.start] + "\n"
        at = block.end
    outside += text[at:]
    titles = [line for line in outside.split("\n") if line.strip()]
    assert all(title.startswith("#") for title in titles)


def test_headings_nest() -> None:
    blocks = markdown_blocks("头\n# 甲\n一\n### 乙\n二\n## 丙 ##\n三\n# 丁\n四")
    assert [block.headings for block in blocks] == [
        (),
        ("甲",),
        ("甲", "乙"),
        ("甲", "丙"),
        ("丁",),
    ]


def test_a_heading_without_text_makes_no_block() -> None:
    assert [b.headings for b in markdown_blocks("# 甲\n\n## 乙\n文")] == [("甲", "乙")]
    assert markdown_blocks("# 甲") == ()
    assert paragraph_blocks(" \n") == ()


def test_sections_are_cut_evenly() -> None:
    passages = one_block(*["一二三四五六七八九。"] * 50, shortest=120, longest=300)
    assert [len(p.text) for p in passages] == [250, 250]


def test_a_short_tail_joins_its_neighbour() -> None:
    passages = one_block(
        "一" * 39 + "。", "二" * 9 + "。", "三" * 4 + "。", shortest=20, longest=60
    )
    assert [len(p.text) for p in passages] == [55]


def test_a_sentence_that_is_far_too_long_is_cut_at_a_comma() -> None:
    text = "一" * 90 + "，" + "二" * 60 + "。"
    passages = one_block(text, shortest=20, longest=60)
    assert [p.text for p in passages] == ["一" * 90 + "，", "二" * 60 + "。"]


def test_a_quotation_stays_in_one_passage() -> None:
    quoted = "子曰：“" + "学而时习之。" * 8 + "”"
    passages = one_block("一" * 29 + "。", quoted, shortest=20, longest=60)
    assert quoted in [p.text for p in passages]


WORDS = st.text("泰山岱庙，、", min_size=1, max_size=9)
PLAIN = st.builds("{}{}".format, WORDS, st.sampled_from("。！？"))
QUOTED = st.builds(
    "子曰：{}{}{}".format, st.just("“"), st.lists(PLAIN, min_size=1, max_size=3).map("".join), st.just("”")
)  # fmt: skip
SPOKEN = st.lists(PLAIN, min_size=2, max_size=3).map(lambda lines: "「" + "\n".join(lines) + "」\n")
PROSE = st.lists(PLAIN | QUOTED | SPOKEN | st.just("\n"), max_size=25).map("".join)


@given(PROSE, st.integers(1, 30))
def test_no_sentence_and_no_quotation_is_cut(text: str, shortest: int) -> None:
    whole = [*sentence_spans(text), *quotation_spans(text)]
    passages = split(document(text, paragraph_blocks(text)), shortest=shortest, longest=60)
    for passage in passages:
        for start, end in whole:
            apart = end <= passage.start or passage.end <= start
            assert apart or (passage.start <= start and end <= passage.end)


def test_a_sentence_is_cut_outside_a_quotation_if_it_can_be() -> None:
    text = "一" * 50 + "，“" + "二" * 40 + "，" + "三" * 60 + "”"
    passages = one_block(text, shortest=20, longest=60)
    assert [len(p.text) for p in passages] == [51, 103]


def test_blocks_of_one_place_have_locators_of_their_own() -> None:
    text = "一。二。三。"
    blocks = [
        Block(start=at, end=at + 2, place=place) for at, place in ((0, "甲"), (2, "乙"), (4, "甲"))
    ]
    passages = split(document(text, tuple(blocks)), shortest=20, longest=60)
    assert [p.locator for p in passages] == ["甲 · 第1段", "乙", "甲 · 第2段"]


@pytest.mark.parametrize(
    ("block", "locators"),
    [
        (Block(start=0, end=20), ["概述"]),
        (Block(start=0, end=20, headings=("甲", "乙")), ["甲 · 乙"]),
        (Block(start=0, end=20, headings=("甲",), place="第7页"), ["第7页 · 甲"]),
        (Block(start=0, end=100, place="第7页"), ["第7页 · 第1段", "第7页 · 第2段"]),
        (Block(start=0, end=100), ["第1段", "第2段"]),
        (Block(start=0, end=100, headings=("甲",)), ["甲 · 第1段", "甲 · 第2段"]),
    ],
)
def test_locators(block: Block, locators: list[str]) -> None:
    text = "一二三四五六七八九。" * 10
    passages = split(document(text, (block,)), shortest=20, longest=60)
    assert [p.locator for p in passages] == locators
