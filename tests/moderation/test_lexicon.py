"""The lexicon, against spellings and on the texts it must let pass."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.errors import ConfigError
from qilu_rag.moderation.lexicon import Lexicon
from qilu_rag.moderation.variants import squeeze
from qilu_rag.text.fold import fold_offsets

LIST = """
[allow]
phrases = ["武松打虎", "禁止赌博", "武松打虎 story", "大约炮"]

[[group]]
category = "illegal"
level = "unsafe"
terms = ["赌博", "赌博网站", "出售k粉", "fake id", "聚众赌", "约炮"]

[[group]]
category = "violence"
level = "controversial"
terms = ["打虎", "bomb"]
"""
LEXICON = Lexicon.from_toml(LIST)
DEFAULT = Lexicon.default()
CHINESE_TERMS = [
    term.text for term in DEFAULT.terms if not term.allowed and not term.text.isascii()
]


def found(text: str) -> list[tuple[str, str]]:
    """What stands in the text at each finding, and the finding's rule."""
    findings = LEXICON.find(text, "input")
    return [(text[finding.start : finding.end], finding.rule) for finding in findings]


def terms(text: str) -> list[str]:
    return [rule.removeprefix("lexicon.") for _, rule in found(text)]


@pytest.mark.parametrize(
    "spelling",
    [
        "赌博",
        "賭博",
        "赌_博",
        "赌 博",
        "赌　博",
        "赌*博",
        "赌-·-博",
        "赌，博",
        "赌...博",
        "赌……博",
        "赌\u200b博",
        "赌\u200d\u2060\ufeff\u00ad博",
        "赌\u0336博\u0336",
        "赌赌赌博博博博",
        "赌丨博",
        "賭\u3164_博",
        "赌😀博",
    ],
)
def test_spellings_of_a_chinese_term(spelling: str) -> None:
    text = f"有人{spelling}，有人看"
    (stretch, rule) = found(text)[0]
    assert rule == "lexicon.赌博"
    assert stretch.startswith(spelling[0])
    assert squeeze(stretch).text == "赌博"


@pytest.mark.parametrize(
    "text",
    [
        "他从不赌。博山在淄博。",
        "赌！博",
        "赌？博",
        "赌\n博",
        "赌----博",
        "赌A博",
        "赌1博",
        "赌人博",
    ],
)
def test_what_parts_words_is_not_jumped(text: str) -> None:
    assert terms(text) == []


def test_latin_terms_match_whole_words_in_any_case() -> None:
    assert terms("a BOMB!") == ["bomb"]
    assert terms("买bomb吗") == ["bomb"]
    assert terms("ｂｏｍｂ") == ["bomb"]
    assert terms("bombard, bombs, ebomb, bomb2") == []
    assert terms("Fake-ID, fake   id, fake\nid") == ["fake id"] * 3
    assert terms("It is fake. Id est: not real.") == []


def test_terms_of_both_scripts() -> None:
    assert terms("出售K粉") == ["出售k粉"]
    assert terms("出售 Ｋ 粉") == ["出售k粉"]


def test_the_longest_term_is_told_once() -> None:
    assert found("赌博网站") == [("赌博网站", "lexicon.赌博网站")]


def test_terms_that_overlap_in_part_are_all_told() -> None:
    assert terms("聚众赌博") == ["聚众赌", "赌博"]


def test_an_allowed_phrase_covers_only_what_it_spans() -> None:
    assert terms("武松打虎在景阳冈") == []
    assert terms("武 松 打 虎") == []
    assert terms("打虎，武松打虎") == ["打虎"]
    assert terms("禁止赌博网站") == ["赌博网站"]
    assert terms("大约炮兵一团") == []


def test_same_findings_at_every_stage() -> None:
    assert (
        LEXICON.find("赌博", "input")
        == LEXICON.find("赌博", "output")
        == LEXICON.find("赌博", "document")
    )


