"""Checking: what the evidence does not carry has a fault, what it carries has none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qilu_rag.answer.check import Checker, _topic
from qilu_rag.answer.evidence import choose
from qilu_rag.backends.fakes import FakeEmbedder
from qilu_rag.types import Hit, Query

MakeHit = Callable[..., Hit]
MakeQuery = Callable[[str], Query]


@pytest.fixture
def checker(hits: list[Hit], make_query: MakeQuery) -> Checker:
    return make_checker(make_query("介绍孔子和泰山"), hits)


def make_checker(query: Query, hits: list[Hit]) -> Checker:
    sources = choose(query, hits, passages=8, characters=400)
    return Checker(query, sources, FakeEmbedder())


@pytest.mark.parametrize(
    ("sentence", "source", "evidence"),
    [
        ("孔子名丘，字仲尼，鲁国陬邑人。", "孔子", "陬邑"),
        ("孔子創立了儒家學派。", "孔子", "儒家"),
        ("孔子的言行记录在《论语》。", "孔子", "论语"),
        ("泰山主峰玉皇顶海拔1532.7米。", "泰山", "1532.7"),
        ("泰山主峰玉皇顶海拔１５３２．７米。", "泰山", "1532.7"),
        ("秦始皇登泰山封禅。", "泰山", "秦始皇"),
        ("Mount Tai is 1532.7 metres high.", "泰山", "1532.7"),
    ],
)
def test_what_is_carried(checker: Checker, sentence: str, source: str, evidence: str) -> None:
    support = checker.support(sentence)
    assert support.fault == ""
    assert support.source.hit.entry.title == source
    assert evidence in support.sentence


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("泰山主峰玉皇顶海拔1545米。", "numbers: 1545"),
        ("泰山主峰玉皇顶海拔一千五百四十五米。", "numbers: 1545"),
        ("Mount Tai is 1545 metres high.", "numbers: 1545"),
        ("《春秋》记录了孔子的言行。", "quoted: 春秋"),
        ("孔子说“有朋自远方来”。", "quoted: 有朋自远方来"),
        ("孔子創立了「道家」學派。", "quoted: 道家"),
        ("孔子晚年在洛阳经营茶叶买卖。", "words: "),
        ("孔子名丘，曾任泰国曼谷市长兼足球教练。", "words: "),
    ],
)
def test_what_is_not(checker: Checker, sentence: str, fault: str) -> None:
    assert checker.support(sentence).fault.startswith(fault)


def test_the_question_and_the_names_count_as_known(hits: list[Hit], make_query: MakeQuery) -> None:
    checker = make_checker(make_query("《天问》与1999年的孔子创立了什么"), hits)
    assert checker.support("1999年的孔子创立了儒家学派，与《天问》。").fault == ""
    assert checker.support("Confucius创立了儒家学派。").fault == ""


@pytest.mark.parametrize(
    ("question", "sentence", "fault"),
    [
        ("平型关大捷在哪里打的", "平型关大捷在泰山主峰打的。", "topic: "),
        ("老子名丘吗", "老子名丘，字仲尼。", "topic: 老子"),
        ("孔子名丘吗", "是的，孔子名丘。", ""),
        ("孔子的字", "字仲尼的是孔子。", ""),
    ],
)
def test_what_a_sentence_begins_with_is_known_to_the_evidence(
    hits: list[Hit], make_query: MakeQuery, question: str, sentence: str, fault: str
) -> None:
    found = make_checker(make_query(question), hits).support(sentence).fault
    assert found.startswith(fault) and bool(found) == bool(fault)


def test_a_part_of_a_topic_does_not_stand_for_the_whole() -> None:
    asked = "平型关大捷是谁指挥的"
    assert _topic("平型关大捷由李宗仁指挥。", "台儿庄大捷由李宗仁指挥", asked).startswith("topic: ")
    assert _topic("平型关大捷由李宗仁指挥。", "平型关大捷由李宗仁指挥", asked) == ""
    assert _topic("指挥的是李宗仁。", "台儿庄大捷由李宗仁指挥", asked) == ""


def test_the_sentence_is_one_of_the_source(checker: Checker, hits: list[Hit]) -> None:
    for sentence in ("泰山", "x", "。", "Nothing at all", "孔子" * 200):
        support = checker.support(sentence)
        assert support.sentence in support.source.sentences
        assert support.sentence in support.source.hit.passage.text


def test_an_english_sentence_brings_no_name_of_its_own(
    hits: list[Hit], make_query: MakeQuery
) -> None:
    query = make_query("Where was Confucius born?")
    sources = choose(query, hits, passages=8, characters=400)
    checker = Checker(query, sources, FakeEmbedder(), (hit.entry for hit in hits))
    assert checker.support("Confucius came from Zouyi in Lu.").fault == ""
    assert checker.support("Confucius came from Zouyi, now Shennan.").fault == "names: Shennan"


def test_a_number_points_at_its_evidence_across_languages(
    make_hit: Callable[..., Hit], make_query: MakeQuery
) -> None:
    hits = [make_hit("傅家遗址在广饶。研究分析了60人的遗骸。2015年又分析18人。", "傅家遗址")]
    query = make_query("How many people were studied?")
    checker = Checker(query, choose(query, hits, passages=8, characters=400), FakeEmbedder())
    support = checker.support("The remains of 60 people were studied.")
    assert support.fault == ""
    assert support.sentence == "研究分析了60人的遗骸。"
    assert checker.support("The remains of 61 people were studied.").fault == "numbers: 61"


def test_the_sources_are_embedded_once(hits: list[Hit], make_query: MakeQuery) -> None:
    query = make_query("孔子")
    embedder = FakeEmbedder()
    checker = Checker(query, choose(query, hits, passages=8, characters=400), embedder)
    assert embedder.embedded == 0
    for _ in range(3):
        checker.support("孔子创立了儒家学派。")
    assert embedder.embedded == 5 + 3


def test_the_years_of_the_question_are_not_lent_to_other_figures(
    make_hit: Callable[..., Hit], make_query: MakeQuery
) -> None:
    """2023年…941.5万人 takes the year from the question and the figure from 2022's sentence."""
    query = make_query("2023年济南市的常住人口是多少？")
    checker = make_checker(query, [make_hit("2022年末济南市常住人口941.5万人。", "济南")])
    assert checker.support("2023年济南市的常住人口是941.5万人。").fault == "years: 2023"
    assert checker.support("2022年济南市的常住人口是941.5万人。").fault == ""
    # The year may stand in another sentence of the passage.
    both = make_hit("2023年的统计如下。2022年济南市常住人口941.5万人，又增2万人。", "济南")
    assert make_checker(query, [both]).support("2023年济南市常住人口又增2万人。").fault == ""


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("孔庙奎文阁在1504年重修。", ""),
        ("孔庙奎文阁在弘治十七年重修。", ""),
        ("孔庙奎文阁在弘治十七年（1504年）重修。", ""),
        ("孔庙奎文阁在1505年重修。", "years: 1505"),
        ("孔庙奎文阁在弘治十八年重修。", "years: 1505"),
        ("孔庙奎文阁在公元前504年重修。", "years: 504"),
    ],
)
@pytest.mark.parametrize("told", ["明弘治十七年", "1504年"])
def test_a_regnal_year_and_its_year_are_one(
    make_hit: MakeHit, make_query: MakeQuery, told: str, sentence: str, fault: str
) -> None:
    hit = make_hit(f"孔庙奎文阁在{told}重修。")
    assert make_checker(make_query("孔庙奎文阁何时重修"), [hit]).support(sentence).fault == fault
