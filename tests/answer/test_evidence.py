"""Evidence: few sentences, word for word, in the order of the text, best source first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qilu_rag.answer.evidence import Source, choose, ranked
from qilu_rag.types import Hit, Query

MakeHit = Callable[..., Hit]
MakeQuery = Callable[[str], Query]


def test_the_best_sentence_comes_first(hits: list[Hit], make_query: MakeQuery) -> None:
    sources = choose(make_query("谁创立了儒家学派"), hits, passages=8, characters=260)
    assert [source.n for source in sources] == [1, 2]
    assert ranked(sources)[0] == (sources[0], "孔子创立了儒家学派。")
    assert sources[0].hit is hits[0]
    assert sources[0].text == hits[0].passage.text


def test_what_a_lower_passage_holds_can_win(hits: list[Hit], make_query: MakeQuery) -> None:
    sources = choose(make_query("泰山主峰玉皇顶海拔"), hits, passages=8, characters=30)
    assert ranked(sources)[0] == (sources[0], "泰山主峰玉皇顶海拔1532.7米。")
    assert sources[0].n == 1


def test_nearness_decides_between_sentences(make_hit: MakeHit, make_query: MakeQuery) -> None:
    hit = make_hit("泰山在东。泰山在西。泰山在北。", "泰山", nearness=(0.1, 0.9, 0.2))
    (source,) = choose(make_query("泰山"), [hit], passages=8, characters=10)
    assert source.sentences == ("泰山在西。", "泰山在北。")
    assert [text for _, text in ranked([source])] == ["泰山在西。", "泰山在北。"]
    assert source.scores[0] - source.scores[1] == pytest.approx(0.7)


def test_missing_nearness_is_none(make_hit: MakeHit, make_query: MakeQuery) -> None:
    hit = make_hit("泰山在东。泰山在西。", "泰山", nearness=())
    (source,) = choose(make_query("泰山"), [hit], passages=8, characters=100)
    assert source.sentences == ("泰山在东。", "泰山在西。")


def test_the_best_sentence_always_fits(make_hit: MakeHit, make_query: MakeQuery) -> None:
    long = "泰山" * 200 + "。"
    (source,) = choose(make_query("泰山"), [make_hit(long, "泰山")], passages=8, characters=50)
    assert source.text == long


def test_at_most_so_many_passages(make_hit: MakeHit, make_query: MakeQuery) -> None:
    hits = [make_hit(f"泰山有第{n}峰。", f"泰山{n}") for n in range(12)]
    sources = choose(make_query("泰山"), hits, passages=3, characters=1000)
    assert [source.hit for source in sources] == hits[:3]


def test_nothing_found(make_query: MakeQuery) -> None:
    assert choose(make_query("泰山"), [], passages=8, characters=260) == []


def test_a_passage_without_sentences(make_hit: MakeHit, make_query: MakeQuery) -> None:
    assert choose(make_query("泰山"), [make_hit("")], passages=8, characters=260) == []


def in_order(source: Source) -> bool:
    at = 0
    for sentence in source.sentences:
        at = source.hit.passage.text.find(sentence, at)
        if at < 0:
            return False
        at += len(sentence)
    return True


SENTENCES = st.lists(st.sampled_from(["泰山高。", "孔子是鲁国人。", "泉水涌流，四季不息！", "Mount Tai is high. ", "海拔1532.7米？", "“好。”他说。"]), min_size=1, max_size=6)  # fmt: skip


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(SENTENCES, st.floats(0, 1)), max_size=10),
    st.sampled_from(["泰山多高", "孔子是哪里人", "How high is Mount Tai?", "？"]),
    st.integers(1, 12),
    st.integers(1, 80),
)
def test_its_bounds(
    make_hit: MakeHit,
    make_query: MakeQuery,
    rows: list[tuple[list[str], float]],
    question: str,
    passages: int,
    characters: int,
) -> None:
    hits = [make_hit("".join(text), f"t{n}", score=score) for n, (text, score) in enumerate(rows)]
    sources = choose(make_query(question), hits, passages=passages, characters=characters)
    assert bool(sources) == bool(hits)
    assert len(sources) <= passages
    assert [source.n for source in sources] == list(range(1, len(sources) + 1))
    assert len({source.hit.passage.id for source in sources}) == len(sources)
    assert all(source.hit in hits[:passages] for source in sources)
    assert all(len(source.scores) == len(source.sentences) for source in sources)
    best = ranked(sources)
    assert sorted(text for _, text in best) == sorted(
        t for source in sources for t in source.sentences
    )
    assert len(best) < 2 or max(sources[0].scores) == max(max(source.scores) for source in sources)
    assert all(in_order(source) for source in sources)
    total = sum(len(source.text) for source in sources)
    assert total <= characters or sum(len(source.sentences) for source in sources) == 1
