"""Near-duplicates: what counts as one document, and what does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.near import alike, changes, read
from qilu_rag.ingest.near import NEAR, Near, Signature, signature
from qilu_rag.text.fold import is_cjk

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
TEXT = (
    "趵突泉位于济南市历下区，南靠千佛山，东临泉城广场，北望大明湖。趵突泉是泉城济南的象征与标志，"
    "与千佛山、大明湖并称济南三大名胜。泉水从地下石灰岩溶洞中涌出，三股并发，水温常年保持在18摄氏度左右。"
    "宋代曾巩任齐州知州时，在泉边建了泺源堂，并写了《齐州二堂记》，首次把泉名记为趵突。"
)
OTHER = (
    "曲阜孔庙是祭祀孔子的本庙，前后九进院落，大成殿前的十根石柱各雕二龙戏珠。孔府在孔庙东侧，"
    "历代衍圣公住在这里，官衙与内宅连成一体，所藏档案有二十多万件。"
)
SHORT = "泰山主峰玉皇顶海拔1532.7米。"
ENGLISH = (
    "Mount Tai stands in the middle of Shandong. Emperors of many dynasties climbed it to"
    " offer sacrifices to heaven and earth, and left inscriptions on its cliffs."
)


def found(text: str, *kept: str) -> tuple[str, float] | None:
    near = Near(NEAR)
    for number, other in enumerate(kept):
        near.add(str(number), signature(other))
    return near.find(signature(text))


@pytest.mark.parametrize(
    "variant",
    [
        TEXT,
        TEXT.replace("象征与标志", "象征和标志").replace("左右", "上下"),
        TEXT.replace("。", "。\n\n").replace("，", ", "),
        TEXT.replace("济南", "濟南").replace("泉城广场", "泉城廣場").replace("18", "１８"),
        f"趵突泉简介\n{TEXT}",
    ],
    ids=["itself", "corrected", "broken", "other script", "titled"],
)
def test_near(variant: str) -> None:
    hit = found(variant, ENGLISH, TEXT)
    assert hit is not None
    key, share = hit
    assert key == "1"
    assert NEAR <= share <= 1


@pytest.mark.parametrize(
    "other",
    [
        TEXT[: len(TEXT) // 2],
        TEXT + OTHER,
        TEXT[::-1],
        ENGLISH,
        "",
    ],
    ids=["abridged", "enlarged", "backwards", "another", "empty"],
)
def test_not_near(other: str) -> None:
    assert found(other, TEXT) is None
    assert found(TEXT, other) is None


def test_english_texts_differ_though_they_have_the_same_letters() -> None:
    letters = [char for char in ENGLISH if char.isalpha()]
    first, second = (
        " ".join("".join(random.sample(letters, 5)) for _ in range(500))
        for random in (Random(1), Random(2))
    )
    assert found(first, second) is None
    assert found(first.upper(), first) == ("0", 1.0)


@pytest.mark.parametrize(
    "other", ["泰山主峰玉皇頂海拔1532.7米", "  泰山主峰，玉皇顶，\n海拔１５３２.７米！"]
)
def test_a_short_text_is_near_its_equal(other: str) -> None:
    assert found(other, SHORT) == ("0", 1.0)


@pytest.mark.parametrize("other", ["泰山主峰玉皇顶海拔1545米。", SHORT[:-3], "", "。"])
def test_a_short_text_is_near_nothing_else(other: str) -> None:
    assert found(other, SHORT) is None


def test_the_nearest_is_found_and_of_equals_the_first_key() -> None:
    near = Near(0.5)
    for key, text in (("c", TEXT), ("b", TEXT), ("a", TEXT[:-20])):
        near.add(key, signature(text))
    assert near.find(signature(TEXT)) == ("b", 1.0)


def test_a_key_is_added_once() -> None:
    near = Near(NEAR)
    near.add("a", signature(TEXT))
    with pytest.raises(ValueError, match="exists"):
        near.add("a", signature(SHORT))


def test_the_threshold_bounds_what_is_found() -> None:
    share = alike(signature(TEXT), signature(TEXT[:-30]))
    for threshold, hit in ((share, ("a", share)), (share + 0.001, None)):
        near = Near(threshold)
        near.add("a", signature(TEXT))
        assert near.find(signature(TEXT[:-30])) == hit


def test_a_signature_is_the_same_in_another_process() -> None:
    code = f"from qilu_rag.ingest.near import signature; print(signature({TEXT!r}).tolist())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CORPUS.parent
    )
    assert done.stdout.strip() == str(signature(TEXT).tolist())


def test_a_signature_has_stayed_as_it_was() -> None:
    """Stored ones are compared with new ones."""
    assert signature(SHORT)[:2].tolist() == [18377246238762838277, 17766989310712600668]


@given(st.text(max_size=300))
def test_any_text_has_a_signature(text: str) -> None:
    value = signature(text)
    assert value.shape == (128,)
    assert value.dtype == np.uint64
    assert np.array_equal(value, signature(f"\n{text}。"))


@given(st.sets(st.integers(0, len(TEXT) - 1), max_size=3))
def test_a_few_wrong_characters_do_not_matter(places: set[int]) -> None:
    typed = "".join("错" if at in places and is_cjk(c) else c for at, c in enumerate(TEXT))
    assert alike(signature(typed), signature(TEXT)) >= NEAR


# The corpus


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return read(CORPUS)


@pytest.fixture(scope="module")
def signatures(texts: dict[str, str]) -> dict[str, Signature]:
    return {key: signature(text) for key, text in texts.items()}


def test_no_two_entries_are_near(signatures: dict[str, Signature]) -> None:
    near = Near(NEAR)
    assert len(signatures) > 500
    for key, value in signatures.items():
        assert near.find(value) is None, key
        near.add(key, value)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("other script", 1, 1),
        ("another title", 1, 1),
        ("1% of characters changed", 1, 1),
        ("3% of characters changed", 0.9, 1),
        ("sentences shuffled", 0.95, 1),
        ("half of the sentences dropped", 0, 0.05),
    ],
)
def test_variants_of_entries(
    texts: dict[str, str], signatures: dict[str, Signature], name: str, least: float, most: float
) -> None:
    near = Near(NEAR)
    for key, value in signatures.items():
        near.add(key, value)
    change = changes("".join(filter(is_cjk, TEXT)), Random(1))[name]
    some = list(texts)[::10]
    hits = [near.find(signature(change(texts[key]))) for key in some]
    share = sum(hit is not None and hit[0] == key for hit, key in zip(hits, some, strict=True))
    assert least <= share / len(some) <= most
