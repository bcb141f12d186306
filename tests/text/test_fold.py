"""Folding: equal for what a reader takes for the same."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qilu_rag.text.fold import cjk_count, fold, is_cjk, simplify, squash

ANY = st.text(st.characters())  # half surrogate pairs, too
CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("孔子與論語", "孔子与论语"),
        ("ＱｉＬｕ　１２３", "qilu 123"),
        ("Straße", "strasse"),
        ("乾隆皇帝", "乾隆皇帝"),
        ("乾淨", "干净"),
        ("孔\udcff子", "孔\ufffd子"),
    ],
)
def test_folds_width_script_and_case(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(ANY | CHINESE)
def test_folding_again_changes_nothing(text: str) -> None:
    folded = fold(text)
    # 苧 is the simplified form of 薴 and the traditional form of 苎.
    assume("苧" not in folded)
    assert fold(folded) == folded


@given(ANY)
def test_never_raises(text: str) -> None:
    assert isinstance(fold(text), str)
    assert all(char.isalnum() for char in squash(text))


def test_simplifies_by_phrases() -> None:
    assert simplify("頭髮和發展") == "头发和发展"


@pytest.mark.parametrize(
    ("left", "right"),
    [("《論語·學而》", "论语学而"), ("Mount  Tai!", "mounttai"), ("１５３２．７", "1532 7")],
)
def test_squashed_texts_are_equal_for_equal_readings(left: str, right: str) -> None:
    assert squash(left) == squash(right) != ""


@pytest.mark.parametrize(
    ("char", "chinese"),
    [
        ("齐", True),
        ("㐀", True),
        ("豈", True),
        ("a", False),
        ("，", False),
        ("あ", False),
        ("〇", False),
    ],
)
def test_what_is_chinese(char: str, chinese: bool) -> None:
    assert is_cjk(char) is chinese
    assert cjk_count(char * 3) == 3 * chinese
