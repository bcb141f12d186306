"""Follow-ups: what they lean on is put in, and what stands alone is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.retrieve.follow_up import StandAlone, remembered, stand_alone
from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.retrieve.pointers import pointers
from qilu_rag.types import Entry

NAMES = NameMatcher(
    [
        Entry(id="kongzi", title="孔子", title_en="Confucius", kind="person"),
        Entry(id="mengzi", title="孟子", title_en="Mencius", kind="person"),
        Entry(id="mengzi-book", title="孟子（书）", kind="text"),
        Entry(id="taishan", title="泰山", title_en="Mount Tai", kind="landscape", aliases=("岱宗",)),
        Entry(id="laoshan", title="崂山", title_en="Mount Lao", kind="landscape"),
        Entry(id="lunyu", title="论语", title_en="The Analects", kind="text"),
        Entry(id="kongmiao", title="曲阜孔庙", title_en="Temple of Confucius", kind="site"),
        Entry(id="culaishan", title="徂徕山起义", kind="event"),
        Entry(id="luju", title="吕剧", kind="practice"),
        Entry(id="unknown", title="琅琊"),
    ]
)  # fmt: skip


def alone(question: str, *history: str) -> str:
    return stand_alone(question, history, NAMES).text


@pytest.mark.parametrize(
    ("history", "question", "text"),
    [
        ("孔子是哪里人", "那他的弟子呢", "孔子的弟子呢"),
        ("孔子是哪里人？", "他活了多少岁", "孔子活了多少岁"),
        ("孔子是哪里人", "其弟子有谁", "孔子的弟子有谁"),
        ("孔子是哪里人", "那么，这个人葬在哪里", "孔子葬在哪里"),
        ("孔子是谁", "他和孟子谁年长", "孔子和孟子谁年长"),
        ("泰山在哪", "它在哪个城市", "泰山在哪个城市"),
        ("岱宗在哪", "那座山有多高", "岱宗有多高"),
        ("泰山在哪", "那里有什么石刻", "泰山有什么石刻"),
        ("论语是谁编的", "这部书有几篇", "论语有几篇"),
        ("吕剧是哪里的", "这种戏原来叫什么", "吕剧原来叫什么"),
        ("徂徕山起义在哪", "这次起义是哪天", "徂徕山起义是哪天"),
        ("琅琊是什么", "他是谁", "琅琊是谁"),
        ("Who was Confucius?", "Where was he born?", "Where was Confucius born?"),
        ("Who was Confucius?", "And who were his disciples?", "who were Confucius's disciples?"),
        ("Where is Mount Tai?", "how tall is it?", "how tall is Mount Tai?"),
        ("Where is Mount Tai?", "What stands there?", "What stands at Mount Tai?"),
        ("Who wrote The Analects?", "How long is the book?", "How long is The Analects?"),
        ("孔子是谁", "Where was he born?", "Where was Confucius born?"),
        ("Who was Confucius?", "他是哪里人", "孔子是哪里人"),
    ],
)  # fmt: skip
def test_a_pointer_gives_way_to_the_name(history: str, question: str, text: str) -> None:
    assert alone(question, history) == text


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("它有多高", "泰山有多高"),
        ("他哪年去的", "孔子哪年去的"),
        ("这部书讲什么", "论语讲什么"),
        ("How high is it?", "How high is Mount Tai?"),
    ],
)
def test_the_kind_decides_between_names(question: str, text: str) -> None:
    assert alone(question, "论语是谁编的", "孔子登过泰山吗") == text


@pytest.mark.parametrize(
    ("history", "question", "text"),
    [
        (["孔子活了多少岁？"], "那孟子呢", "孟子活了多少岁？"),
        (["孔子活了多少岁？"], "孟子呢？", "孟子活了多少岁？"),
        (["泰山有多高"], "还有崂山呢", "崂山有多高"),
        (["泰山有多高", "那崂山呢"], "那泰山呢", "泰山有多高"),
        (["泰山有多高"], "What about Mount Lao?", "崂山有多高"),
        (["How high is Mount Tai?"], "what about Mount Lao?", "How high is Mount Lao?"),
        (["How high is Mount Tai?"], "and Mount Lao", "How high is Mount Lao?"),
        (["孔子登过泰山吗"], "那崂山呢", "孔子登过崂山吗"),
    ],
)
def test_a_name_alone_takes_the_place_of_the_one_before(
    history: list[str], question: str, text: str
) -> None:
    assert alone(question, *history) == text


def test_a_name_of_another_kind_does_not() -> None:
    assert alone("那孔子呢", "泰山有多高") == "那孔子呢"


@pytest.mark.parametrize(
    ("history", "question", "text"),
    [
        ("孔子是谁", "那弟子呢", "孔子弟子呢"),
        ("曲阜孔庙在哪", "什么时候建的", "曲阜孔庙什么时候建的"),
        ("徂徕山起义在哪", "起义是哪天举行的", "徂徕山起义是哪天举行的"),
        ("Who was Confucius?", "When?", "Confucius: When?"),
        ("Who was Mencius?", "and the temple?", "Mencius: the temple?"),
        ("Where is the Temple of Confucius?", "Who built the temple?", "Who built Temple of Confucius?"),
    ],
)  # fmt: skip
def test_a_piece_of_a_question_is_led_by_the_name(history: str, question: str, text: str) -> None:
    assert alone(question, history) == text


@pytest.mark.parametrize(
    "question",
    ["第二个呢", "还有别的吗", "为什么？", "为啥", "详细说说", "why?", "the second one?"],
)
def test_some_rest_on_the_whole_question_before(question: str) -> None:
    found = stand_alone(question, ["孔子有哪些弟子？"], NAMES)
    assert found == StandAlone(text=f"孔子有哪些弟子？ {question}", unclear=True)


def test_what_no_name_tells_is_unclear() -> None:
    found = stand_alone("他是哪里人", ["谁发明了活字"], NAMES)
    assert found == StandAlone(text="谁发明了活字 他是哪里人", unclear=True)


@pytest.mark.parametrize(
    "question",
    [
        "趵突泉的水有多少度",
        "泰山有多高",
        "那泰山在哪里",
        "孟子的母亲怎么教他",
        "山东有哪些名山",
        "谁发明了活字印刷",
        "Who built the temple in Penglai?",
        "Are there lotus flowers in Weishan Lake?",
        "其实蒲家庄的人种什么",
    ],
)
def test_what_stands_alone_is_left_alone(question: str) -> None:
    assert alone(question, "孔子是谁") == question


@pytest.mark.parametrize("question", ["他有多少弟子", "那弟子呢", "为什么", "Where was he born?"])
def test_a_first_question_is_never_touched(question: str) -> None:
    assert stand_alone(question, [], NAMES) == StandAlone(text=question)
    assert stand_alone(question, ["", "？！", "\ud800"], NAMES) == StandAlone(text=question)


def test_what_the_entry_holds_decides_where_nothing_points() -> None:
    history, question = ["曲阜孔庙在哪"], "门联上的富字为什么少一点"

    def asked(share: float) -> str:
        return stand_alone(question, history, NAMES, told=lambda *_: share).text

    assert asked(0.9) == "曲阜孔庙门联上的富字为什么少一点"
    assert asked(0.1) == alone(question, *history) == question


def test_only_the_last_few_questions_are_remembered() -> None:
    history = ["孔子是谁", *["你好"] * 6]
    assert stand_alone("他是哪里人", history, NAMES).unclear
    assert alone("他是哪里人", *history[:6]) == "孔子是哪里人"
    assert remembered(["a" * 900], 500) == ["a" * 500]


def test_follow_ups_may_be_chained() -> None:
    history = ["孔子是哪里人", "他活了多少岁", "那孟子呢"]
    assert alone("他的母亲是谁", *history) == "孟子的母亲是谁"


PARTS = st.sampled_from(["他", "它", "那", "其", "孔子", "泰山", "的", "弟子", "多高", "呢", "？", "还有", "第二个", "it", " the temple", " Mount Tai", "\ud800", "为什么", " ", "這座山"])  # fmt: skip
TALK = st.lists(PARTS, max_size=8).map("".join)


@given(TALK, st.lists(TALK, max_size=8))
def test_whatever_is_said_it_is_bounded_and_made_of_what_was_said(
    question: str, history: list[str]
) -> None:
    found = stand_alone(question, history, NAMES, limit=60)
    assert len(found.text) <= 60 + len(question) + 20 * (len(question) + 1)
    assert found.text == question or history
    spans = [(p.start, p.end) for p in pointers(question)]
    assert spans == sorted(spans)
    assert all(a < b for a, b in spans)
    said = " ".join([question, *history])
    assert set(found.text) <= set(said + said.casefold() + "孔子泰山Confucius Mount Tai的's: at")
    assert "\ud800" not in found.text or "\ud800" in question
