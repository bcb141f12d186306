"""Cases with passages of their own: made as they say, judged by what an honest reader says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.given import GivenCase, make_cases, run, table
from qilu_rag.assistant import Assistant
from qilu_rag.errors import InputError

TEXTS = [
    f"第{n}座塔建于{1100 + n}年，高{20 + n}米。塔的形制是楼阁式，用青砖砌成。" for n in range(8)
]


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    paragraphs = [
        {
            "context": text,
            "qas": [{"question": f"第{n}座塔建于哪一年？", "answers": [{"text": f"{1100 + n}年"}]}],
        }
        for n, text in enumerate(TEXTS)
    ]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"data": [{"title": "塔", "paragraphs": paragraphs}]}), "utf-8")
    return path


def test_each_kind_holds_what_it_says(squad: Path) -> None:
    cases = make_cases(squad, "all", 3)
    assert [case.kind for case in cases] == [
        kind for kind in ("noisy", "insufficient", "contradictory") for _ in range(3)
    ]
    for case in cases:
        assert len(case.passages) == 5
        held = [any(answer in text for text in case.passages) for answer in case.answers]
        assert all(held) is (case.kind != "insufficient")
        assert len(case.answers) == (2 if case.kind == "contradictory" else 1)
    assert cases == make_cases(squad, "all", 3)


def test_halves_share_no_question(squad: Path) -> None:
    dev, report = ({c.question for c in make_cases(squad, half, 9)} for half in ("dev", "report"))
    assert dev | report == {c.question for c in make_cases(squad, "all", 9)}
    assert not dev & report


def test_replies_are_judged(assistant: Assistant) -> None:
    case = GivenCase(
        id="x",
        kind="noisy",
        question="泰山主峰有多高？",
        passages=("泰山主峰玉皇顶海拔1532.7米。",),
        answers=("1532.7米",),
    )
    [(_, reply)] = run(assistant, [case], None)
    assert case.right(reply) is (reply.status != "refused" and "1532.7" in reply.answer)
    assert replace(case, kind="insufficient").right(reply) is (reply.status == "refused")
    assert not replace(case, kind="contradictory", answers=("1532.7米", "9米")).right(reply)
    assert table([(case, reply)]).row_count == 3


def test_a_set_of_another_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[1]", "utf-8")
    with pytest.raises(InputError, match=r"x\.json"):
        make_cases(path, "all", 1)
