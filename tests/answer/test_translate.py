"""Translation: a Chinese question, or the question as it was."""

from __future__ import annotations

import pytest

from qilu_rag.answer.translate import to_chinese
from qilu_rag.backends.fakes import FakeChat, broken_chat

QUESTION = "How high is 泰山?"


@pytest.mark.parametrize(
    "said", ["泰山有多高？", "译文：泰山有多高？", "“泰山有多高？”", "  泰山有多高？\n\n问题是什么意思", "中文: 泰山有多高？"]
)  # fmt: skip
def test_what_the_model_writes(said: str) -> None:
    assert to_chinese(QUESTION, FakeChat(lambda _: said)) == "泰山有多高？"


@pytest.mark.parametrize("said", ["", "\n\n", "Mount Tai?", "泰山", "泰山" * 500, "[1]"])
def test_what_is_no_question_in_chinese(said: str) -> None:
    assert to_chinese(QUESTION, FakeChat(lambda _: said)) == QUESTION


def test_without_the_model() -> None:
    assert to_chinese(QUESTION, FakeChat(broken_chat)) == QUESTION


def test_the_question_is_in_the_prompt() -> None:
    chat = FakeChat()
    to_chinese(QUESTION, chat)
    (messages,) = chat.calls
    assert [message.role for message in messages] == ["system", "user"]
    assert QUESTION in messages[1].content


def test_a_translation_that_lost_a_name_is_not_used() -> None:
    question = "how high is 崂山?"
    assert to_chinese(question, FakeChat(lambda _: "黄山的高度是多少？")) == question
    assert to_chinese(question, FakeChat(lambda _: "崂山有多高？")) == "崂山有多高？"
