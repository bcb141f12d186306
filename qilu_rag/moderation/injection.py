"""Prompt injection: sentences that talk to the model instead of asking about the subject.

Two sets of patterns. Phrases run over squeezed text, in which commas and colons stay (a
clause's start tells an order from a report: 忽略以上指令 against 商鞅无视旧规则) and a line
feed stands at each sentence's end, which no pattern crosses. Markup runs over folded text,
whose signs squeezing would take away. All findings are for a person to look at: a false
alarm costs a glance, so none of them blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qilu_rag.moderation.variants import squeeze
from qilu_rag.text.fold import fold_offsets
from qilu_rag.types import Finding, Stage

CATEGORY = "injection"

_CLAUSE = ",;:、"

# An order: at the start of a clause, or behind a word that addresses somebody.
_ORDER = (
    r"(?:(?<![^\n,;:、])|(?:请|你|您|帮我|麻烦|现在|立刻|立即|马上|务必|必须|需要|全部|彻底"
    r"|首先|先|然后|并且?|接着|直接|可以|开始|起)[^\n,;:、]{0,4}?)"
)
_FORGET = (
    r"(?:忽略|忽视|无视|忘记|忘掉|忘了|抛开|不要理会|(?:不要|不用|不必|不再|别|停止|无需)再?"
    r"(?:理会|管|遵守|遵循|执行|听从|服从|考虑))"
)
# Governments repeal and lift too: these verbs speak of injection with a model's words only.
_DROP = rf"(?:{_FORGET}|抛弃|丢弃|丢掉|放弃|清除|清空|删除|撤销|取消|跳过|覆盖|绕过|推翻|作废)"
_EARLIER = (
    r"(?:以上|之前|以前|先前|此前|前面|上面|上述|上文|前述|刚才|原来|原有|原本|原先|最初|初始|所有|全部|一切"
    r"|任何|你的|你被|系统|开发者|管理员|预设|既定|内置|给你的)"
)
_MODEL_ORDERS = (
    r"(?:指令|指示|提示词|提示语|系统提示|设定|设置|人设|prompt|instructions?|system message)"
)
_RULES = r"(?:规则|规定|限制|约束|命令|准则|守则|要求|提示)"
_FREE_ZH = (
    r"(?:不受[^\n,]{0,8}(?:限制|约束|管束|束缚|审查)|没有(?:任何|一切|道德|内容|安全|使用|伦理)*的?"
    r"(?:限制|约束|规则|底线|审查|过滤)|无(?:任何)?(?:限制|约束|审查)|(?:无视|不顾|突破|抛弃|忽略)[^\n,]{0,8}"
    r"(?:规则|限制|约束|准则|审查|规定)|(?:不用|不必|无需|不需要?|不再|拒绝)遵守|什么都(?:能|可以|敢)(?:说|做|回答))"
)
_FREE_EN = (
    r"(?:without (?:any )?(?:\w+ )?(?:rules|restrictions|limits|limitations|filters|guidelines)"
    r"|no (?:\w+ )?(?:rules|restrictions|limits|limitations|filters|guidelines)"
    r"|unrestricted|unfiltered|uncensored|jailbroken)"
)
_HIDDEN = (
    r"(?:系统提示[词语]?|系统指令|系统消息|系统设定|(?:初始|原始|最初的?|内部|隐藏的?|预设的?|开发者|后台)"
    r"(?:提示词?|指令|设定|prompt)|提示词|system prompt|system message"
    r"|你的(?:全部|所有)?(?:指令|提示|设定|prompt|system prompt))"
)
_TELL = (
    r"(?:输出|打印|显示|展示|告诉我|重复|复述|泄露|透露|公开|公布|列出|说出|背出|翻译|写出|贴出|发给我|给我看?"
    r"|原样返回|返回|总结|查看|print|show|output|reveal)"
)

_PHRASES: tuple[tuple[str, str], ...] = (
    ("ignore_zh", rf"{_ORDER}{_DROP}[^\n]{{0,8}}?{_EARLIER}[^\n]{{0,10}}?{_MODEL_ORDERS}"),
    ("ignore_zh", rf"{_ORDER}{_FORGET}[^\n]{{0,8}}?{_EARLIER}[^\n]{{0,10}}?{_RULES}"),
    (
        "ignore_zh",
        rf"(?:把|将|对)[^\n]{{0,4}}?{_EARLIER}[^\n]{{0,8}}?{_MODEL_ORDERS}[^\n]{{0,4}}?{_DROP}",
    ),
    (
        "ignore_zh",
        rf"(?:把|将|对)[^\n]{{0,4}}?{_EARLIER}[^\n]{{0,8}}?{_RULES}[^\n]{{0,4}}?{_FORGET}",
    ),
    (
        "ignore_zh",
        rf"{_EARLIER}的?[^\n]{{0,4}}?(?:{_MODEL_ORDERS}[^\n]{{0,4}}?(?:作废|无效|失效|不算)"
        rf"|{_RULES}[^\n]{{0,4}}?不算数)",
    ),
    (
        "ignore_zh",
        rf"{_ORDER}(?:忘了|忘记|忘掉)(?:你|自己)(?:自己)?(?:原来|之前)?(?:是|的身份|的角色)",
    ),
    (
        "ignore_en",
        r"\b(?:ignore|disregard|forget) (?:all (?:of )?)?(?:the above\b(?! \w+ (?:question|typo))"
        r"|(?:everything|anything|what|all)(?: \w+){0,3}?"
        r" (?:above|before|previously|earlier|told)\b)",
    ),
    (
        "ignore_en",
        r"\b(?:ignore|disregard|forget|override|bypass|neglect|do not follow|don t follow"
        r"|stop following)(?: \w+){0,4}?"
        r" (?:(?:previous|prior|above|earlier|preceding|all|any|your|the|these|system|original)"
        r"(?: \w+){0,3}? (?:instructions?|prompts?|directions|guidelines)"
        r"|(?:your|all previous|all prior|all the above|all your|the above|system|safety)"
        r"(?: \w+){0,2}?"
        r" (?:rules|constraints|restrictions|commands|programming|training|context))\b",
    ),
    (
        "persona_zh",
        r"(?:你现在就?是|你现在扮演|现在起你是|现在开始你是|你将是|你不再是|你是一个|假装你?是?|假设你是|想象你是"
        rf"|扮演|充当|角色是)[^\n]{{0,40}}?{_FREE_ZH}",
    ),
    (
        "persona_zh",
        r"你(?:现在|从现在起|从现在开始)?不再是[^\n]{0,10}(?:ai|助手|模型|机器人|人工智能)",
    ),
    (
        "persona_en",
        r"\b(?:you are(?: now)?|you re(?: now)?|pretend(?: to be| that you are| you are)|act as"
        r"|roleplay as|simulate|imagine you are)"
        rf"[^\n]{{0,80}}? {_FREE_EN}\b",
    ),
    (
        "jailbreak",
        r"(?:(?:你(?:现在|就)?是|扮演|进入|启用|开启|切换到|叫做?|成为"
        r"|\b(?:you are|enable|enter|act as)(?: now)?)"
        r" ?dan(?![a-z])|(?<![a-z])dan ?(?:模式|mode)|do anything now"
        r"|(?:进入|开启|启用|打开|激活|切换到|切换成)(?:了|你的)?"
        r"(?:开发者|越狱|上帝|管理员|调试|无限制)模式"
        r"|越狱(?:模式|提示词|指令)|developer mode (?:on|enabled)"
        r"|(?:enter|enable|activate) developer mode"
        r"|jailbreak (?:mode|prompt)|god mode enabled)",
    ),
    ("reveal_zh", rf"{_TELL}[^\n]{{0,14}}?{_HIDDEN}"),
    ("reveal_zh", rf"(?:把|将)[^\n]{{0,6}}?{_HIDDEN}[^\n]{{0,8}}?{_TELL}"),
    (
        "reveal_zh",
        r"你(?:的|收到的?|被给的?|得到的?|最初的?|之前|一开始)[^\n]{0,6}?(?:系统提示词?|提示词|系统指令|初始指令|指令|prompt)"
        r"[^\n]{0,4}?(?:是什么|是啥|有哪些|有什么|内容|怎么写|原文)",
    ),
    (
        "reveal_zh",
        r"(?:把|将)[^\n]{0,3}?(?:上面|以上|上文|前面)[^\n]{0,8}?(?:原封不动|原样|一字不[差漏改])",
    ),
    ("reveal_zh", r"(?:system prompt|系统提示词|初始提示词)[^\n]{0,4}?(?:是什么|是啥|内容|原文)"),
    (
        "reveal_zh",
        r"(?:重复|复述|输出|打印|原样)[^\n]{0,6}?(?:以上|上面|上述|之前|上文)[^\n]{0,4}?(?:所有|全部|一切)的?"
        r"[^\n]{0,2}?(?:内容|文字|文本|话)",
    ),
    (
        "reveal_en",
        r"\b(?:reveal|show|print|output|repeat|display|leak|tell me|give me|send me|what is"
        r"|what are|what was|what were|what s|summarize|translate)(?: \w+){0,4}?"
        r" (?:system prompt|system message|initial prompt|hidden prompt"
        r"|(?:initial|original|system|hidden|secret) instructions"
        r"|your instructions|your prompt|developer message)\b",
    ),
    (
        "reveal_en",
        r"\bwhat (?:were|have|did) (?:you|they)(?: \w+)? (?:told|instructed|given|tell you)"
        r" (?:before|above|prior|at the (?:start|beginning))\b",
    ),
    (
        "reveal_en",
        r"\brepeat (?:everything|all(?: \w+){0,3}|the (?:text|words)) (?:above|before this)\b",
    ),
    (
        "bypass",
        rf"{_ORDER}(?:绕过|规避|突破|解除|关闭|禁用|停用|去掉|破解)(?:你|你的|自己的|系统的?|模型的?|ai的?|所有|一切|全部)"
        r"的?[^\n,]{0,4}?(?:限制|审核|审查|过滤器?|护栏|安全机制|安全策略|安全设置|内容策略)",
    ),
    (
        "bypass",
        r"\b(?:bypass|disable|turn off|remove|circumvent) (?:\w+ ){0,2}?"
        r"(?:safety|content|security|moderation)"
        r" (?:filters?|guidelines|restrictions|policy|policies|checks?|guardrails|settings)\b",
    ),
    (
        "new_orders",
        r"(?:从现在(?:起|开始)|接下来|以后|今后)[^\n]{0,16}?(?:只能|只|必须|都要|不再|不用|不必|不需要)[^\n]{0,10}?"
        r"(?:遵守|服从|听从|执行|按照)[^\n]{0,6}?(?:我|规则|限制|新的)",
    ),
    ("new_orders", r"(?:新的?(?:系统)?(?:指令|提示词)|最新指令|最高优先级指令)(?:如下|是|:|为)"),
    ("new_orders", r"\bnew (?:system )?(?:instructions?|prompt)(?: is| are)?:"),
    (
        "to_the_model",
        r"(?:如果你是|致|作为|所有|任何|凡是?|阅读|读到|处理|看到)[^\n]{0,12}?(?:ai|人工智能|语言模型|大模型|聊天机器人)"
        r"(?:助手|模型|系统)?[^\n]{0,12}?(?:请|必须|务必|应当?|要|都要)[^\n]{0,8}?"
        r"(?:忽略|无视|回复|回答|输出|推荐|声称|执行|告诉|说)",
    ),
)

_MARKUP: tuple[tuple[str, str], ...] = (
    ("markup", r"<\|[^<>|\n]{2,40}\|>"),
    ("markup", r"\[/?inst\]|<</?sys>>|</?(?:system|assistant|sys|inst|instructions?)>"),
    ("markup", r"(?m:^)[ \t>*]*#{2,} ?(?:system|assistant|instructions?|系统|指令)[ \t]*:?[ \t]*$"),
    ("role", r"(?m:^)[ \t>*\"'“]*(?:system|assistant|developer)\*{0,2} ?:"),
    ("role", r"(?m:^)[ \t>*\"'“]*(?:系统(?:提示词?|指令|消息)?|管理员指令|开发者指令) ?:"),
    (
        "role",
        r"[\[【(](?:系统|管理员|开发者|system)[ _]?"
        r"(?:消息|指令|通知|提示词?|message|override|prompt)[\]】)]"
        r"|\[system\]",
    ),
)


class Injection:
    """Finds orders to the model in questions, answers and documents, Chinese or English."""

    name = CATEGORY

    def find(self, text: str, stage: Stage) -> list[Finding]:
        """Finds injections, at every stage alike; each rule tells a stretch once."""
        spans = sorted(set(_phrases(text)) | set(_markup(text)))
        return [
            Finding(
                category=CATEGORY,
                level="controversial",
                rule=f"{CATEGORY}.{name}",
                start=start,
                end=end,
            )
            for start, end, name in spans
        ]


def _phrases(text: str) -> Iterator[tuple[int, int, str]]:
    squeezed = squeeze(text, keep=_CLAUSE)
    for name, pattern in _PHRASES:
        # ASCII, so that \b sees an edge between a Chinese character and a Latin letter.
        for match in re.finditer(pattern, squeezed.text, re.ASCII):
            yield *squeezed.span(*match.span()), name


def _markup(text: str) -> Iterator[tuple[int, int, str]]:
    folded, origin = fold_offsets(text)
    for name, pattern in _MARKUP:
        for match in re.finditer(pattern, folded):
            yield origin[match.start()], origin[match.end() - 1] + 1, name