def test_finding_holds_category_and_level() -> None:
    (finding,) = LEXICON.find("x bomb", "input")
    assert (finding.category, finding.level) == ("violence", "controversial")
    assert (finding.start, finding.end) == (2, 6)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[[group]\n", "not valid TOML"),
        ("[[group]]\ncategory = 'illegal'\nlevel = 'unsafe'\nwords = []\n", "group.0.terms"),
        (
            "[[group]]\ncategory = 'illegal'\nlevel = 'unsafe'\nterms = []\nwords = []",
            "group.0.words",
        ),
        ("[[group]]\ncategory = 'illegal'\nlevel = 'safe'\nterms = []\n", "group.0.level"),
        ("[[group]]\ncategory = 'Bad one'\nlevel = 'unsafe'\nterms = []\n", "group.0.category"),
        ("[[group]]\ncategory = 'illegal'\nlevel = 'unsafe'\nterms = [1]\n", "group.0.terms.0"),
        ("[allow]\nterms = []\n", "allow.terms"),
        ("extra = 1\n", "extra"),
        ("[[group]]\ncategory = 'illegal'\nlevel = 'unsafe'\nterms = ['！？']\n", "！？"),
        ("allow.phrases = ['a']\n[[group]]\ncategory='b'\nlevel='unsafe'\nterms=['Ａ']\n", "'Ａ'"),
    ],
)
def test_a_bad_list_names_file_and_key(text: str, part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Lexicon.from_toml(text, source="mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert part in str(caught.value)


def test_a_term_may_stand_twice_if_it_says_the_same() -> None:
    text = "[[group]]\ncategory='illegal'\nlevel='unsafe'\nterms=['賭博', '赌博']\n"
    assert len(Lexicon.from_toml(text).terms) == 1


def test_an_empty_list_finds_nothing() -> None:
    assert Lexicon.from_toml("").find("赌博", "input") == []


def test_the_list_that_ships_is_sound() -> None:
    listed = [term for term in DEFAULT.terms if not term.allowed]
    assert len(DEFAULT.terms) - len(listed) >= 40
    assert {term.category for term in listed} == {
        "violence",
        "sexual",
        "hate",
        "self_harm",
        "illegal",
    }
    for term in listed:
        # No single common word: two letters say too little in this subject.
        assert len(squeeze(term.text).text) >= 2
        findings = DEFAULT.find(term.text, "input")
        assert [finding.category for finding in findings] == [term.category], term


separators = st.text(
    st.characters(categories=["P", "S", "Zs", "Mn", "Cf"]).filter(
        lambda char: (
            not any(part.isalnum() or part in "。!?" for part in fold_offsets(char)[0])
            and char not in "\u0085\u2028\u2029"
        )
    ),
    max_size=3,
)


@given(st.data())
def test_separators_inside_do_not_hide_a_term(data: st.DataObject) -> None:
    term = data.draw(st.sampled_from(CHINESE_TERMS))
    spelt = term[0]
    for left, right in pairwise(term):
        if not (left.isascii() or right.isascii()):
            spelt += data.draw(separators)
        spelt += right
    text = f"你好，{spelt}。"
    assert any(
        finding.start <= 3 and finding.end >= 3 + len(spelt)
        for finding in DEFAULT.find(text, "input")
    )


PIECES = st.one_of(
    st.sampled_from([term.text for term in DEFAULT.terms]),
    st.sampled_from(["，", "。", " ", "\u200b", "_", "the ", "ＡＢ", "㈱", "山"]),
    st.text(st.characters(), max_size=4),
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_offsets_point_at_the_term(text: str) -> None:
    for finding in DEFAULT.find(text, "document"):
        assert 0 <= finding.start < finding.end <= len(text)
        term = finding.rule.removeprefix("lexicon.")
        assert squeeze(term).text in squeeze(text[finding.start : finding.end]).text


@given(st.text(st.characters()))
def test_squeezing_keeps_the_way_back(text: str) -> None:
    squeezed = squeeze(text)
    assert len(squeezed.text) == len(squeezed.origin)
    assert squeezed.origin == sorted(squeezed.origin)


def test_letters_of_another_script_that_look_the_same_are_the_same() -> None:
    text = "here: роrn sіtе"
    found = Lexicon.default().find(text, "input")
    assert [text[f.start : f.end] for f in found] == ["роrn sіtе"]
