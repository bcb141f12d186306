"""Markdown: rows of tables stand alone, items of lists stay whole, the rest stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.clean import clean_markdown
from qilu_rag.ingest.formats.text import markdown_blocks, read_markdown
from qilu_rag.ingest.split import split
from qilu_rag.types import Document, Entry

LIMITS = IngestSettings(passage_min=20, passage_max=60)
TABLE = "| 名称 | **级别** |\n|:---|:--:|\n| 孔庙 | 国家级[s1] |\n| 孟庙 | 省\\|级 |"
ITEM = "泰山在山东。岱庙在泰安。"


def passages(text: str) -> list[tuple[str, str]]:
    reading = read_markdown(text.encode(), "a.md", LIMITS)
    entry = Entry(id="a", title="a")
    document = Document(
        entry=entry, text=reading.text, blocks=reading.blocks, source="a", sha256=""
    )
    found = split(document, shortest=LIMITS.passage_min, longest=LIMITS.passage_max)
    assert all(reading.text[p.start : p.end] == p.text for p in found)
    return [(p.locator, p.text) for p in found]


def test_rows_are_passages_with_their_header() -> None:
    assert passages(f"# 庙\n前言。\n\n{TABLE}\n\n后文。\n\n{TABLE}") == [
        ("庙 · 第1段", "前言。"),
        ("表1第1行 · 庙", "名称：孔庙；级别：国家级。"),
        ("表1第2行 · 庙", "名称：孟庙；级别：省|级。"),
        ("庙 · 第2段", "后文。"),
        ("表2第1行 · 庙", "名称：孔庙；级别：国家级。"),
        ("表2第2行 · 庙", "名称：孟庙；级别：省|级。"),
    ]


def test_a_row_that_looks_like_a_heading_is_found() -> None:
    assert passages("# 题\n\n| # 号 | 名称 |\n|---|---|\n| 1 | 孔庙 |") == [
        ("表1第1行 · 题", "号：1；名称：孔庙。")
    ]


@pytest.mark.parametrize("text", ["甲 | 乙", "甲\n---\n乙", "甲 | 乙\n丙 | 丁", "|\n\n|---|"])
def test_bars_alone_are_no_table(text: str) -> None:
    assert read_markdown(text.encode(), "a.md", LIMITS).text == text


@pytest.mark.parametrize("bullet", ["- ", "* ", "12. ", "  + "])
def test_items_are_not_cut(bullet: str) -> None:
    items = [f"第{n}项：{ITEM * 2}" for n in range(6)]
    found = passages("# 题\n前言：\n" + "".join(f"{bullet}{item}\n" for item in items) + "\n后文。")
    assert all(any(item in text for _, text in found) for item in items)
    assert found[-1][1] == "后文。"
    assert len({place for place, _ in found[:-1]}) == len(found) - 1


def test_a_line_set_in_under_an_item_is_part_of_it() -> None:
    text = f"- 甲：{ITEM}{ITEM}\n  {ITEM}\n\n- 乙：{ITEM}{ITEM}\n  {ITEM}\n"
    assert [" ".join(text.split()) for _, text in passages(text)] == [
        f"甲：{ITEM}{ITEM} {ITEM}",
        f"乙：{ITEM}{ITEM} {ITEM}",
    ]


@given(
    st.lists(
        st.sampled_from(
            ["# 题", "## 节", "", "正文。", ITEM * 9, "甲 | 乙", "|", "---", "**重**。"]
        )
        | st.text(st.characters(exclude_categories=["Cc", "Co", "Cs"]), max_size=15),
        max_size=12,
    ).map("\n".join)
)
def test_without_tables_and_lists_nothing_changes(body: str) -> None:
    if ("|" in body and "-" in body) or not clean_markdown(body).strip():
        return
    if any(line.lstrip()[:1] in "-*+0123456789" for line in body.split("\n") if line.strip()):
        return
    reading = read_markdown(f"---\nid: a\n---\n{body}".encode(), "a.md", LIMITS)
    clean = clean_markdown(body)
    assert reading.text == clean
    assert reading.blocks == markdown_blocks(clean)


@given(
    st.lists(
        st.sampled_from([TABLE, f"- {ITEM * 3}", f"- {ITEM}\n  {ITEM}", "1. 甲", "", "# 题", "正文。", "||", "|-|"])
        | st.text("|-\\# 甲\n", max_size=12),
        max_size=12,
    ).map("\n".join)
)  # fmt: skip
def test_blocks_are_in_order_and_offsets_are_exact(body: str) -> None:
    reading = read_markdown(body.encode(), "a.md", LIMITS)
    at = 0
    for block in reading.blocks:
        assert at <= block.start < block.end <= len(reading.text)
        at = block.end
    passages(body)
