"""The whole measurement on fakes: places, groups, times, refusal, public sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.cases import Case
from evals.metrics import mean
from evals.retrieval.collections import Bench, from_squad
from evals.retrieval.measure import by_group, figures, latency, ranks_of
from evals.retrieval.systems import baselines, by_reciprocal_rank, ours, switched_off
from qilu_rag.backends.fakes import FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import IngestSettings, SearchSettings
from qilu_rag.errors import InputError
from qilu_rag.retrieve.search import Searcher

SET = {
    "data": [
        {
            "title": "趵突泉",
            "paragraphs": [
                {
                    "context": "趵突泉位于济南市中心，是泉城七十二名泉之首。泉水常年保持摄氏十八度。",
                    "qas": [
                        {"question": "趵突泉在哪个城市的中心？"},
                        {"question": "泉水常年多少度？"},
                    ],
                }
            ],
        },
        {
            "title": "泰山",
            "paragraphs": [
                {
                    "context": "泰山的主峰叫玉皇顶。秦始皇曾在泰山封禅。",
                    "qas": [{"question": "泰山的主峰叫什么？"}, {"question": "？"}],
                }
            ],
        },
    ]
}


def quiet(*_: object) -> None:
    pass


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folder = tmp_path / "indexes"
    folder.mkdir()
    return Bench(
        embedder=FakeEmbedder(),
        vectors=FakeVectorBackend(),
        words=FakeWordBackend(),
        cache=tmp_path / "cache.sqlite",
        folder=folder,
    )


def written(tmp_path: Path, value: Any) -> Path:
    path = tmp_path / "set.json"
    path.write_text(json.dumps(value), "utf-8")
    return path


@pytest.mark.parametrize("titled", [True, False])
@pytest.mark.parametrize("value", [SET, SET["data"]])
def test_a_public_set_is_searched_for_its_paragraphs(
    tmp_path: Path, bench: Bench, value: Any, titled: bool
) -> None:
    path = written(tmp_path, value)
    found = from_squad("s", path, bench, IngestSettings(), questions=10, titled=titled)
    assert sorted(case.entry or "" for case in found.cases) == ["p1", "p1", "p2"]
    assert (found.snapshot.entries()["p2"].title == "泰山") == titled
    system = ours(found.snapshot, bench.embedder, SearchSettings())
    assert ranks_of("ours", system, found, quiet) == [1, 1, 1]
    few = from_squad("s", path, bench, IngestSettings(), questions=2, titled=titled)
    assert len(few.cases) == 2


@pytest.mark.parametrize("value", [{}, {"data": [{}]}, [{"paragraphs": [{"context": "x"}]}], 3])
def test_a_file_of_another_form(tmp_path: Path, bench: Bench, value: Any) -> None:
    with pytest.raises(InputError, match="not a set in SQuAD's form"):
        from_squad("s", written(tmp_path, value), bench, IngestSettings(), questions=1, titled=True)


def test_every_system_ranks_the_same_passages(tmp_path: Path, bench: Bench) -> None:
    found = from_squad(
        "s", written(tmp_path, SET), bench, IngestSettings(), questions=9, titled=False
    )
    systems = switched_off(found.snapshot, bench, SearchSettings())
    assert len(systems) == 6
    systems |= baselines(found.snapshot, bench)
    assert len(systems) == 9
    for name, system in systems.items():
        ranked = system("泰山的主峰叫什么？")
        assert ranked, name
        assert set(ranked) <= {0, 1}
        assert found.snapshot.passages[ranked[0]].entry_id == "p2", name


def test_switches_do_switch(searcher: Searcher, bench: Bench) -> None:
    """Each variant ranks by what it has left."""
    systems = switched_off(searcher.snapshot, bench, searcher.settings)
    lexical = systems["without vectors (lexical only)"]("封禅")
    words = [row for row, _ in searcher.snapshot.words.search(["封禅"], 50)]
    assert lexical[: len(words)] == words or set(lexical[: len(words)]) == set(words)
    full = ours(searcher.snapshot, bench.embedder, searcher.settings)("仲尼")
    first = searcher.snapshot.passages[full[0]].entry_id
    assert first == "kongzi"


def test_reciprocal_rank_fusion() -> None:
    fused = by_reciprocal_rank({1: 0.9, 2: 0.5}, {2: 7.0, 3: 1.0}, 0.5)
    assert max(fused, key=lambda number: fused[number]) == 2
    assert fused[1] == fused[1] and fused[1] > fused[3]
    assert by_reciprocal_rank({4: 1.0}, {4: 3.0}, 0.5) == {4: 1.0}


def test_figures() -> None:
    found = figures([1, 3, None, 12])
    assert found.recall1.value == 0.25
    assert found.recall5.value == found.recall10.value == 0.5
    assert found.mrr10.value == pytest.approx((1 + 1 / 3) / 4)
    assert found.ndcg10.value == pytest.approx(1.5 / 4)
    assert found.recall1.low <= 0.25 <= found.recall1.high
    assert mean([]).of == 0
    assert mean([0.5] * 9).low == mean([0.5] * 9).high == 0.5


def test_groups_and_times(searcher: Searcher) -> None:
    cases = [
        Case(id="a", question="孔子是谁？", language="zh", entry="kongzi", facts=()),
        Case(id="b", question="泰山多高？", language="zh", entry="taishan", facts=()),
    ]
    groups = by_group(cases, [1, None], searcher.snapshot)
    assert groups["zh"].recall1.value == 0.5
    assert groups["figures"].recall1.value == 1.0
    assert groups["asks how many"].recall1.value == 0.0
    questions = [case.question for case in cases]
    ms = latency(searcher.snapshot, searcher.embedder, searcher.settings, questions)
    assert {"understand", "embed the question", "search vectors", "search words"} < ms.keys()
    assert all(0 <= half <= most for half, most in ms.values())
