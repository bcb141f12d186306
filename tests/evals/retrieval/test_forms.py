"""Forms of questions, by their asking words."""

from __future__ import annotations

import pytest

from evals.retrieval.forms import form_of


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("孔子是哪一年出生的", "when"),
        ("孟子的老師是誰", "who"),
        ("泰山有多高", "how many"),
        ("孔林里葬了多少人", "how many"),
        ("蒲松龄故居在哪里", "where"),
        ("青州府在今天哪个市", "where"),
        ("为什么叫趵突泉", "why"),
        ("鲁锦怎么织", "how"),
        ("孔庙是世界遗产吗", "whether"),
        ("柳子戏是什么", "what"),
        ("讲讲泰山", "other"),
        ("Who carved the cliff sutra?", "who"),
        ("When was it built?", "when"),
        ("In what year did he die?", "when"),
        ("How many disciples had he?", "how many"),
        ("How is it woven?", "how"),
        ("Was Mencius born in Zou?", "whether"),
        ("", "other"),
    ],
)
def test_forms(question: str, form: str) -> None:
    assert form_of(question) == form
