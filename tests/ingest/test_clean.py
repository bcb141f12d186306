"""Cleaning: markup and print layout go, what an author wrote stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.ingest.clean import clean_markdown, clean_pages, clean_text, join_lines

ANY = st.text(st.characters()) | st.text(
    st.sampled_from("a泰\n\r\t \x0b\x0c\x1c\x85\u2028\u2029\ufeff\x00")
)


@given(ANY)
def test_no_letter_or_digit_is_lost(text: str) -> None:
    kept = [char for char in text if char.isalnum()]
    assert [char for char in clean_text(text) if char.isalnum()] == kept


@given(ANY)
def test_nothing_unseen_is_left(text: str) -> None:
    cleaned = clean_text(text)
    assert {unicodedata.category(char) for char in cleaned if char not in "\n\t"}.isdisjoint(
        {"Cc", "Cs", "Co", "Zl", "Zp"}
    )
    assert "\n\n\n" not in cleaned
    assert not any(line.endswith((" ", "\t")) for line in cleaned.split("\n"))
    assert cleaned.strip("\n") == cleaned


@given(ANY)
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    "end", ["\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_every_line_end_is_a_line_end(end: str) -> None:
    assert clean_text(f"一{end}二") == "一\n二"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("泰山在山东[s1]。高[s12]", "泰山在山东。高"),
        ("**泰山**和__黄河__与`代码`", "泰山和黄河与代码"),
        ("见[泰山](taishan.md)和![图](a.png)", "见泰山和图"),
        ("- 一\n* 二\n+ 三\n1. 四", "一\n二\n三\n四"),
        ("前<!-- 注\n释 -->后", "前后"),
        ("2 * 3 * 4 和 a_b_c", "2 * 3 * 4 和 a_b_c"),
        ("［s1］和[1]和[注]", "［s1］和[1]和[注]"),
        ("## 标题\n\n正文", "## 标题\n\n正文"),
    ],
)
def test_markdown(text: str, cleaned: str) -> None:
    assert clean_markdown(text) == cleaned


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("泰山在", "山东", "泰山在山东"),
        ("The mountain", "is old", "The mountain is old"),
        ("The moun-", "tain", "The mountain"),
        ("Qi-", "Lu", "Qi- Lu"),
        ("泰山 Mount", "泰", "泰山 Mount泰"),
    ],
)
def test_joining_broken_lines(first: str, second: str, joined: str) -> None:
    assert join_lines(first, second) == joined


def test_running_heads_and_page_numbers_go() -> None:
    bodies = ["泰山很高。", "黄河很长。", "趵突泉很清。", "孔庙很大。", "崂山近海。"]
    pages = [f"泰山导览\n{body}\n- {n} -" for n, body in enumerate(bodies, start=1)]
    assert clean_pages(pages) == [[body] for body in bodies]


def test_running_heads_may_hold_the_page_number() -> None:
    bodies = ["泰山很高。", "黄河很长。", "趵突泉很清。"]
    pages = [f"导览 第{n}页\n{body}" for n, body in enumerate(bodies, start=1)]
    assert clean_pages(pages) == [[body] for body in bodies]


def test_a_line_that_comes_once_stays() -> None:
    pages = ["甲。\n一。\n二。", "乙。\n三。\n四。", "丙。\n五。\n六。"]
    assert clean_pages(pages) == [
        ["甲。", "一。", "二。"],
        ["乙。", "三。", "四。"],
        ["丙。", "五。", "六。"],
    ]


def test_lines_broken_by_the_page_are_joined() -> None:
    page = "泰山的主峰叫做玉皇顶，它的海\n拔有一千五百多米，在山东省的\n中部。\n封禅\n秦始皇到泰山封禅。"
    assert clean_pages([page]) == [
        [
            "泰山的主峰叫做玉皇顶，它的海拔有一千五百多米，在山东省的中部。",
            "封禅",
            "秦始皇到泰山封禅。",
        ]
    ]
