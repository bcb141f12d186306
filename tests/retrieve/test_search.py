"""Search: exact filters, names that help and never veto, scores that mean something."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.fakes import FakeEmbedder
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.config import SearchSettings
from qilu_rag.ingest.pipeline import Pipeline
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searcher
from qilu_rag.types import Category, Filters, Hit, Query


def ask(searcher: Searcher, question: str, k: int = 10, **filters: Any) -> list[Hit]:
    query = understand(question, searcher.names, filters=Filters(**filters))
    return searcher.search(query, k)


def entries(hits: list[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.entry.id for hit in hits))


def sound(hits: list[Hit]) -> bool:
    scores = [hit.score for hit in hits]
    return (
        scores == sorted(scores, reverse=True)
        and all(0 <= score <= 1 for score in scores)
        and all(0 <= hit.coverage <= 1 for hit in hits)
        and all(-1.001 <= hit.similarity <= 1.001 for hit in hits)
        and all(len(hit.nearness) == len(hit.passage.sentences) for hit in hits)
        and all(0 <= near <= 1 for hit in hits for near in hit.nearness)
        and all(hit.via and hit.entry.id == hit.passage.entry_id for hit in hits)
        and len({hit.passage.id for hit in hits}) == len(hits)
    )


@pytest.mark.parametrize(
    ("question", "entry", "words"),
    [
        ("泰山主峰的海拔是多少", "taishan", "1532.7"),
        ("谁到泰山封禅刻石", "taishan", "秦始皇"),
        ("孔子有多少弟子", "kongzi", "三千人"),
        ("仲尼是哪里人", "kongzi", "陬邑"),
        ("哪里的泉水四季涌流", "baotuquan", "泉水"),
        ("民贵君轻出自哪里", "mengzi-book", "民贵君轻"),
        ("How high is Mount Tai, 1532.7?", "taishan", "1532.7"),
    ],
)
def test_the_passage_with_the_answer_comes_first(
    searcher: Searcher, question: str, entry: str, words: str
) -> None:
    hits = ask(searcher, question)
    assert sound(hits)
    assert hits[0].entry.id == entry
    assert words in hits[0].passage.text


def test_a_question_in_traditional_characters(searcher: Searcher) -> None:
    for traditional, simplified in [
        ("誰創立了儒家學派", "谁创立了儒家学派"),
        ("漢武帝封禪", "汉武帝封禅"),
    ]:
        found, same = (
            [(hit.passage.id, hit.score) for hit in ask(searcher, question)]
            for question in (traditional, simplified)
        )
        assert found == same
        assert found
    assert ask(searcher, "誰創立了儒家學派")[0].entry.id == "kongzi"


def test_more_than_there_is(searcher: Searcher) -> None:
    hits = ask(searcher, "泰山", k=1000)
    assert sound(hits)
    assert len(hits) == len(searcher.snapshot.passages)


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_asked_for(searcher: Searcher, k: int) -> None:
    assert ask(searcher, "泰山", k=k) == []


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_first_few_are_the_first_of_all(searcher: Searcher, k: int) -> None:
    assert ask(searcher, "孔子和泰山", k=k) == ask(searcher, "孔子和泰山")[:k]


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"category": "figures"}, {"kongzi", "mengzi"}),
        ({"category": "classics"}, {"mengzi-book"}),
        ({"category": "red"}, set()),
        ({"city": "泰安"}, {"taishan"}),
        ({"city": "泰安市"}, {"taishan"}),
        ({"city": "济南市"}, {"baotuquan"}),
        ({"city": "济"}, set()),
        ({"city": "济宁", "category": "figures"}, {"kongzi", "mengzi"}),
        ({"city": "济宁", "category": "landscapes"}, set()),
    ],
)
def test_filters_are_exact(searcher: Searcher, filters: dict[str, str], allowed: set[str]) -> None:
    # The name pulls to 泰山, and a shallow search sees little else at first.
    shallow = replace(searcher, settings=SearchSettings(depth=1))
    for one in (searcher, shallow):
        hits = ask(one, "泰山", k=3, **filters)
        assert sound(hits)
        assert set(entries(hits)) <= allowed
        assert bool(hits) == bool(allowed)


def test_filters_do_not_run_dry(searcher: Searcher) -> None:
    shallow = replace(searcher, settings=SearchSettings(depth=1))
    whole = [p for p in searcher.snapshot.passages if p.entry_id in ("kongzi", "mengzi")]
    assert len(ask(shallow, "泰山封禅", k=len(whole), category="figures")) == len(whole)


def test_names_help(searcher: Searcher) -> None:
    bonus = searcher.settings.name_bonus
    plain = replace(searcher, settings=SearchSettings(name_bonus=0.0))
    question = "岱宗在哪里"
    best = {hit.passage.id: hit for hit in ask(searcher, question)}
    assert ask(searcher, question)[0].entry.id == "taishan"
    for hit in best.values():
        assert ("name" in hit.via) == (hit.entry.id == "taishan")
    without = {hit.passage.id: hit.score for hit in ask(plain, question)}
    for name, hit in best.items():
        gain = bonus if "name" in hit.via else 0.0
        assert hit.score == pytest.approx((without[name] + gain) / (1 + bonus), abs=1e-5)


def test_english_sentences_have_no_start_on_english_questions(
    pipeline: Pipeline, store: SnapshotStore, embedder: FakeEmbedder, corpus: Path
) -> None:
    """With all of the cosine taken off, none can be nearer than a Chinese one."""
    (corpus / "guide.md").write_text("The old temple stands at the foot of Mount Tai.\n", "utf-8")
    pipeline.run([corpus], lambda *_: None)
    searcher = Searcher(store.open(embedder), embedder, SearchSettings())
    english = {row for row in range(len(searcher.snapshot.owners)) if searcher._english(row)}
    assert english
    assert len(english) < len(searcher.snapshot.owners)
    fair = replace(searcher, settings=SearchSettings(language_bias=1.0))
    question = "Where is the old temple of the mountain?"
    near = fair._near(question, "en", 50)
    assert all(score <= 0 for row, score in near.items() if row in english)
    assert list(near.values()) == sorted(near.values(), reverse=True)
    plain = replace(searcher, settings=SearchSettings(language_bias=0.0))
    assert fair._near("山上的庙在哪里", "zh", 50) == plain._near("山上的庙在哪里", "zh", 50)


def test_names_never_veto(searcher: Searcher) -> None:
    hits = ask(searcher, "孔子知道泉水一年四季涌流吗")
    assert "kongzi" in entries(hits)
    assert "baotuquan" in entries(hits)
    assert hits[0].entry.id == "baotuquan"


def test_every_passage_of_a_named_entry_is_found(searcher: Searcher) -> None:
    query = Query(asked="x", text="完全无关", language="zh", names=("kongzi",))
    named = {hit.passage.id for hit in searcher.search(query, 10) if "name" in hit.via}
    assert named == {p.id for p in searcher.snapshot.passages if p.entry_id == "kongzi"}


def test_a_name_that_the_snapshot_lacks_does_no_harm(searcher: Searcher) -> None:
    query = Query(asked="x", text="泰山", language="zh", names=("gone",))
    assert searcher.search(query, 3)[0].entry.id == "taishan"


def test_why_it_was_found(searcher: Searcher) -> None:
    first = ask(searcher, "泰山主峰的海拔")[0]
    assert first.via == ("dense", "lexical", "name")
    assert first.similarity > 0.3
    lexical = ask(searcher, "四季涌流")[0]
    assert lexical.via == ("dense", "lexical")


def test_coverage_tells_known_from_unknown(searcher: Searcher) -> None:
    assert ask(searcher, "泰山主峰海拔")[0].coverage == 1.0
    assert ask(searcher, "岱宗主峰海拔")[0].coverage == 1.0
    assert ask(searcher, "泰山缆车票价折扣")[0].coverage < 0.5
    assert max(hit.coverage for hit in ask(searcher, "火星殖民计划")) == 0.0
    assert ask(searcher, "是什么")[0].coverage == 0.0


def test_an_empty_snapshot(pipeline: Pipeline, embedder: FakeEmbedder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pipeline.run([tmp_path / "empty"], lambda *_: None)
    searcher = Searcher(pipeline.store.open(embedder), embedder, SearchSettings())
    assert ask(searcher, "泰山") == []
    assert ask(searcher, "泰山", category="figures") == []


def test_real_and_fake_backends_find_the_same(
    pipeline: Pipeline, searcher: Searcher, corpus: Path, tmp_path: Path
) -> None:
    store = SnapshotStore(tmp_path / "real/snapshots", FaissBackend(), TantivyBackend())
    real = replace(pipeline, home=tmp_path / "real", store=store)
    real.run([corpus], lambda *_: None)
    other = Searcher(store.open(real.embedder), real.embedder, SearchSettings())
    for question in ("泰山主峰的海拔", "孔子的弟子", "性善", "济南的泉水"):
        first, second = ask(searcher, question), ask(other, question)
        assert first[0].passage == second[0].passage
        assert {h.passage.id for h in first} == {h.passage.id for h in second}


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(st.sampled_from(["泰山", "孔子", "的", "弟子", "多高", "Mount Tai", "x", "？", "海拔", "孟子"]),
             min_size=1, max_size=6),
    st.integers(1, 12),
    st.sampled_from([None, "figures", "landscapes", "red"]),
)  # fmt: skip
def test_whatever_is_asked_the_hits_are_sound(
    searcher: Searcher, parts: list[str], k: int, category: Category | None
) -> None:
    text = "".join(parts)
    names = searcher.names.entries_in(text)
    query = Query(
        asked=text, text=text, language="zh", names=names, filters=Filters(category=category)
    )
    hits = searcher.search(query, k)
    assert sound(hits)
    assert len(hits) <= k
    assert all(category in (None, hit.entry.category) for hit in hits)


def test_nearness_points_at_the_sentence(searcher: Searcher) -> None:
    first = ask(searcher, "相传孔子有弟子多少人")[0]
    sentences = [first.passage.text[start:end] for start, end in first.passage.sentences]
    assert len(first.nearness) == len(sentences) == 2
    assert first.nearness[0] == 1.0 > first.nearness[1]
    assert "弟子三千人" in sentences[0]
