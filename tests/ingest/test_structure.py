"""The structure of plain text: what is surely a heading, a number or a stanza is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.ingest.clean import clean_text
from qilu_rag.ingest.split import split
from qilu_rag.ingest.structure import pack, plain_blocks
from qilu_rag.types import Block, Document, Entry, Passage

POEM = "岱宗夫如何？齐鲁青未了。\n造化钟神秀，阴阳割昏晓。\n会当凌绝顶，一览众山小。"
PROSE = "泰山在山东省泰安市，古称岱山。"


def blocks(text: str) -> list[tuple[tuple[str, ...], str, str]]:
    return [
        (block.headings, block.place, text[block.start : block.end].strip())
        for block in plain_blocks(text, 300)
    ]


def passages(text: str, found: tuple[Block, ...], longest: int = 300) -> list[Passage]:
    entry = Entry(id="a", title="a")
    document = Document(entry=entry, text=text, blocks=found, source="a", sha256="")
    return split(document, shortest=20, longest=longest)


@pytest.mark.parametrize(
    "line",
    [
        "第三章",
        "第三章 总论",
        "第12章\u3000泰山",
        "第三回\u3000张天师祈禳瘟疫 洪太尉误走妖魔",
        "第二节：地理",
        "卷三",
        "卷第三",
        "卷上",
        "第三卷 礼乐",
        "学而篇第一",
        "第一篇 齐国",
        "第一编",
        "\u3000\u3000第五章 \u3000海岱",
    ],
)
def test_headings(line: str) -> None:
    assert blocks(f"前言。\n\n{line}\n{PROSE}") == [
        ((), "", "前言。"),
        ((line.strip(),), "", PROSE),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "第三章讲的是泰山",
        "第三章 泰山，五岳之首",
        "第三章 讲泰山的由来。",
        "世界第一",
        "卷起千堆雪",
        "见第三章",
        "第三节课后他去了曲阜",
        "第三章 包括：",
        f"第三章 {'泰山' * 20}",
        "第三方",
    ],
)
def test_prose_is_no_heading(line: str) -> None:
    (block,) = plain_blocks(f"前言。\n\n{line}\n{PROSE}", 300)
    assert block.headings == ()


def test_a_line_in_the_middle_of_a_sentence_is_no_heading() -> None:
    assert len(plain_blocks(f"泰山的历史见于本书的\n第三章\n{PROSE}", 300)) == 1


def test_headings_nest_by_kind() -> None:
    text = f"卷一\n第一章 甲\n第一节 乙\n{PROSE}\n第二章 丙\n{PROSE}\n卷二\n{PROSE}"
    assert [headings for headings, _, _ in blocks(text)] == [
        ("卷一", "第一章 甲", "第一节 乙"),
        ("卷一", "第二章 丙"),
        ("卷二",),
    ]


def test_numbered_paragraphs() -> None:
    text = "学而篇第一\n1.1 子曰：“学而时习之。”\n【译】孔子说。\n1·2 有子曰。\n\n【2.1】子曰：“为政以德。”"
    assert blocks(text) == [
        (("学而篇第一",), "1.1", "子曰：“学而时习之。”\n【译】孔子说。"),
        (("学而篇第一",), "1.2", "有子曰。"),
        (("学而篇第一",), "2.1", "子曰：“为政以德。”"),
    ]
    assert [p.locator for p in passages(text, plain_blocks(text, 300))] == [
        f"{number} · 学而篇第一" for number in ("1.1", "1.2", "2.1")
    ]


@pytest.mark.parametrize(
    "line", ["3.5 米高的碑。", "1.5公里外是岱庙。\n7.3公里外是红门。", "1987.12 列入。"]
)
def test_measures_are_no_numbers_of_paragraphs(line: str) -> None:
    assert [place for _, place, _ in blocks(f"{PROSE}\n{line}")] == [""]


def test_a_stanza_stays_with_its_name() -> None:
    text = f"{PROSE}\n\n望岳\n杜甫\n{POEM}\n\n{PROSE * 30}"
    found = [passage.text for passage in passages(text, plain_blocks(text, 300))]
    assert found[:2] == [PROSE, f"望岳\n杜甫\n{POEM}"]


def test_stanzas_are_taken_together_but_never_cut() -> None:
    text = f"望岳\n\n{POEM}\n\n{POEM}\n\n{POEM}"
    found = [passage.text for passage in passages(text, plain_blocks(text, 60), longest=60)]
    assert found == [f"望岳\n\n{POEM}", POEM, POEM]


def test_prose_of_a_fixed_width_is_no_stanza() -> None:
    text = "泰山在山东省泰安市境内，\n古称岱山，又名岱宗，是五\n岳之首，主峰玉皇顶海拔约\n一千五百三十二米。"
    assert len(plain_blocks(f"{PROSE}\n\n{text}\n\n{PROSE}", 300)) == 1


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(5, 20))
def test_packing_keeps_all_and_is_bounded(lengths: list[int], longest: int) -> None:
    spans = []
    at = 0
    for length in lengths:
        spans.append((at, at + length))
        at += length + 1
    packed = pack(spans, longest)
    assert all(b - a <= longest or (a, b) in spans for a, b in packed)
    assert [a for a, _ in packed] == sorted({a for a, _ in packed})
    assert {end for a, b in packed for start, end in spans if a <= start and end <= b} == {
        b for _, b in spans
    }


LINES = st.sampled_from(
    ["第一章 总论", "第二节", "卷三", "学而篇第一", "1.1 子曰：“学。”", "1.2 有子曰。", "【2.1】为政。", "3.5 米", "望岳", POEM, PROSE, PROSE * 9, "“泰山。\n“岱宗。”", "「甲。\n乙。」", "", "", "\u3000", "第三章，", "- 项"]
)  # fmt: skip


@given(st.lists(LINES | st.text(max_size=12), max_size=14), st.integers(20, 90))
def test_blocks_hold_all_but_headings_and_numbers(parts: list[str], longest: int) -> None:
    text = clean_text("\n".join(parts))
    found = plain_blocks(text, longest)
    at = 0
    outside = ""
    for block in found:
        assert at <= block.start < block.end <= len(text)
        outside += text[at : block.start] + "\n"
        at = block.end
    outside += text[at:]
    named = {heading for block in found for heading in block.headings}
    places = {block.place for block in found}
    for line in filter(None, map(str.strip, outside.split("\n"))):
        bare = line.strip("【】").replace("·", ".")
        assert line in named or bare in places or line.startswith(("第", "卷", "学而篇"))
    for passage in passages(text, found, longest=longest):
        assert text[passage.start : passage.end] == passage.text
        assert any(b.start <= passage.start and passage.end <= b.end for b in found)
