"""Answerability: what is asked about changing things, and the probability of the rest."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from importlib.resources import files

import pytest
from hypothesis import HealthCheck
from hypothesis import given as examples
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qilu_rag.answer.answerable import (
    Judge,
    asks_for_an_unheard_title,
    asks_for_what_changes,
    features,
)
from qilu_rag.types import Hit, Query

MakeHit = Callable[..., Hit]
MakeQuery = Callable[[str], Query]


@pytest.mark.parametrize(
    "question",
    [
        "泰山门票多少钱",
        "泰山門票多少錢",
        "趵突泉几点开门",
        "曲阜孔庙的开放时间",
        "明天泰山天气怎么样",
        "泰山附近有什么酒店",
        "孔府的电话是多少",
        "How much are tickets for Mount Tai?",
        "What are the OPENING HOURS of the temple?",
    ],
)
def test_prices_and_hours_change(question: str, hits: list[Hit], make_query: MakeQuery) -> None:
    assert asks_for_what_changes(make_query(question), hits)


@pytest.mark.parametrize(
    "question", ["孔子是哪里人", "泰山主峰海拔多少", "Who was Confucius?", "孔子周游列国花了多少年"]
)
def test_other_questions_do_not(question: str, hits: list[Hit], make_query: MakeQuery) -> None:
    assert not asks_for_what_changes(make_query(question), hits)


def test_unless_the_evidence_speaks_of_it(make_hit: MakeHit, make_query: MakeQuery) -> None:
    hit = make_hit("济南惨案的电话局旧址。古城门票号林立。")
    assert not asks_for_what_changes(make_query("电话局在哪里，什么电话"), [hit])
    assert asks_for_what_changes(make_query("电话"), [])


def test_today_s_is_in_no_corpus(make_hit: MakeHit, make_query: MakeQuery) -> None:
    hit = make_hit("千佛山上天气晴好时能望见黄河。")
    assert not asks_for_what_changes(make_query("什么天气能望见黄河"), [hit])
    assert asks_for_what_changes(make_query("今天济南天气怎么样"), [hit])
    assert not asks_for_what_changes(make_query("今天济南天气怎么样"), [hit], given=True)


@pytest.mark.parametrize("prefix", ["", "given_"])
@pytest.mark.parametrize("leaning", [None, 2.5])
def test_its_features_are_the_fitted_ones(
    hits: list[Hit], make_query: MakeQuery, leaning: float | None, prefix: str
) -> None:
    text = files("qilu_rag.answer").joinpath("answerability.toml").read_text("utf-8")
    section = "without_leaning" if leaning is None else "with_leaning"
    weights = tomllib.loads(text)[prefix + section]
    values = features(make_query("孔子是哪里人"), hits, leaning)
    assert weights.keys() <= values.keys() | {"bias"}
    assert ("leaning" in weights) is (leaning is not None)
    assert all(math.isfinite(value) for value in [*weights.values(), *values.values()])


def test_nothing_found_has_features_too(make_query: MakeQuery) -> None:
    values = features(make_query("孔子是哪里人"), [], None)
    assert values["coverage"] == values["unheard"] == 0.0


@pytest.mark.parametrize("given", [False, True])
def test_more_evidence_makes_it_likelier(
    make_hit: MakeHit, make_query: MakeQuery, *, given: bool
) -> None:
    judge = Judge.load(0.5, 0.5)
    query = make_query("孔子是哪里人")
    weak = [make_hit("孔子是鲁国人。", coverage=0.1, similarity=0.3)]
    strong = [make_hit("孔子是鲁国人。", coverage=1.0, similarity=0.95)]
    for one, other in ((None, None), (-1.0, -1.0), (-1.0, 3.0)):
        low = judge.probability(features(query, weak, one), given=given)
        high = judge.probability(features(query, strong, other), given=given)
        assert low < high


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@examples(st.floats(-60, 60) | st.none(), st.floats(0, 1), st.floats(-1, 1))
def test_it_is_a_probability(
    make_hit: MakeHit,
    make_query: MakeQuery,
    leaning: float | None,
    coverage: float,
    similarity: float,
) -> None:
    judge = Judge.load(0.5, 0.5)
    hits = [make_hit("孔子是鲁国人。", coverage=coverage, similarity=similarity)]
    query = make_query("孔子是哪里人")
    value = judge.probability(features(query, hits, leaning))
    assert 0 <= value <= 1
    assert judge.answerable(query, hits, leaning) == (value >= 0.5)


def test_the_operating_point(hits: list[Hit], make_query: MakeQuery) -> None:
    query = make_query("孔子是哪里人")
    for leaning in (None, -40.0, 40.0):
        assert Judge.load(0.0, 0.0).answerable(query, hits, leaning)
    assert not Judge.load(1.0, 1.0).answerable(query, hits, -40.0)


def test_a_title_that_nothing_mentions(make_hit: MakeHit, make_query: MakeQuery) -> None:
    hits = [make_hit("《桃花扇》是清代曲阜人孔尚任写的传奇剧本。")]
    assert asks_for_an_unheard_title(make_query("孔尚任写的《荷花扇》讲什么故事？"), hits)
    assert not asks_for_an_unheard_title(make_query("孔尚任写的《桃花扇》讲什么故事？"), hits)
    assert not asks_for_an_unheard_title(make_query("孔尚任写的“荷花扇”讲什么故事？"), hits)
