"""Words: what is indexed and what is searched by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.text.words import bigrams, content_words, index_terms, query_terms, words

ANY = st.text(st.characters()) | st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF))


def test_long_words_come_with_the_short_ones_inside() -> None:
    assert {"中华", "人民", "共和国", "中华人民共和国"} <= set(words("中华人民共和国"))


def test_words_are_folded_and_keep_their_repeats() -> None:
    assert words("Tai TAI 泰山") == ["tai", "tai", "泰山"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("泰", ["泰"]),
        ("趵突泉", ["趵突", "突泉"]),
        ("泰山, 黄河", ["泰山", "黄河"]),
        ("Tai 1", []),
    ],
)
def test_bigrams(text: str, pairs: list[str]) -> None:
    assert bigrams(text) == pairs


@given(ANY)
def test_terms_are_one_token_each(text: str) -> None:
    terms = index_terms(text)
    assert all(term and not any(char.isspace() for char in term) for term in terms)
    assert set(terms) == set(words(text)) | set(bigrams(text))


@given(ANY)
def test_what_is_searched_by_is_indexed_and_named_once(text: str) -> None:
    terms = query_terms(text)
    assert len(terms) == len(set(terms))
    assert set(terms) <= set(index_terms(text))


def test_traditional_and_simplified_share_all_terms() -> None:
    assert query_terms("孔廟與孔林") == query_terms("孔庙与孔林")


def test_function_words_say_nothing() -> None:
    assert query_terms("Who was the author") == ["author"]
    assert content_words("泰山的主峰是什么") == ["泰山", "主峰"]
    assert content_words("what is it") == []
    assert content_words("是什么呢") == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("那座塔是谁建的", ["塔", "建"]),
        ("这部书删过吗", ["书", "删"]),
        ("经过济南", ["经过", "济南"]),
        ("哪吒", ["哪吒"]),
    ],
)
def test_pointing_words_and_particles_carry_no_meaning(text: str, kept: list[str]) -> None:
    assert content_words(text) == kept


def test_content_words_come_once() -> None:
    assert content_words("泰山，泰山，还是泰山").count("泰山") == 1
