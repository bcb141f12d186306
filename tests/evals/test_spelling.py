"""Misspelled names are made as people make them, and measured with and without the mending."""

from __future__ import annotations

import random

import pytest

from evals.cases import Case
from evals.spelling import measure, rewritten, slips
from qilu_rag.retrieve.search import Searcher

SLIPS = slips({"bao": "趵暴报", "tu": "突图", "quan": "泉全", "kong": "孔空", "zi": "子字"})


@pytest.mark.parametrize("kind", ["sounds alike", "swapped", "left out", "pinyin"])
def test_each_way_changes_a_chinese_name_as_it_says(kind: str) -> None:
    name, draw = "趵突泉泉", random.Random(7)
    wrong = {SLIPS[kind](name, draw) for _ in range(20)} - {None}
    assert wrong and name not in wrong
    if kind == "swapped":
        assert all(sorted(text or "") == sorted(name) for text in wrong)
    if kind == "left out":
        assert {len(text or "") for text in wrong} == {3}
    if kind == "pinyin":
        assert wrong == {"baotuquanquan", "bao tu quan quan"}


def test_english_names_lose_or_change_a_letter() -> None:
    wrong = {SLIPS["letter changed"]("confucius", random.Random(n)) for n in range(20)} - {None}
    assert wrong and all(text and text[0] == "c" and abs(len(text) - 9) <= 1 for text in wrong)
    assert SLIPS["letter changed"]("孔子", random.Random(1)) is None


def test_only_questions_that_name_their_entry_are_rewritten(searcher: Searcher) -> None:
    cases = [
        Case(id="1", question="孔子有多少弟子", language="zh", entry="kongzi", facts=()),
        Case(id="2", question="谁有多少弟子", language="zh", entry="kongzi", facts=()),
        Case(id="3", question="孔子的马叫什么", language="zh", entry=None, facts=()),
    ]
    some = list(rewritten(cases, searcher, SLIPS["pinyin"]))
    assert [case.id for case in some] == ["1"]
    assert "孔子" not in some[0].question and "有多少弟子" in some[0].question
    assert measure(cases, searcher).row_count == len(SLIPS)
