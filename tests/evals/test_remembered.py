"""Replies are kept: the model is asked once, and its words come back piece by piece."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.remembered import RememberingChat
from qilu_rag.backends.fakes import FakeChat, broken_chat
from qilu_rag.errors import ChatError
from qilu_rag.ports import Message

ASKED = [Message(role="user", content="孔子是谁")]


def test_a_reply_is_asked_for_once(tmp_path: Path) -> None:
    first = RememberingChat(FakeChat(lambda _: "鲁国人。"), tmp_path / "replies")
    pieces = list(first.stream(ASKED, max_tokens=9))
    leaning = first.lean(ASKED, ("有", "没有"))
    again = RememberingChat(FakeChat(broken_chat), tmp_path / "replies")
    assert list(again.stream(ASKED, max_tokens=9)) == pieces
    assert again.lean(ASKED, ("有", "没有")) == leaning
    with pytest.raises(ChatError):
        list(again.stream(ASKED, max_tokens=10))


def test_half_a_reply_is_not_kept(tmp_path: Path) -> None:
    first = RememberingChat(FakeChat(lambda _: "鲁国陬邑人。"), tmp_path / "replies")
    stream = first.stream(ASKED, max_tokens=9)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    again = RememberingChat(FakeChat(lambda _: "齐国人。"), tmp_path / "replies")
    assert "".join(again.stream(ASKED, max_tokens=9)) == "齐国人。"
