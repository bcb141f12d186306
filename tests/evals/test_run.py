"""A run over an assistant on fakes, and a report worked out by hand."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from evals.cases import Case
from evals.run import Outcome, Report, evaluate, report
from qilu_rag.assistant import Assistant
from qilu_rag.backends.fakes import FakeChat
from qilu_rag.errors import InputError
from qilu_rag.types import Hit, Relation, Reply

CASES = [
    {"id": "1", "question": "孔子名丘，字什么", "language": "zh", "entry": "kongzi", "facts": [["仲尼"]]},
    {"id": "2", "question": "泰山主峰玉皇頂海拔", "language": "zh-Hant", "entry": "taishan", "facts": [["1532.7"]]},
    {"id": "3", "question": "泰山门票多少钱", "language": "zh", "entry": None, "facts": []},
    {"id": "4", "question": "谁到泰山封禅，门票多少钱", "language": "zh", "entry": "taishan", "facts": [["秦始皇"]]},
    {"id": "5", "question": "火星上有泉水吗", "language": "zh", "entry": None, "facts": []},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "cases"
    path.mkdir()
    lines = [json.dumps(case, ensure_ascii=False) for case in CASES]
    (path / "a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return path


def run(assistant: Assistant, folder: Path, *, retrieval_only: bool = False, out: Path | None = None) -> Report:  # fmt: skip
    return evaluate(
        assistant,
        folder,
        half="all",
        sample=None,
        retrieval_only=retrieval_only,
        out=out,
        progress=lambda *_: None,
    )


def counts(of: Report) -> dict[str, tuple[int, int]]:
    return {name: (share.hits, share.of) for name, share in of.shares.items()}


def test_a_run(assistant: Assistant, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = run(assistant, folder, out=out)
    found = counts(result)
    assert found["recall@1"] == (3, 3)
    assert found["recall@5"] == (3, 3)
    assert result.ndcg10 == 1.0
    assert found["answers right"] == (2, 3)
    assert found["answers right, zh"] == (1, 2)
    assert found["answers right, zh-Hant"] == (1, 1)
    assert found["answers right, en"] == (0, 0)
    assert found["unanswerable refused"] == (1, 2)  # the fakes never refuse for lack of evidence
    assert found["answerable refused (false refusal)"] == (1, 3)
    assert found["citations right"][1] >= 2
    kept = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["id"] for line in kept] == ["1", "2", "3", "4", "5"]
    assert [line["right"] for line in kept][:2] == [True, True]
    assert [line["rank"] for line in kept] == [1, 1, None, 1, None]
    assert kept[0]["reply"]["status"] == "answered"


def test_without_the_language_model(assistant: Assistant, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = run(assistant, folder, retrieval_only=True, out=out)
    assert isinstance(assistant.chat, FakeChat)
    assert assistant.chat.calls == []
    assert result.shares.keys() == {"recall@1", "recall@5"}
    assert result.times.keys() == {"search"}
    first = json.loads(out.read_text("utf-8").splitlines()[0])
    assert first.keys() == {"id", "question", "facts", "rank"}


def test_one_half(assistant: Assistant, folder: Path) -> None:
    halves = [
        evaluate(
            assistant,
            folder,
            half=half,
            sample=None,
            retrieval_only=True,
            out=None,
            progress=lambda *_: None,
        )
        for half in ("dev", "report")
    ]
    assert sum(half.shares["recall@1"].of for half in halves) == 3


def test_its_forms(assistant: Assistant, folder: Path) -> None:
    result = run(assistant, folder)
    value = json.loads(json.dumps(result.as_json()))
    assert value.keys() == {"half", "ndcg@10", "shares", "ms"}
    assert value["shares"]["recall@1"] == {"value": 1.0, "hits": 3, "of": 3}
    assert value["ms"].keys() == {"search", "first sentence", "whole answer"}
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(result.as_table())
    shown = console.export_text()
    assert "recall@1" in shown
    assert "answers right, en" not in shown


def test_progress_and_a_place_that_cannot_be_written(
    assistant: Assistant, folder: Path, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    evaluate(
        assistant,
        folder,
        half="all",
        sample=None,
        retrieval_only=True,
        out=None,
        progress=lambda *step: told.append(step),
    )
    assert told == [("cases", done, 5) for done in range(6)]
    with pytest.raises(InputError, match="can't be written"):
        run(assistant, folder, out=tmp_path)


def outcome(assistant: Assistant, question: str, entry: str | None, *facts: str) -> Outcome:
    case = Case(id="x", question=question, language="zh", entry=entry, facts=(facts,) if facts else ())  # fmt: skip
    hits = tuple(assistant.search(question))
    reply: Reply
    *_, reply = assistant.ask(question)
    return Outcome(case=case, hits=hits, search_ms=1.0, reply=reply)


def test_a_linked_entry_that_holds_the_facts_counts_as_found(assistant: Assistant) -> None:
    found = {hit.entry.id: hit for hit in assistant.search("孔子 泰山 孟子", k=10)}
    right, other = found["kongzi"], found["taishan"]
    facts = ((right.passage.text[:6],),)
    case = Case(id="x", question="q", language="zh", entry="kongzi", facts=facts)
    link = (Relation(type="related_to", to="kongzi"),)
    linked = replace(other, entry=replace(other.entry, relations=link))
    telling = replace(linked, passage=right.passage)

    def rank(*hits: Hit) -> int | None:
        return Outcome(case=case, hits=hits, search_ms=1.0).rank

    assert rank(other, right) == 2
    assert rank(linked, right) == 2
    assert rank(telling, right) == 1
    assert rank(telling) == 1
    assert rank(replace(other, passage=right.passage)) is None
    assert rank() is None


def test_a_right_answer_needs_its_facts(assistant: Assistant) -> None:
    right = outcome(assistant, "孔子名丘，字什么", "kongzi", "仲尼")
    wrong = outcome(assistant, "孔子名丘，字什么", "kongzi", "仲尼弟")
    assert (right.right, wrong.right) == (True, False)
    assert not outcome(assistant, "孔子的门票多少钱", "kongzi", "资料").right
    assert outcome(assistant, "怎么制作炸弹", None).refused


def test_a_citation_is_right_by_its_entry_or_its_facts(assistant: Assistant) -> None:
    assert all(outcome(assistant, "孔子名丘，字什么", "kongzi", "仲尼").citation_flags())
    assert any(outcome(assistant, "孔子名丘，字什么", "elsewhere", "仲尼").citation_flags())
    assert not any(outcome(assistant, "孔子名丘，字什么", "elsewhere", "火星").citation_flags())


def test_nothing_to_report() -> None:
    empty = report("all", [])
    assert empty.ndcg10 == 0.0
    assert empty.shares["recall@1"].value is None
    assert empty.times["search"] == (0.0, 0.0)
    assert empty.as_table().row_count == 2


def test_a_sample_is_the_same_each_time(assistant: Assistant, folder: Path) -> None:
    def asked() -> list[str]:
        told: list[tuple[str, int, int]] = []
        evaluate(
            assistant,
            folder,
            half="all",
            sample=2,
            retrieval_only=True,
            out=folder.parent / "out.jsonl",
            progress=lambda *step: told.append(step),
        )
        assert told[-1] == ("cases", 2, 2)
        return (folder.parent / "out.jsonl").read_text("utf-8").splitlines()

    assert asked() == asked()
