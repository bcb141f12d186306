"""Rewriting: the model may rearrange what was said, and nothing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.answer.rewrite import rewrite
from qilu_rag.backends.fakes import FakeChat, broken_chat
from qilu_rag.text.fold import fold
from qilu_rag.text.words import content_words

HISTORY = ["南四湖是哪四个湖？"]
ASKED = "第二个面积多大"


def said(line: str, question: str = ASKED) -> str | None:
    return rewrite(question, HISTORY, FakeChat(lambda _: line))


@pytest.mark.parametrize(
    "line", ["南四湖第二个湖面积多大？", "改写：南四湖第二个湖面积多大？", "“南四湖第二个湖面积多大？”\n因为……"]
)  # fmt: skip
def test_what_was_said_may_be_put_anew(line: str) -> None:
    assert said(line) == "南四湖第二个湖面积多大？"


@pytest.mark.parametrize(
    "line",
    ["", "昭阳湖面积多大？", "南四湖第二个湖昭阳湖面积多大？", "南四湖第二个湖在哪？", ASKED, "How large is it?", "第二个湖是昭阳湖。"],
)  # fmt: skip
def test_what_is_lost_or_invented_is_not_used(line: str) -> None:
    assert said(line) is None


def test_without_the_model() -> None:
    assert rewrite(ASKED, HISTORY, FakeChat(broken_chat)) is None


def test_what_the_model_is_shown() -> None:
    chat = FakeChat()
    rewrite(ASKED, ["第一问", "x" * 900, *HISTORY, "第四问"], chat)
    (messages,) = chat.calls
    assert [message.role for message in messages] == ["system", "user"]
    shown = messages[1].content
    assert ASKED in shown
    assert HISTORY[0] in shown
    assert "第一问" not in shown
    assert len(shown) < 300


@given(st.text(), st.lists(st.text(), max_size=4), st.text())
def test_it_adds_no_word_of_its_own(question: str, history: list[str], line: str) -> None:
    found = rewrite(question, history, FakeChat(lambda _: line))
    if found is not None:
        heard = fold(" ".join([*history, question]))
        assert all(word in heard for word in content_words(found))
        assert all(word in fold(found) for word in content_words(question))
