"""The page's own words, as data: phrases in two languages, and questions to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qilu_rag.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What the page says around an answer, in the language of the question.

    Attributes:
        tag: the language as HTML's `lang` names it.
        origin: where a text comes from, by the entry's `origin`.
        review: how far people have looked at it, by the entry's `review.state`.
    """

    tag: str
    asked: str
    looking: str
    writing: str
    searched: str
    preview: str
    sources: str
    nearest: str
    cited: str
    passage: str
    licence: str
    extract: str
    stopped: str
    broken: str
    origin: Mapping[str, str]
    review: Mapping[str, str]


PHRASES: dict[Language, Phrases] = {
    "zh": Phrases(
        tag="zh-CN",
        asked="问",
        looking="正在检索资料",
        writing="资料已找到，正在组织回答",
        searched="检索：",
        preview="速览：",
        sources="出处",
        nearest="相近条目",
        cited="出处",
        passage="原文段落",
        licence="许可",
        extract="语言模型暂不可用，以下为资料原文",
        stopped="已停止。",
        broken="出错了，请稍后再试。",
        origin={
            "machine-drafted": "机器起草",
            "human": "人工撰写",
            "ocr": "扫描识别",
            "original": "传世原文",
        },
        review={
            "draft": "待人工审核",
            "checked": "已核对，待批准",
            "approved": "已审核通过",
            "retired": "已停用",
        },
    ),
    "en": Phrases(
        tag="en",
        asked="Question",
        looking="Searching the collection",
        writing="Sources found, writing the answer",
        searched="Searched: ",
        preview="At a glance: ",
        sources="Sources",
        nearest="Nearest entries",
        cited="Source",
        passage="Passage",
        licence="Licence",
        extract="The language model is not available; this is the source text",
        stopped="Stopped.",
        broken="Something went wrong. Please try again later.",
        origin={
            "machine-drafted": "Drafted by machine",
            "human": "Written by people",
            "ocr": "Read from a scan",
            "original": "Received text",
        },
        review={
            "draft": "awaiting human review",
            "checked": "checked, awaiting approval",
            "approved": "reviewed and approved",
            "retired": "retired",
        },
    ),
}

EXAMPLES: dict[str, tuple[str, str]] = {
    "figures": ("孔子是哪里人？", "李清照的词集叫什么？"),
    "classics": ("《孙子兵法》一共有多少篇？", "《论语》的首篇是什么？"),
    "heritage": ("曲阜三孔何时列入世界遗产？", "齐长城有多长？"),
    "landscapes": ("泰山主峰有多高？", "趵突泉在哪里？"),
    "folk": ("鲁锦是用什么织成的？", "潍坊风筝以哪种最出名？"),
    "red": ("台儿庄大战由谁指挥？", "孟良崮战役发生在什么时候？"),
}
"""Category → two questions to begin with."""

EXAMPLES_EN: tuple[str, str] = (
    "Where was Confucius born?",
    "How high is the main peak of Mount Tai?",
)
