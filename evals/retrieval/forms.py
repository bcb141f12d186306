"""The form of a question, told by its asking words: who, when, where, how many, why, ..."""

from __future__ import annotations

import re
from typing import Literal

from qilu_rag.text.fold import fold

Form = Literal["who", "when", "where", "how many", "why", "how", "whether", "what", "other"]

# In this order: 哪年 asks when and not what, 多少 how many and not what.
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("why", re.compile(r"为什么|为何|为啥|干嘛要|\bwhy\b")),
    ("when", re.compile(r"哪[一]?年|何时|什么时候|啥时候|几[几]?年|几月|几号|哪[一]?天|哪[个一]?(?:朝代|世纪|年代)|什么(?:朝代|年代|时间)|多会儿|\bwhen\b|\bsince when\b|\b(?:what|which) (?:year|date|dynasty|century|period)\b")),
    ("how many", re.compile(r"多少|几[个座位首篇卷人次条种级口块间处所只把本部回章代岁道层步里度股户件名项支]|多[高大长宽深远久重厚]|第几|\bhow (?:many|much|tall|high|long|old|far|deep|wide|big|large|heavy)\b")),
    ("where", re.compile(r"哪里|哪儿|何地|何处|什么地方|啥地方|哪[个一座]?(?:市|县|省|区|城|村|镇|国|地|山|湖)|在哪|\bwhere\b|\b(?:what|which) (?:city|county|town|village|place|province|district|mountain)\b")),
    ("who", re.compile(r"谁|何人|什么人|哪[一几]?[位个]?(?:人|将军|皇帝|学者|诗人|国君|官员|家)|哪位|哪几位|\bwho(?:m|se)?\b")),
    ("how", re.compile(r"怎么|怎样|怎[么样]|如何|咋|\bhow\b")),
    ("whether", re.compile(r"吗|是不是|有没有|能不能|是否|算不算|对不对|^(?:is|are|was|were|did|does|do|has|have|can)\b")),
    ("what", re.compile(r"什么|啥|哪|几|指的是|\bwhat\b|\bwhich\b")),
)  # fmt: skip


def form_of(question: str) -> Form:
    """The form of a question, in Chinese of either script or English."""
    folded = fold(question)
    return next((form for form, pattern in _FORMS if pattern.search(folded)), "other")
