"""Quotations are located to the letter, over passages, in either script, or said not to stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.errors import InputError
from qilu_rag.retrieve.locate import Locator
from qilu_rag.text.fold import squash
from qilu_rag.types import Entry, Passage

LUNYU = Entry(id="lunyu", title="《论语》原文", origin="original")
DAXUE = Entry(id="daxue", title="《大学》原文", origin="original")
OTHER = Entry(id="about", title="论语")
TEXTS = {
    "lunyu": [
        ("《论语·学而》1.1", "子曰：“学而时习之，不亦说乎？有朋自远方来，不亦乐乎？"),
        ("《论语·学而》1.1", "人不知而不愠，不亦君子乎？”"),
        ("《论语·颜渊》12.2", "子曰：“出门如见大宾，使民如承大祭。己所不欲，勿施于人。”"),
        ("《论语·卫灵公》15.24", "子曰：“其恕乎！己所不欲，勿施于人。”"),
    ],
    "daxue": [("《大学》第1段", "大學之道，在明明德，在親民，在止於至善。")],
    "about": [("概述", "论语记录了孔子的话：逝者如斯夫。")],
}


def passages() -> list[Passage]:
    return [
        Passage(
            id=f"{entry}#{number}",
            entry_id=entry,
            text=text,
            start=0,
            end=len(text),
            locator=locator,
            source="x",
            sentences=((0, len(text)),),
        )
        for entry, rows in TEXTS.items()
        for number, (locator, text) in enumerate(rows, start=1)
    ]


ENTRIES = {entry.id: entry for entry in (LUNYU, DAXUE, OTHER)}
LOCATOR = Locator(passages(), ENTRIES)


def where(quotation: str, work: str | None = None) -> list[tuple[str, str]]:
    return [(place.locator, place.text) for place in LOCATOR.locate(quotation, work).found]


def test_every_place_that_holds_it() -> None:
    wanted = [
        ("《论语·颜渊》12.2", "己所不欲，勿施于人"),
        ("《论语·卫灵公》15.24", "己所不欲，勿施于人"),
    ]
    for quotation in ("己所不欲，勿施于人。", "己所不欲勿施於人", "「己所不欲, 勿施于人」"):
        assert where(quotation) == where(quotation, "论语") == wanted
        assert all(place.exact for place in LOCATOR.locate(quotation).found)


def test_the_source_is_given_in_its_own_script() -> None:
    assert where("大学之道在明明德") == [("《大学》第1段", "大學之道，在明明德")]


def test_a_quotation_over_two_passages() -> None:
    (place,) = LOCATOR.locate("不亦乐乎？人不知而不愠").found
    assert [passage.id for passage in place.passages] == ["lunyu#1", "lunyu#2"]
    assert place.text == "不亦乐乎？人不知而不愠"
    assert place.locator == "《论语·学而》1.1"


def test_words_left_out() -> None:
    assert where("学而时习之……不亦君子乎")[0][1].startswith("学而时习之，不亦说乎")
    # In the other order it does not stand anywhere.
    assert not any(p.exact for p in LOCATOR.locate("不亦君子乎……学而时习之").found)


def test_a_near_one_is_told_from_an_exact_one() -> None:
    (place,) = LOCATOR.locate("己所不想，勿施于人").found
    assert not place.exact
    assert 0.7 <= place.likeness < 1
    assert place.text.endswith("不欲，勿施于人")


def test_a_work_that_does_not_hold_it() -> None:
    assert where("大学之道在明明德", "论语") == []
    search = LOCATOR.locate("逝者如斯夫")  # stands in a text about the work, not in a work
    assert search.found == ()
    assert [entry.id for entry in search.works] == ["lunyu", "daxue"]


@pytest.mark.parametrize(
    ("quotation", "work", "why"),
    [
        ("", None, "has 0 characters"),
        ("，。！", None, "has 0 characters"),
        ("子曰", None, "give 3 to 500"),
        ("子" * 501, None, "has 501 characters"),
        ("学而时习之", "庄子", "no original text is called '庄子'; there are: 《论语》原文 《大学》原文"),
    ],
)  # fmt: skip
def test_what_is_refused(quotation: str, work: str | None, why: str) -> None:
    with pytest.raises(InputError, match=why):
        LOCATOR.locate(quotation, work)


def test_without_original_texts() -> None:
    with pytest.raises(InputError, match="qilu corpus pull classics"):
        Locator([], {}).locate("学而时习之")


WHOLE = "".join(text for _, text in TEXTS["lunyu"])


@given(st.integers(0, len(WHOLE) - 1), st.integers(6, 60), st.text("，。 　“”\u200b", max_size=3))
def test_any_piece_is_found_whatever_stands_between(start: int, length: int, noise: str) -> None:
    piece = WHOLE[start : start + length]
    if len(squash(piece)) < 3:
        return
    found = LOCATOR.locate(noise.join(piece)).found
    assert found
    assert all(place.exact for place in found)
    assert any(squash(place.text) == squash(piece) for place in found)
    assert all(place.text in "".join(p.text for p in place.passages) for place in found)


@given(st.text(max_size=40))
def test_any_text_is_answered_or_refused(text: str) -> None:
    try:
        found = LOCATOR.locate(text).found
    except InputError:
        return
    assert all(0.7 <= place.likeness <= 1 and place.text for place in found)
