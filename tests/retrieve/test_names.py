"""Names: which entries a question names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.retrieve.names import NameMatcher, names_of
from qilu_rag.text.fold import fold
from qilu_rag.types import Entry, Place

ENTRIES = [
    Entry(id="taishan", title="泰山", title_en="Mount Tai", aliases=("岱宗", "岳")),
    Entry(id="trail", title="泰山登山", title_en="Mount Tai Trail"),
    Entry(id="mengzi", title="孟子", title_en="Mencius, the philosopher"),
    Entry(id="mengzi-book", title="孟子（书）", title_en="Mencius (book)"),
    Entry(id="kongfu", title="孔府"),
    Entry(id="qi", title="齐国", title_en="Qi"),
]
NAMES = NameMatcher(ENTRIES)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("泰山有多高", ("taishan",)),
        ("岱宗夫如何", ("taishan",)),
        ("岳", ()),
        ("泰山登山要多久", ("trail",)),
        ("登泰山登山", ("trail",)),
        ("孔府和泰山", ("kongfu", "taishan")),
        ("泰山，泰山", ("taishan",)),
        ("孟子是谁", ("mengzi", "mengzi-book")),
        ("孟子（书）有几篇", ("mengzi-book",)),
        ("How high is mount tai?", ("taishan",)),
        ("the Mount Tai trail", ("trail",)),
        ("MENCIUS", ("mengzi", "mengzi-book")),
        ("mount taipei", ()),
        ("amount tai", ()),
        ("在mount tai上", ("taishan",)),
        ("泰山和mount tai", ("taishan",)),
        ("qi", ()),
        ("長江", ()),
        ("", ()),
    ],
)
def test_examples(text: str, entries: tuple[str, ...]) -> None:
    assert NAMES.entries_in(text) == entries


def test_names_are_folded() -> None:
    names = NameMatcher([Entry(id="a", title="齊國故城", title_en="Ｌｉｎｚｉ")])
    assert names.entries_in("齐国故城") == names.entries_in("齊國故城") == ("a",)
    assert names.entries_in("LINZI") == ("a",)


def test_what_stands_in_brackets_is_no_part_of_the_name() -> None:
    assert names_of(ENTRIES[3]) == ["孟子(书)", "mencius (book)", "孟子", "mencius"]
    assert names_of(ENTRIES[0]) == ["泰山", "mount tai", "岱宗"]


@given(
    st.lists(
        st.sampled_from(["泰山", "登山", "孟子", "（书）", "孔", "府", "mount ", "tai", "x", " "])
    )
)
def test_mentions_are_in_order_and_where_they_say(parts: list[str]) -> None:
    text = "".join(parts)
    at = 0
    for mention in NAMES.mentions(text):
        assert at <= mention.start < mention.end
        assert fold(text)[mention.start : mention.end] == mention.name
        assert mention.entries
        at = mention.end


def test_no_entries() -> None:
    assert NameMatcher([]).mentions("泰山") == []


@pytest.mark.parametrize(
    ("text", "titled"),
    [
        ("岱宗夫如何", "泰山夫如何"),
        ("How high is Mount Tai?", "how high is 泰山?"),
        ("孔府和岱宗", "孔府和泰山"),
        ("mencius的母亲", "mencius的母亲"),
        ("孟子（书）有几篇", "孟子(书)有几篇"),
        ("泰山多高", "泰山多高"),
        ("泰山为什么叫岱宗", "泰山为什么叫岱宗"),
        ("長江", "长江"),
    ],
)
def test_other_names_give_way_to_titles(text: str, titled: str) -> None:
    assert NAMES.by_title(text) == titled


@given(st.text(alphabet="泰山岱宗孔府孟子（书） mount taiqi", max_size=30))
def test_titles_name_the_same_entries(text: str) -> None:
    assert set(NAMES.entries_in(text)) <= set(NAMES.entries_in(NAMES.by_title(text)))


NAMESAKES = NameMatcher(
    [
        Entry(
            id="qufu",
            title="曲阜孔庙",
            aliases=("孔庙",),
            place=Place(city="济宁", county="曲阜市"),
        ),
        Entry(id="jinan", title="济南文庙", aliases=("孔庙",), place=Place(city="济南")),
        Entry(id="man", title="孟子", kind="person"),
        Entry(id="book", title="孟子（书）", kind="text"),
        Entry(id="original", title="《孟子》原文", aliases=("孟子",), origin="original"),
        Entry(id="lunyu", title="论语", kind="text"),
        Entry(id="lunyu-original", title="《论语》原文", aliases=("论语",), origin="original"),
    ]
)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("孔庙有多少碑刻", [("qufu", "jinan")]),
        ("孔廟在哪裏", [("qufu", "jinan")]),
        ("曲阜的孔庙有多少碑刻", []),
        ("济宁市孔庙", []),
        ("曲阜孔庙和孔庙", []),
        ("孟子说过什么", [("man", "book")]),
        ("《孟子》说过什么", []),
        ("孟子是谁", []),
        ("论语有多少篇", []),
        ("孔庙和孟子", [("qufu", "jinan"), ("man", "book")]),
        ("泰山", []),
    ],
)
def test_names_of_several_entries(text: str, entries: list[tuple[str, ...]]) -> None:
    found = NAMESAKES.ambiguous(text)
    assert [tuple(entry.id for entry in name.entries) for name in found] == entries
