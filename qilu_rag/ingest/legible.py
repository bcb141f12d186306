"""Legibility: whether what a text layer holds is text, or what a broken font made of it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise
from math import sqrt

from qilu_rag.text.fold import is_cjk, simplify
from qilu_rag.text.words import begins_word

_PIECE = 200
_BAD_PIECES = 0.25
_BROKEN, _MOJIBAKE, _STRANGE = 0.05, 0.15, 0.1
_FEWEST_HANZI, _FEWEST_LETTERS = 40, 60
_LEAST_HANZI, _LEAST_LETTERS = 0.15, 0.6

_CID = re.compile(r"\(cid:\d+\)")
# Symbol fonts put the dingbat of a list item there; the text behind it is sound.
_BULLET = re.compile("^[ \t]*[\uf000-\uf0ff]", re.MULTILINE)
_LATIN_1 = re.compile(
    "[\u00a1-\u00af\u00b1-\u00b6\u00b8-\u00ba\u00bc-\u00d6\u00d8-\u00df\uff61-\uff9f]"
)
_GAP = re.compile(r"\s+")
_RUN = re.compile("[a-z]{2,}")
_EVERYDAY = frozenset(
    "LATIN CJK HIRAGANA KATAKANA BOPOMOFO HANGUL GREEK CYRILLIC FULLWIDTH HALFWIDTH MODIFIER"
    " IDEOGRAPHIC MICRO MASCULINE FEMININE".split()
)
# Each word is a letter and what may follow it: the 150 commonest pairs of Python's own
# documentation (pydoc_data.topics) and all pairs within a syllable of Hanyu Pinyin.
_FOLLOWERS = (
    "abcilmnorstu baeijlouy caehilotu daeiou eacdefilmnpqrstxy faeiou gaeiou haeiou"
    " iabcdefglmnostu jaeiou kaeiou laeilostuy maeiopu nacdegiostu obcdflmnprstuw paeiloprtu"
    " qaeiou raegimnorstuy saehiopstu taehiorstuy uaeilmnoprst vae waehiou xaceiopu yaeiopu"
    " zaehiou"
)
_PAIRS = frozenset(word[0] + after for word in _FOLLOWERS.split() for after in word[1:])


def legible(text: str) -> bool:
    """Whether the text layer of a page can be read as language.

    A PDF shows glyphs; which characters they stand for is told by a map that many
    programs leave out or write wrong. The text is looked at in pieces of 200 characters,
    and is illegible when more than a quarter of them are. A piece is, for one of these:

    - Over 5% of it can't be text: private use, unassigned, control and replacement
      characters, `(cid:12)`.
    - Over 15% are the symbols and capitals of Latin-1, or half-width katakana: Chinese
      bytes that were read in another encoding. Accents, as of pinyin, are small letters.
    - Over 10% are letters of scripts that have no business beside each other (Armenian,
      Thai, Runic): glyph numbers that were taken for characters.
    - Chinese neighbours don't make words. Of pairs of neighbouring Chinese characters
      49% begin a word of jieba's dictionary in this project's corpus and 40% in its
      classics (least in 200 characters: 17%, in the Book of Songs), but 2% (most: 13%)
      when characters are put for one another at random. The line is 15%, and one
      standard error over what was counted has to lie under it.
    - Latin neighbours don't make syllables: under 60% of pairs of letters (English 90%,
      pinyin 100%, other European languages 70% and more, letters put for one another at
      random 31%) are common in English or pinyin.

    Numbers, and pieces with too little of a script to judge it, are legible.
    """
    # Two-byte codes read as two characters leave a NUL before each; cleaning takes it out.
    text = text.replace("\0", "")
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    return sum(not _sound(piece) for piece in pieces) <= _BAD_PIECES * len(pieces)


def _sound(piece: str) -> bool:
    visible = len(_GAP.sub("", piece))
    return (
        _broken(piece) <= _BROKEN * visible
        and len(_LATIN_1.findall(piece)) <= _MOJIBAKE * visible
        and _strange(piece) <= _STRANGE * visible
        and _makes_words(piece)
        and _makes_syllables(piece)
    )


def _broken(piece: str) -> int:
    """Characters that stand in no text."""
    shown = _BULLET.sub("", piece)
    numbered = sum(map(len, _CID.findall(shown)))
    kinds = Counter(unicodedata.category(char) for char in shown if not char.isspace())
    return numbered + shown.count("\ufffd") + sum(kinds[kind] for kind in ("Cc", "Cs", "Co", "Cn"))


def _strange(piece: str) -> int:
    """Letters of uncommon scripts, without those of the commonest of them."""
    letters = (char for char in piece if char.isalpha() and not char.isascii())
    scripts = Counter(unicodedata.name(char, "").partition(" ")[0] for char in letters)
    return sum(sorted(n for name, n in scripts.items() if name not in _EVERYDAY)[:-1])


def _makes_words(piece: str) -> bool:
    text = simplify(piece)
    pairs = _hanzi_pairs(text)
    if len(pairs) < _FEWEST_HANZI:
        # Some PDFs set each character apart.
        pairs = _hanzi_pairs(_GAP.sub("", text))
    known = sum(map(begins_word, pairs))
    return len(pairs) < _FEWEST_HANZI or _upper(known, len(pairs)) >= _LEAST_HANZI


def _hanzi_pairs(text: str) -> list[str]:
    return [a + b for a, b in pairwise(text) if is_cjk(a) and is_cjk(b)]


def _makes_syllables(piece: str) -> bool:
    plain = unicodedata.normalize("NFD", piece).encode("ascii", "ignore").decode().lower()
    pairs = [run[at : at + 2] for run in _RUN.findall(plain) for at in range(len(run) - 1)]
    # Codes and abbreviations between Chinese words prove nothing.
    if len(pairs) < max(_FEWEST_LETTERS, sum(map(is_cjk, piece))):
        return True
    return _upper(sum(pair in _PAIRS for pair in pairs), len(pairs)) >= _LEAST_LETTERS


def _upper(hits: int, of: int) -> float:
    """A share and one standard error."""
    share = hits / of
    return share + sqrt(share * (1 - share) / of)
