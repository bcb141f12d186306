"""Courtesies are told by their whole wording; questions are never taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qilu_rag.answer.courtesy import Courtesies
from qilu_rag.moderation import build_gate
from qilu_rag.text.language import language_of

COURTESIES = Courtesies.load()
CASES = Path(__file__).parents[2] / "evals" / "cases"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("你好", "可以问我"),
        ("您好！", "可以问我"),
        ("你好呀～", "可以问我"),
        ("謝謝你", "不客气"),
        ("你是谁？", "不是真人"),
        ("你是機器人嗎", "不是真人"),
        ("你能做什么呢", "常变的事"),
        ("What can you do?", "Ask in Chinese or English"),
        ("Hello!", "Hello! You can ask"),
        ("Thanks, please", "You are welcome"),
    ],
)
def test_courtesies(text: str, part: str) -> None:
    reply = COURTESIES.reply(text, language_of(text))
    assert reply is not None
    assert part in reply


@pytest.mark.parametrize(
    "text",
    ["你好，孔子是哪里人", "孔子你好吗", "你是谁的学生", "hello kitty", "吗", "？", "", "谢谢孔子"],
)
def test_what_is_a_question_stays_one(text: str) -> None:
    assert COURTESIES.reply(text, "zh") is None


def test_no_case_of_ours_is_a_courtesy() -> None:
    lines = [
        line for path in CASES.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    questions = [json.loads(line)["question"] for line in lines]
    assert len(questions) > 500
    assert [q for q in questions if COURTESIES.reply(q, "zh")] == []


def test_the_gate_lets_every_reply_through(tmp_path: Path) -> None:
    gate = build_gate(tmp_path / "review.sqlite")
    for replies in COURTESIES.replies.values():
        for reply in replies.values():
            assert gate.check(reply, "output").action == "pass"
