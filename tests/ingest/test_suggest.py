"""Suggestions: what is told, from what, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qilu_rag.ingest.suggest import Suggester, Suggestion
from qilu_rag.types import Block, Document, Entry, Era, Place

Vector = NDArray[np.float32]


def vector(*values: float) -> Vector:
    array = np.array(values, dtype=np.float32)
    return np.asarray(array / np.linalg.norm(array), dtype=np.float32)


FIGURE, SPRING, OTHER = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)
ENTRIES = (
    Entry(id="kongzi", title="孔子", category="figures", aliases=("孔丘",),
          place=Place(city="济宁", county="曲阜"), era=Era(start=-551, end=-479)),
    Entry(id="mengzi", title="孟子", category="figures",
          place=Place(city="济宁市"), era=Era(start=-372, end=-289)),
    Entry(id="yanhui", title="颜回", category="figures", place=Place(city="济宁")),
    Entry(id="baotuquan", title="趵突泉", category="landscapes", place=Place(city="济南")),
    Entry(id="daminghu", title="大明湖", category="landscapes", place=Place(city="济南")),
    Entry(id="mudan", title="菏泽牡丹", category="folk"),
)  # fmt: skip
CENTROIDS = np.stack([
    FIGURE, vector(9, 1, 0), vector(9, 0, 1), SPRING, vector(1, 9, 0), OTHER,
])  # fmt: skip
SUGGESTER = Suggester(ENTRIES, CENTROIDS)


def document(text: str, headings: tuple[str, ...] = (), entry_id: str = "new") -> Document:
    return Document(
        entry=Entry(id=entry_id, title=entry_id),
        text=text,
        blocks=(Block(start=0, end=len(text), headings=headings),) if text else (),
        source="new.txt",
        sha256="",
    )


def suggest(text: str, at: Vector = OTHER, headings: tuple[str, ...] = ()) -> Suggestion:
    return SUGGESTER.suggest(document(text, headings), at)


# Category and neighbours


def test_the_category_is_that_of_the_nearest() -> None:
    given = suggest("甲", FIGURE)
    assert given.category == "figures"
    assert given.related[:3] == ("kongzi", "mengzi", "yanhui")
    assert len(given.related) == 5
    assert given.why["category"] == "3 of the 5 nearest entries are of Figures"
    assert suggest("甲", SPRING).category == "landscapes"


def test_between_two_categories_none_is_told() -> None:
    given = suggest("甲", vector(1, 1, 0))
    assert given.category is None
    assert "category" not in given.why
    assert given.related


def test_far_from_all_entries_none_is_told() -> None:
    assert suggest("甲", vector(-1, -1, -1)).category is None


def test_an_entry_has_no_say_in_itself() -> None:
    given = SUGGESTER.suggest(document("孔子" * 9, entry_id="kongzi"), FIGURE)
    assert given.related[0] == "mengzi"
    assert "kongzi" not in given.related
    assert given.city is None


@pytest.mark.parametrize("entries", [(), ENTRIES[:1]])
def test_with_few_entries_little_is_told(entries: tuple[Entry, ...]) -> None:
    small = Suggester(entries, CENTROIDS[: len(entries)])
    given = small.suggest(document("此地在济南市历下区。"), FIGURE)
    assert given.category is None
    assert given.city == "济南"
    assert given.related == tuple(entry.id for entry in entries)


def test_each_entry_has_a_centroid() -> None:
    with pytest.raises(ValueError, match="one centroid for each"):
        Suggester(ENTRIES, CENTROIDS[:2])


# City


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("这座桥在青州市城北。", "潍坊"),
        ("這座橋在濟南。", "济南"),
        ("书院由孔子后人修建，孟子、颜回、孔丘配享。", "济宁"),
        ("济南与青岛之间有铁路。", None),
        ("书院纪念孔子。", None),
        ("泰山上的牡丹开了，平原上的市中区也开了。", None),
        ("", None),
    ],
)
def test_the_city_is_the_one_that_is_named(text: str, city: str | None) -> None:
    given = suggest(text)
    assert given.city == city
    assert ("city" in given.why) == (city is not None)


def test_a_city_named_late_and_once_is_named_in_passing() -> None:
    assert suggest("文" * 300 + "济南").city is None
    assert suggest("文" * 300 + "济南、历城、章丘").city == "济南"


def test_the_opening_counts_more_than_the_rest() -> None:
    given = suggest("这座会馆在聊城。" + "文" * 300 + "商人来自济宁、临清和济宁。")
    assert given.city == "聊城"
    assert given.why["city"] == "the text names 聊城、临清"


# Era


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("边贡（1476年—1532年）字廷实。", (1476, 1532)),
        ("孔伋（公元前483年—公元前402年），鲁国人。", (-483, -402)),
        ("某人（？—前250）是齐国人。", (None, -250)),
        ("这座塔建于北宋，1105年落成。", (961, 1279)),
        ("嘉靖年间重修，万历时又修。", (1369, 1644)),
        ("八路军在此设立医院，1938年迁走。", (1912, 1949)),
        ("本节（3—5）讲水利。", (None, None)),
        ("本节（0—99）讲水利。", (None, None)),
        ("倒写（1532—1476）的年份。", (1369, 1644)),
        ("唐代与清代都有记载。", (None, None)),
        ("2008年列入名录。", (None, None)),
        ("", (None, None)),
    ],
)
def test_the_era_is_the_one_that_the_text_names(
    text: str, years: tuple[int | None, int | None]
) -> None:
    given = suggest(text)
    assert (given.era_start, given.era_end) == years
    assert ("era" in given.why) == (years != (None, None))


def test_the_time_of_named_entries_counts() -> None:
    assert suggest("孔子、孔丘。").era_start == -770


# Title


@pytest.mark.parametrize(
    ("text", "headings", "title"),
    [
        ("正文从这里开始。", ("泺口黄河铁路大桥", "结构"), "泺口黄河铁路大桥"),
        ("泺口黄河铁路大桥\n大桥在济南。", (), "泺口黄河铁路大桥"),
        ("泺口桥是铁路桥。泺口桥长千米。人们爱泺口桥。", (), "泺口桥"),
        ("《老残游记》是小说。老残游记写济南。老残游记有名。", (), "老残游记"),
        ("泺口桥是铁路桥，长千米。", (), None),
        ("正文从这里开始。", ("长" * 50,), None),
        ("", (), None),
    ],
)
def test_the_title_is_a_heading_a_line_or_the_subject(
    text: str, headings: tuple[str, ...], title: str | None
) -> None:
    given = suggest(text, headings=headings)
    assert given.title == title
    assert ("title" in given.why) == (title is not None)


@given(
    st.text(alphabet="（(前1234—年）)济南孔子曲阜清代《》是，。\n ？", max_size=80),
    st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3),
)
def test_any_document_gets_the_same_sound_suggestions(text: str, values: list[float]) -> None:
    at = np.array(values, dtype=np.float32)
    given = suggest(text, at)
    assert given == suggest(text, at)
    years = [year for year in (given.era_start, given.era_end) if year is not None]
    assert years == sorted(years)
    assert 0 not in years
    assert given.title is None or (given.title.strip() and len(given.title) <= 40)
    told = {"category", "city", "title"} - {
        name for name in ("category", "city", "title") if getattr(given, name) is None
    }
    assert set(given.why) - {"era"} == told
    assert all(why and "\n" not in why for why in given.why.values())
