"""The words by which a question leans on an earlier one, and what they may stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PERSON = "person"
_TEXT = "text"
_PLACE = "site landscape object"
_DEED = "event practice"
_THING = f"{_TEXT} {_PLACE} {_DEED}"
_HERE = f"site landscape {_DEED}"

# Pattern, the kinds of entry that it may stand for (none: any), what comes in its place,
# and whether it may as well speak of something new.
_RULES: tuple[tuple[str, str, str, bool], ...] = (
    ("(?:这|那|此)(?:个|一个)?人|[这那]位(?:诗人|词人|画家|将军|皇帝|先生|作家|学者|英雄|烈士)?|[他她]们?(?:俩|两个)?(?!乡|山)", _PERSON, "{}", False),
    ("(?:[这那][部本篇首]|该|此)(?:书|小说|著作|兵书|农书|词|诗|文章|戏|剧本)?(?=[^一二三四五六七八九十\\w]|$|[的是有在讲写共一怎里中被收有什为分成最叫现还原哪几])", _TEXT, "{}", False),
    ("[这那]座?(?:山|塔|庙|寺|城|桥|墓|楼|岛|湖|泉|阁|宫|碑|石窟|遗址|牌坊)(?![东西])|该(?:山|寺|塔|墓|遗址|地)|(?:[这那](?:里|儿|边|座)|当地|此地)", _PLACE + " event", "{}", False),
    ("[这那](?:场|次|一)(?:战役|战斗|大战|起义|仗|战|事件|惨案|活动)", "event", "{}", False),
    ("[这那](?:种|个|门|项)(?:戏|剧种|曲种|手艺|技艺|舞|拳|节|习俗|风俗|菜|小吃|传说|故事)", _DEED, "{}", False),
    ("[它牠]们?", _THING, "{}", False),
    ("(?<![尤极与何莫土])其(?![他它实余次中间实])", "", "{}的", False),
    (r"\b(?:he|him|she)\b|\bher\b(?! \w)", _PERSON, "{}", False),
    (r"\b(?:his|her)\b(?= \w)", _PERSON, "{}'s", False),
    (r"\bits\b", _THING, "{}'s", False),
    (r"\btheir\b", "", "{}'s", False),
    (r"\bit\b(?! (?:true|said|possible|that|known)\b)|\bthis one\b", _THING, "{}", False),
    (r"\b(?:they|them)\b", "", "{}", False),
    (r"(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b(?! (?:is|are|was|were)\b)", _HERE, "at {}", False),
    (r"\b(?:the|this|that) (?:man|woman|poet|emperor|general|philosopher|scholar|thinker|writer)\b", _PERSON, "{}", True),
    (r"\b(?:the|this|that) (?:book|novel|text|classic|treatise)\b", _TEXT, "{}", True),
    (r"\b(?:the|this|that) (?:mountain|peak|hill|lake|spring|river|island|beach|temple|tower|pagoda|tomb|palace|mansion|museum|site|town|shrine|academy|wall|pier|stele|place)\b", _PLACE, "{}", True),
    (r"\b(?:the|this|that) (?:battle|campaign|uprising|siege|massacre|incident)\b", "event", "{}", True),
    (r"\b(?:the|this|that) (?:festival|ceremony|opera|dance|craft|custom|dish|cuisine|legend)\b", _DEED, "{}", True),
)  # fmt: skip
_NEW = re.compile(r" (?:of|in|at|on|near|where|that|which|called|named)\b", re.IGNORECASE)
_COMPILED = tuple(
    (re.compile(pattern, re.IGNORECASE), frozenset(kinds.split()), put, weak)
    for pattern, kinds, put, weak in _RULES
)

LEAD = re.compile(
    r"^(?:(?:那么|那(?![个位座部本里儿边些次年天时一场种项门首篇山塔庙寺城])|还有|另外|对了|而)[，,、\s]*"
    r"|(?:and|so|but|then|what about|how about|and what about|and how about)\b[,\s]*)+",
    re.IGNORECASE,
)
"""What only joins a question to the talk before it."""

TAIL = re.compile(r"(?:的?呢|怎么样|如何)?[？?！!。.\s]*$")
"""What such a question ends with."""

RESTS_ON_ALL = re.compile(
    r"(?:那么?|可是|但)?[，,]?(?:"
    r"第[一二三四五六七八九十百\d]+[个位座部种块本次幅条]?(?:呢|是.{0,6})?"
    r"|(?:还|都)有(?:别的|其他的?|哪些|什么|谁|呢|吗|没有){0,3}"
    r"|(?:这是)?为(?:什么|啥|何)(?:呢|啊|会这样)?|怎么(?:会|回事|讲|说)呢?|真的吗|什么意思|举个例子|比如(?:呢|说)?"
    r"|(?:再|请)?(?:详细|具体|展开|继续|多)(?:一?点|些)?(?:说说?|讲讲?|介绍)?(?:一下|呢|吧)?"
    r"|why(?: so| not| is that| was that)?|how so|what else|any(?:thing|one)? (?:else|others?|more)"
    r"|the (?:first|second|third|fourth|last|other)(?: one)?|which one|(?:tell me )?more|go on|for example"
    r")[？?！!。.\s]*",
    re.IGNORECASE,
)
"""Questions that ask nothing but with the whole of the one before them."""

_SHORT_ENGLISH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A word that stands for something named before.

    Attributes:
        kinds: of the entries that it may stand for; empty for any.
        put: what comes in its place around the name: 其弟子 is 孔子的弟子.
        weak: it may as well speak of something new, as "the temple" does.
    """

    start: int
    end: int
    kinds: frozenset[str]
    put: str
    weak: bool


def pointers(question: str) -> list[Pointer]:
    """The words of a question that point back, in order, none overlapping."""
    found: list[Pointer] = []
    for pattern, kinds, put, weak in _COMPILED:
        for match in pattern.finditer(question):
            start, end = match.span()
            if weak and _NEW.match(question, end):
                continue
            if all(end <= other.start or other.end <= start for other in found):
                found.append(Pointer(start=start, end=end, kinds=kinds, put=put, weak=weak))
    return sorted(found, key=lambda pointer: pointer.start)


def leans(question: str) -> bool:
    """Whether a question is a piece of one: 那弟子呢, 主要内容呢, When?"""
    if LEAD.match(question) or re.search(r"呢[？?]*$", question):
        return True
    return question.isascii() and len(question.split()) <= _SHORT_ENGLISH
