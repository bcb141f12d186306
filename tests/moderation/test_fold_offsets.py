"""Folding with the way back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.text.fold import fold_offsets

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF))
ANY = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "folded", "origin"),
    [
        ("", "", []),
        ("ＡＢ１", "ab1", [0, 1, 2]),
        ("賭博", "赌博", [0, 1]),
        ("赌\u200b博\ufe0f！", "赌博!", [0, 2, 4]),
        ("赌\u0336\u20dd博", "赌博", [0, 3]),
        ("㎏㈱", "kg(株)", [0, 0, 1, 1, 1]),
        ("e\u0301é", "ee", [0, 2]),
        ("Straße", "strasse", [0, 1, 2, 3, 4, 4, 5]),
        ("\u3164赌\u00ad博", "赌博", [1, 3]),
        ("\U0001f600\U00020000", "\U0001f600\U00020000", [0, 1]),
        ("a\ud800b", "a\ufffdb", [0, 1, 2]),
    ],
)
def test_examples(text: str, folded: str, origin: list[int]) -> None:
    assert fold_offsets(text) == (folded, origin)


@given(ANY)
def test_each_folded_character_comes_from_its_original(text: str) -> None:
    folded, origin = fold_offsets(text)
    assert len(folded) == len(origin)
    assert origin == sorted(origin)
    for index in set(origin):
        part = "".join(c for c, at in zip(folded, origin, strict=True) if at == index)
        assert fold_offsets(text[index])[0] == part


@given(ANY)
def test_nothing_invisible_is_left(text: str) -> None:
    folded, _ = fold_offsets(text)
    assert not {"Mn", "Me", "Cf"} & {unicodedata.category(char) for char in folded}


@given(CHINESE)
def test_folding_again_changes_nothing_but_one_rare_character(text: str) -> None:
    folded, _ = fold_offsets(text)
    # 薴 becomes 苧, which is also the traditional form of 苎.
    assert "苧" in folded or fold_offsets(folded)[0] == folded


@given(ANY, ANY)
def test_folds_piece_by_piece(left: str, right: str) -> None:
    assert fold_offsets(left + right)[0] == fold_offsets(left)[0] + fold_offsets(right)[0]
