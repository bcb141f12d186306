"""Names in an English sentence: does the Chinese evidence carry them?

A small model that writes English out of Chinese evidence makes places and people up. A
name that is carried either stands in Latin letters in what is known, or spells Chinese
characters of the evidence that stand side by side, in any of their readings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from qilu_rag.text.fold import is_cjk

_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")
_OWNER = re.compile(r"['’]s?$")
_MARKS = re.compile(r"['’ʼ-]")
_LONGEST_NAME = 6

# Capitalised by English custom, and nobody's name.
_ORDINARY = frozenset(
    "i a an the in on at of and or to by for from with as it its this that these those he his him"
    " she her they their we our you your who when where what which how why there here also after"
    " before during since while according yes no not but however both each all some many most one"
    " january february march april may june july august september october november december monday"
    " tuesday wednesday thursday friday saturday sunday spring summer autumn winter"
    " china chinese shandong asia asian world east west north south eastern western northern southern"
    " central upper lower middle great grand old new ancient modern early late first second third"
    " dynasty dynasties kingdom state states empire republic period era age stone bronze iron"
    " neolithic warring feudal imperial emperor empress king queen prince princess duke marquis lord"
    " lady master mr mrs sir dr saint sage minister general commander marshal chairman president"
    " province prefecture city county district town township village road street region peninsula"
    " mount mountain mountains hill peak river lake sea spring springs bay island islands cave canal"
    " yellow red bohai temple hall palace gate pavilion tower pagoda monastery altar shrine mausoleum"
    " tomb tombs cemetery mansion garden park wall museum library university school academy college"
    " site culture cultural heritage national intangible unesco list people's people liberation army"
    " eighth route war wars battle campaign uprising resistance japanese japan communist party"
    " kuomintang nationalist soviet revolution revolutionary confucian confucianism confucianist"
    " buddhist buddhism buddha taoist taoism daoist daoism islam islamic muslim christian book books"
    " record records history histories classic classics analects rites odes songs documents changes"
    " annals commentary treatise art arts opera drum dance festival folk new year chapter volume ad bc"
    " bce ce".split()
)


def made_up_names(sentence: str, evidence: str, known: str) -> list[str]:
    """Capitalised words of an English sentence that nothing carries, in order.

    Args:
        sentence: in English.
        evidence: in Chinese.
        known: whatever else may be named: the question, English names of entries.
    """
    held = {_plain(word) for word in _WORD.findall(f"{evidence} {known}")}
    held |= {part for word in held for part in word.split("-")}
    names = [name for name in _names(sentence) if name.casefold() not in _ORDINARY]
    return [name for name in names if _plain(name) not in held and not _spelled(name, evidence)]


def _names(sentence: str) -> Iterator[str]:
    for match in _WORD.finditer(sentence):
        word = _OWNER.sub("", match[0])
        if word[:1].isupper() and not any(map(is_cjk, word)):
            opens = not sentence[: match.start()].strip(" \"'“‘(*")
            # A sentence opens with a capital anyway: there only what reads as Chinese counts.
            if not opens or _reads_as_pinyin(_plain(word)):
                yield word


def _plain(word: str) -> str:
    """Lower case, without accents and apostrophes: T'ai and Lǔ are tai and lu."""
    bare = unicodedata.normalize("NFD", _OWNER.sub("", word)).casefold()
    return _MARKS.sub("", "".join(c for c in bare if not unicodedata.combining(c)))


def _spelled(name: str, evidence: str) -> bool:
    """Whether characters of the evidence that stand side by side read as the name."""
    wanted = _plain(name)
    runs = re.findall(r"[\u3400-\u9fff]+", evidence)
    return any(_fits(wanted, run, at) for run in runs for at in range(len(run)))


def _fits(wanted: str, run: str, at: int) -> bool:
    rests = {wanted}
    for char in run[at : at + _LONGEST_NAME]:
        rests = {rest[len(r) :] for rest in rests for r in _readings(char) if rest.startswith(r)}
        if "" in rests:
            return True
        if not rests:
            return False
    return False


@lru_cache(maxsize=8192)
def _readings(char: str) -> frozenset[str]:
    from pypinyin import Style, pinyin  # a fifth of a second, for English answers only

    found = pinyin(char, style=Style.NORMAL, heteronym=True)[0]
    # 吕 is written lü, lv and lu.
    return frozenset(form for r in found for form in (r, r.replace("ü", "v"), r.replace("ü", "u")))


_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|ui|uo"
    r"|ue|er|a|o|e|i|u|v)"
)
_TWO_SYLLABLES = re.compile(f"(?:{_SYLLABLE.pattern}){{2,4}}")


def _reads_as_pinyin(word: str) -> bool:
    return _TWO_SYLLABLES.fullmatch(word) is not None
