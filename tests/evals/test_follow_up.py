"""The cases of follow-ups, and the command that measures them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console

from evals.cases import Case, load_cases
from evals.follow_up import measure, ways
from qilu_rag.assistant import Assistant

ROOT = Path(__file__).resolve().parents[2]
CASES = load_cases(ROOT / "evals/cases_follow_up")


def test_the_cases() -> None:
    assert len(CASES) >= 60
    assert all(case.history and case.entry and case.facts for case in CASES)
    assert max(Counter(case.id for case in CASES).values()) == 1
    assert max(Counter((case.history, case.question) for case in CASES).values()) == 1
    halves = Counter(case.half for case in CASES)
    assert min(halves.values()) >= len(CASES) // 3
    assert Counter(case.language for case in CASES)["en"] >= 15


def test_what_is_measured(assistant: Assistant) -> None:
    case = Case(
        id="a",
        question="他的弟子有多少",
        history=("泰山多高", "孔子是哪里人"),
        language="zh",
        entry="kongzi",
        facts=(("三千",),),
    )
    found = {name: way(case) for name, way in ways(assistant, model=True).items()}
    assert [text for text, _ in found.values()] == [
        "他的弟子有多少",
        "孔子的弟子有多少",
        "孔子的弟子有多少",
    ]
    assert "name" not in found["as asked"][1][0].via
    assert found["rules"][1][0].entry.id == "kongzi"
    console = Console(record=True, width=200)
    console.print(measure([case], ways(assistant, model=False), console))
    text = console.export_text()
    assert "as asked" in text
    assert "1.000  (1 of 1" in text
