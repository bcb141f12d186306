"""Questions for the place of a saying are told from all others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.retrieve.quoting import names_of_works, quoting
from qilu_rag.types import Entry, Relation

WORKS = names_of_works(
    {
        "confucius": Entry(id="confucius", title="孔子", aliases=("孔丘",)),
        "lunyu": Entry(id="lunyu", title="论语"),
        "lunyu-original": Entry(
            id="lunyu-original",
            title="《论语》原文",
            origin="original",
            relations=(
                Relation(type="about", to="lunyu"),
                Relation(type="related_to", to="confucius"),
                Relation(type="related_to", to="nobody"),
            ),
        ),
        "daxue-original": Entry(id="daxue-original", title="《大学》原文", origin="original"),
    }
)


@pytest.mark.parametrize(
    ("question", "saying", "work"),
    [
        ("“己所不欲，勿施于人”出自哪里？", "己所不欲，勿施于人", None),
        ("「己所不欲，勿施於人」這句話出自哪本書", "己所不欲，勿施於人", None),
        ("己所不欲勿施于人出自论语吗", "己所不欲勿施于人", "lunyu-original"),
        ("论语里有“知行合一”这句话吗？", "知行合一", "lunyu-original"),
        ("《论语》里有没有“人之初，性本善”？", "人之初，性本善", "lunyu-original"),
        ("孔子说过“以德报怨”吗？", "以德报怨", "lunyu-original"),
        ("“修身齐家治国平天下”是《大学》里的话吗", "修身齐家治国平天下", "daxue-original"),
        ("学而时习之出自哪里", "学而时习之", None),
        ("博学之审问之慎思之明辨之笃行之这话出自哪儿？", "博学之审问之慎思之明辨之笃行之", None),
    ],
)
def test_asked(question: str, saying: str, work: str | None) -> None:
    asked = quoting(question, WORKS)
    assert asked is not None
    assert (asked.saying, asked.work) == (saying, work)


@pytest.mark.parametrize(
    "question",
    [
        "孔子是哪里人？",
        "“仓廪实则知礼节”下一句是啥，出自哪本书哪篇",
        "“老百姓比国君重要”是孟子哪句话？",
        "“己所不欲”是什么意思？出自哪里？",
        "“天下第一泉”指的是哪里",
        "李清照出自哪个家族",
        "谁说的“逝者如斯夫”",
        "",
        "“”出自哪里",
    ],
)
def test_not_asked(question: str) -> None:
    assert quoting(question, WORKS) is None


@given(st.text(alphabet="“”「」出自哪里论语吗有没有孔子说过，。《》ab \n", max_size=80))
def test_whatever_is_typed(question: str) -> None:
    asked = quoting(question, WORKS)
    assert asked is None or asked.work in (None, *WORKS)
