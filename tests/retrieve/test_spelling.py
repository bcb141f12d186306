"""Spelling: what sounds like a name becomes it, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.retrieve.query import understand
from qilu_rag.types import Entry

NAMES = NameMatcher(
    [
        Entry(id="baotuquan", title="趵突泉", title_en="Baotu Spring", aliases=("槛泉",)),
        Entry(id="kongzi", title="孔子", title_en="Confucius", aliases=("孔夫子", "仲尼")),
        Entry(id="taishan", title="泰山", title_en="Mount Tai", aliases=("岱宗", "Taishan")),
        Entry(id="songjiangzhai", title="宋江寨"),
        Entry(id="dong-yong", title="董永", title_en="Dong Yong"),
        Entry(id="kuaishu", title="山东快书"),
    ]
)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("暴突泉为什么叫天下第一泉", "趵突泉为什么叫天下第一泉"),
        ("報突泉在哪裡？", "趵突泉在哪裡？"),
        ("趵泉突在哪里", "趵突泉在哪里"),
        ("山东快叔怎么演", "山东快书怎么演"),
        ("Who was Confusius?", "Who was Confucius?"),
        ("How high is T'ai-shan?", "How high is Taishan?"),
        ("baotuquan在哪", "趵突泉在哪"),
        ("kong fu zi活了多少岁", "孔夫子活了多少岁"),
    ],
)
def test_a_slip_is_put_right(typed: str, right: str) -> None:
    assert NAMES.spelled(typed) == right


@pytest.mark.parametrize(
    "typed",
    [
        "趵突泉在哪里",
        "宋江在郓城县做什么",  # 在 is no slip of 寨
        "山东快板怎么演",  # another thing than 山东快书
        "抱图权",  # nothing of the name is left but its sound
        "有空子可钻吗",  # a word of its own
        "What is there in Dongying?",  # a city, not Dong Yong
        "Where is the mountain?",
        "",
    ],
)
def test_what_is_no_slip_stays(typed: str) -> None:
    assert NAMES.spelled(typed) == typed


def test_a_sound_of_two_names_is_nobodys() -> None:
    names = NameMatcher([Entry(id="a", title="鲁南王墓"), Entry(id="b", title="鲁南旺墓")])
    assert names.spelled("鲁南网墓在哪") == "鲁南网墓在哪"


def test_the_question_as_typed_is_kept() -> None:
    query = understand("暴突泉有多深", NAMES)
    assert (query.asked, query.text) == ("暴突泉有多深", "趵突泉有多深")
    assert query.names == ("baotuquan",)


def test_a_follow_up_leans_on_what_was_meant() -> None:
    assert understand("它有多深", NAMES, history=["暴突泉在哪里"]).text == "趵突泉有多深"


@given(st.text(max_size=60))
def test_any_text_is_spelled_once_and_for_all(text: str) -> None:
    once = NAMES.spelled(text)
    assert len(once) <= 20 * len(text) + 20
    if once == text:
        assert NAMES.spelled(once) == text


@given(
    st.sampled_from(["趵突泉", "孔子", "山东快书", "Confucius"]),
    st.text(alphabet="的在哪里有多高，。 ", max_size=10),
    st.text(alphabet="的在哪里有多高，。 ", max_size=10),
)
def test_a_name_written_right_is_left_alone(name: str, before: str, after: str) -> None:
    assert NAMES.spelled(before + name + after) == before + name + after
