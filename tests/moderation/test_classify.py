"""The classifier: what it flags, what it leaves, and that its file can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.errors import ConfigError
from qilu_rag.moderation.classify import (
    BUCKETS,
    THRESHOLDS,
    HateClassifier,
    Weights,
    counts,
    mentions_prejudice,
    vector,
)

DEFAULT = HateClassifier.default()


def taught(word: str) -> Weights:
    """Weights that know one word, and that it is bad."""
    weight, rarity = np.zeros(BUCKETS, dtype=np.int8), np.ones(BUCKETS, dtype=np.uint8)
    weight[counts(word)[0]] = 127
    return Weights(weight=weight, rarity=rarity, unit=1.0, bias=-50.0)


@pytest.mark.parametrize(
    "text",
    [
        "那个地方的人全是骗子，没一个好东西",
        "你这个傻逼，滚远点",
        "这种人就是垃圾，恶心死了",
        "傻 逼 玩 意 儿，真恶心",
        "你這個傻逼，滾遠點",
    ],
)
def test_abuse_is_flagged_for_review(text: str) -> None:
    (finding,) = DEFAULT.find(text, "output")
    assert (finding.category, finding.level) == ("hate", "controversial")
    assert (finding.start, finding.end) == (0, len(text))
    assert finding.rule == "classifier.hate"


@pytest.mark.parametrize(
    "text",
    [
        "孔子是春秋时期鲁国陬邑人，名丘，字仲尼。",
        "泰山封禅是什么意思？",
        "反对任何形式的歧视，人人生而平等。",
        "晏子使楚时，楚王想要羞辱他。",
        "她写了一部小说，批评旧时重男轻女的风气。",
        "who carved the cliff sutra?",
        "1234567",
        "",
    ],
)
def test_what_is_harmless_is_left_alone(text: str) -> None:
    assert DEFAULT.find(text, "input") == []


def test_of_a_long_text_the_sentence_is_told() -> None:
    bad = "你们这帮坏蛋"
    before = "泰山是五岳之一。" * 40
    text = f"{before}{bad}。{before}"
    (finding,) = HateClassifier(taught("坏蛋")).find(text, "document")
    assert text[finding.start : finding.end] == f"{bad}。"


def test_words_for_prejudice_themselves_count_for_nothing() -> None:
    assert DEFAULT.probability("这是地域歧视和偏见呀") == DEFAULT.probability("这是和呀")
    assert mentions_prejudice("這是歧視")
    assert not mentions_prejudice("这是泰山")


@given(st.text(max_size=400))
def test_every_text_gets_findings_within_it(text: str) -> None:
    assert 0.0 <= DEFAULT.probability(text) <= 1.0
    for finding in HateClassifier(DEFAULT.weights, dict.fromkeys(THRESHOLDS, 0.0)).find(
        text, "input"
    ):
        assert 0 <= finding.start < finding.end <= len(text)


@given(st.text(min_size=1, max_size=80))
def test_a_vector_has_length_one_or_nothing(text: str) -> None:
    buckets, values = vector(text, np.ones(BUCKETS, dtype=np.uint8))
    assert len(buckets) == len(values)
    assert not len(values) or np.linalg.norm(values) == pytest.approx(1.0)


def test_weights_come_back_as_they_were_written(tmp_path: Path) -> None:
    weights = taught("坏蛋")
    weights.save(tmp_path / "hate.npz")
    read = Weights.load(tmp_path / "hate.npz")
    assert np.array_equal(read.weight, weights.weight)
    assert np.array_equal(read.rarity, weights.rarity)
    assert (read.unit, read.bias) == (weights.unit, weights.bias)


@pytest.mark.parametrize(
    "arrays",
    [
        {"weight": np.zeros(BUCKETS, np.int8)},
        {
            "weight": np.zeros(8, np.int8),
            "rarity": np.zeros(8, np.uint8),
            "numbers": np.ones(2),
        },
        {
            "weight": np.zeros(BUCKETS, np.int8),
            "rarity": np.zeros(BUCKETS, np.uint8),
            "numbers": np.array([np.nan, 0.0]),
        },
        {
            "weight": np.array([{"run": "me"}], dtype=object),
            "rarity": np.zeros(BUCKETS, np.uint8),
            "numbers": np.ones(2),
        },
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "hate.npz", **arrays)
    with pytest.raises(ConfigError, match=r"hate\.npz"):
        Weights.load(tmp_path / "hate.npz")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hate.npz"
    for content in (b"", b"PK\x03\x04 no archive", b"\x80\x04pickle"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="train_hate"):
            Weights.load(path)
