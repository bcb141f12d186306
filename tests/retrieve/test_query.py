"""Understanding a question: names, follow-ups, and what is no question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.errors import InputError
from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.retrieve.query import understand
from qilu_rag.types import Entry, Filters

NAMES = NameMatcher(
    [
        Entry(id="kongzi", title="孔子", title_en="Confucius"),
        Entry(id="taishan", title="泰山", title_en="Mount Tai"),
    ]
)


def test_a_first_question() -> None:
    query = understand(
        "  孔子 登过\n泰山吗 ", NAMES, filters=Filters(category="figures", city="济宁")
    )
    assert query.asked == query.text == "孔子 登过 泰山吗"
    assert query.names == ("kongzi", "taishan")
    assert (query.language, query.filters.category, query.filters.city) == ("zh", "figures", "济宁")
    assert understand("Who was Confucius?", NAMES).language == "en"


def test_a_follow_up_stands_alone_and_is_named() -> None:
    query = understand("那他的弟子呢", NAMES, history=["泰山多高", "孔子是谁", "谢谢"])
    assert query.asked == "那他的弟子呢"
    assert query.text == "孔子的弟子呢"
    assert query.names == ("kongzi",)
    assert not query.unclear


@pytest.mark.parametrize(
    "question", ["他有多少弟子", "那他的弟子呢", "它有多高", "Where was he born?", "山东有哪些名山"]
)
def test_a_first_question_is_never_rewritten(question: str) -> None:
    assert understand(question, NAMES).text == question
    assert understand(question, NAMES).names == ()


def test_a_follow_up_that_names_do_not_tell_is_unclear() -> None:
    query = understand("他是谁", NAMES, history=["谁发明了活字"])
    assert (query.text, query.unclear) == ("谁发明了活字 他是谁", True)


@pytest.mark.parametrize("question", ["", " \n", "？！", "……", "\u200b", "“”"])
def test_an_empty_question(question: str) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        understand(question, NAMES)


def test_a_long_question() -> None:
    with pytest.raises(InputError) as caught:
        understand("问" * 501, NAMES)
    assert "501" in str(caught.value)
    assert "500" in str(caught.value)
    assert understand("问" * 500, NAMES).asked == "问" * 500
    with pytest.raises(InputError, match="limit of 10"):
        understand("问" * 11, NAMES, limit=10)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InputError, match="broken character"):
        understand("孔\udcff子", NAMES)


@given(st.text(st.characters()), st.lists(st.text(st.characters()), max_size=3))
def test_anything_is_a_query_or_an_input_error(question: str, history: list[str]) -> None:
    try:
        query = understand(question, NAMES, history=history)
    except InputError as error:
        str(error).encode()
    else:
        assert query.text == query.asked or history
        query.text.encode()
