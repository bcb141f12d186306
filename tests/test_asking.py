"""Asking: the model is asked for what rules can't do, and all that is put in is screened."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qilu_rag.asking import Asking
from qilu_rag.backends.fakes import FakeChat, broken_chat
from qilu_rag.moderation import Gate, build_gate
from qilu_rag.retrieve.search import Searcher
from qilu_rag.types import Filters

PHONE = "13812345678"


@pytest.fixture
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return build_gate(tmp_path_factory.mktemp("gate") / "review.sqlite")


def asking(gate: Gate, chat: FakeChat) -> Asking:
    return Asking(gate=gate, chat=chat, limit=500)


@pytest.mark.parametrize(
    ("question", "history"),
    [
        ("孔子是哪里人", []),
        ("他是哪里人", []),
        ("泰山多高", ["孔子是谁"]),
        ("那他的弟子呢", ["孔子是谁"]),
        ("那孟子呢", ["孔子是哪里人"]),
    ],
)
def test_the_model_is_not_asked_where_rules_do(
    searcher: Searcher, gate: Gate, question: str, history: Sequence[str]
) -> None:
    chat = FakeChat()
    one = asking(gate, chat)
    assert one.alone(searcher, question, history=history) == one.by_rules(
        searcher, question, history=history
    )
    assert chat.calls == []


def test_the_model_puts_what_names_do_not_tell(searcher: Searcher, gate: Gate) -> None:
    chat = FakeChat(lambda _: "孔子的哪位弟子排第二个？")
    query = asking(gate, chat).alone(searcher, "第二个呢", history=["孔子有哪位弟子最好学"])
    assert query.text == "孔子有哪位弟子最好学 第二个呢", "排 was never said"
    chat = FakeChat(lambda _: "孔子弟子第二个是哪位？")
    query = asking(gate, chat).alone(searcher, "第二个呢", history=["孔子有哪位弟子最好学"])
    assert (query.asked, query.text) == ("第二个呢", "孔子弟子第二个是哪位？")
    assert query.names == ("kongzi",)


def test_without_the_model_the_question_before_is_searched_too(
    searcher: Searcher, gate: Gate
) -> None:
    query = asking(gate, FakeChat(broken_chat)).alone(searcher, "为什么", history=["秦始皇封禅"])
    assert query.text == "秦始皇封禅 为什么"


@pytest.mark.parametrize("word", [f"电话{PHONE}", "弄死你全家"])
def test_earlier_questions_are_screened(searcher: Searcher, gate: Gate, word: str) -> None:
    """Nobody has screened the history that a caller hands over."""
    for reply in (broken_chat, lambda _: f"为什么{word}孔子"):
        query = asking(gate, FakeChat(reply)).alone(searcher, "为什么", history=[f"孔子{word}"])
        assert PHONE not in query.text
        assert "弄死" not in query.text
        assert query.asked == "为什么"


def test_filters_are_kept(searcher: Searcher, gate: Gate) -> None:
    filters = Filters(category="figures")
    query = asking(gate, FakeChat()).by_rules(searcher, "他呢", history=["孔子"], filters=filters)
    assert query.filters == filters


def test_an_english_question_is_searched_in_chinese(searcher: Searcher, gate: Gate) -> None:
    one = asking(gate, FakeChat(lambda _: "泰山有多高？"))
    query = one.alone(searcher, "How high is it?", history=["Where is Mount Tai?"])
    assert query.text == "How high is Mount Tai?"
    assert one.in_chinese(searcher, query).text == "泰山有多高？"
    assert one.in_chinese(searcher, query).asked == "How high is it?"
