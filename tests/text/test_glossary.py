"""The glossary: longest terms first, singular as plural, nothing for what it lacks."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.text.fold import is_cjk
from qilu_rag.text.glossary import chinese_words


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Which villages made land mines?", ["村", "地雷"]),
        ("Is there a MINE?", ["矿", "地雷"]),
        ("Who carved the cliff sutra?", ["刻", "雕刻", "摩崖", "刻经"]),
        ("clay toys and clay figures", ["泥玩具", "泥塑"]),
        ("the families' dynasties", ["家族", "家", "代", "朝"]),
        ("paper-cut", ["剪纸"]),
        ("谁立的无字碑", []),
        ("", []),
    ],
)
def test_words(question: str, words: list[str]) -> None:
    assert chinese_words(question) == words


@given(st.text())
def test_any_text_yields_chinese_words_once_each(question: str) -> None:
    found = chinese_words(question)
    assert len(found) == len(set(found))
    assert all(all(map(is_cjk, word)) for word in found)


def test_every_term_is_found_by_its_own_words() -> None:
    groups = tomllib.loads(files("qilu_rag.text").joinpath("glossary.toml").read_text("utf-8"))
    terms = [
        (term, chinese.split()) for group in groups.values() for term, chinese in group.items()
    ]
    assert len(terms) > 300
    for term, chinese in terms:
        assert chinese, term
        assert set(chinese_words(term)) == set(chinese), term
