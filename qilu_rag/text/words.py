"""Words of a text, for lexical search and for overlap between texts.

Chinese has no spaces: jieba's search mode gives the words and the shorter words within
them, character bigrams catch the names that its dictionary does not know. Both are
needed: words alone lose five points of recall@1 on traditional Chinese (measured on
DRCD), bigrams alone are noisier.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import jieba

from qilu_rag.text.fold import fold, is_cjk

_RUNS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
ENGLISH_STOP = frozenset(
    "a an the of in on at to for by from with as is are was were be been do does did has have had"
    " and or not it its this that these those he she his her they their what which who whom whose"
    " when where why how can could would will there about into than then also".split()
)
FUNCTION_WORDS = frozenset(
    "的 了 是 在 和 与 及 或 也 都 就 而 为 被 把 从 到 由 对 有 过 着 地 得 给 跟 让 吗 呢 吧 啊 呀 么 嘛 哦"
    " 什么 啥 咋 咋样 为啥 干啥 哪 哪里 哪裡 哪儿 哪个 哪些 哪位 哪年 哪天 哪一年 哪本 谁 几 几年 几月 几号"
    " 几个 几几年 多少 多 多大 多高 多长 多久 怎么 怎样 怎么样 如何 为什么 为何 何 何时 何地 什么样"
    " 是不是 有没有 能不能 可以 会 能 请 请问 一下 讲讲 说说 介绍 告诉 到底 究竟 总共 一共 共 分别 真的 还是"
    " 我 你 您 他 她 它 们 这 那 这个 那个 那些 这些 一个 一样 个 位 座 块 副 部 本 之 其 以 于 并 等 中 上 下 里"
    " 后来 最早 算 叫 叫什么 名字 意思 时候 现在 一 东西 说 讲 出 来 去 不 没 没有 要 还".split()
)


# 这本, 那座, 哪位, 几首: a pointing or asking word and its measure.
_POINTING = re.compile(
    "[这那哪几][个些位本部座块场套幅面批条种类只支首篇年月天次回家国县市省人样里儿边]"
)

_PARTICLE = re.compile("[^不经通超路难好为][过了着]")


@lru_cache(maxsize=1)
def _segmenter() -> jieba.Tokenizer:
    # An own instance: the module-level one is shared with every other user of jieba.
    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    segmenter.tmp_dir = str(_cache_dir())
    segmenter.initialize()
    return segmenter


def _cache_dir() -> Path:
    # jieba keeps a pickle of its dictionary; a folder of our own with mode 700 keeps
    # other users of the machine from planting one.
    from platformdirs import user_cache_path

    path = user_cache_path("qilu_rag") / "jieba"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="qilu_rag-"))
    return path


def begins_word(pair: str) -> bool:
    """Whether a word of jieba's dictionary begins with these simplified characters."""
    # FREQ holds all words and all their beginnings, a beginning that is no word with 0.
    return pair in _segmenter().FREQ


def is_word(text: str) -> bool:
    """Whether simplified characters are a word of jieba's dictionary."""
    return bool(_segmenter().FREQ.get(text))


def words(text: str) -> list[str]:
    """Words of a text in search mode, folded, in order, repeats kept."""
    return _words(_runs(text))


def bigrams(text: str) -> list[str]:
    """Pairs of neighbouring Chinese characters, folded; a lone character stands alone."""
    return _bigrams(_runs(text))


def index_terms(text: str) -> list[str]:
    """What a text is indexed and searched by: words and character bigrams."""
    runs = _runs(text)
    return _words(runs) + _bigrams(runs)


def _runs(text: str) -> list[str]:
    """Runs of Chinese characters, and runs of other letters and digits, folded."""
    return _RUNS.findall(fold(text))


def _words(runs: Sequence[str]) -> list[str]:
    found: list[str] = []
    for run in runs:
        if is_cjk(run[0]):
            found += _segmenter().cut_for_search(run)
        else:
            found.append(run)
    return found


def _bigrams(runs: Sequence[str]) -> list[str]:
    found: list[str] = []
    for run in runs:
        if is_cjk(run[0]):
            found += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return found


def query_terms(text: str) -> list[str]:
    """What to search by: index terms, once each, without English function words.

    Chinese function words stay: they are common enough for BM25 to weigh them little,
    while the rare English word of a Chinese corpus would count as a find.
    """
    return [term for term in dict.fromkeys(index_terms(text)) if term not in ENGLISH_STOP]


def content_words(text: str) -> list[str]:
    """Words that carry meaning: without function words and question words, once each.

    删过 counts as 删: the particle is no part of what a passage must hold.
    """
    stopped = ENGLISH_STOP | FUNCTION_WORDS
    kept = (w for w in words(text) if w not in stopped and not _POINTING.fullmatch(w))
    return list(dict.fromkeys(w[0] if _PARTICLE.fullmatch(w) else w for w in kept))
