"""Ten ways in which people write a harmful sentence so that a list of words misses it."""

from __future__ import annotations

import random
from collections.abc import Callable

import opencc
from pypinyin import Style, lazy_pinyin

from qilu_rag.text.fold import is_cjk

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_EMOJI = "😀🔥⭐💰"
_LEET = str.maketrans("aeiost", "431057")
_CYRILLIC = str.maketrans("aeopcxy", "аеорсху")

Rewrite = Callable[[str, random.Random], str]


def _between(text: str, mark: Callable[[], str]) -> str:
    """Puts marks between the characters of Chinese words, and inside Latin ones."""
    out = []
    for char, following in zip(text, [*text[1:], ""], strict=True):
        out.append(char)
        if char.isalnum() and following.isalnum():
            out.append(mark())
    return "".join(out)


def _separated(text: str, rng: random.Random) -> str:
    sign = rng.choice("_-*·|~")
    return "".join(
        char + (sign if is_cjk(char) and is_cjk(following) else "")
        for char, following in zip(text, [*text[1:], ""], strict=True)
    )


def _spaced(text: str, rng: random.Random) -> str:
    gap = " " * rng.randint(1, 2)
    return "".join(
        char + (gap if is_cjk(char) and is_cjk(following) else "")
        for char, following in zip(text, [*text[1:], ""], strict=True)
    )


def _emoji(text: str, rng: random.Random) -> str:
    return "".join(
        char + (rng.choice(_EMOJI) if is_cjk(char) and is_cjk(following) else "")
        for char, following in zip(text, [*text[1:], ""], strict=True)
    )


def _full_width(text: str, _rng: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _zero_width(text: str, rng: random.Random) -> str:
    return _between(text, lambda: rng.choice(_ZERO_WIDTH))


def _struck(text: str, _rng: random.Random) -> str:
    return _between(text, lambda: "\u0336")


def _traditional(text: str, _rng: random.Random) -> str:
    return str(opencc.OpenCC("s2t").convert(text)).upper()


def _repeated(text: str, rng: random.Random) -> str:
    at = rng.choice([i for i, char in enumerate(text) if is_cjk(char) or char.isalpha()])
    return text[:at] + text[at] * rng.randint(3, 5) + text[at + 1 :]


def _look_alike(text: str, _rng: random.Random) -> str:
    return text.translate(_CYRILLIC)


def _leet(text: str, _rng: random.Random) -> str:
    return text.translate(_LEET)


def _pinyin(text: str, rng: random.Random) -> str:
    places = [i for i, char in enumerate(text) if is_cjk(char)]
    if not places:
        return text.upper()
    at = rng.choice(places)
    return text[:at] + lazy_pinyin(text[at], style=Style.NORMAL)[0] + text[at + 1 :]


REWRITES: dict[str, Rewrite] = {
    "zero width": _zero_width,
    "separators": _separated,
    "spaces": _spaced,
    "emoji": _emoji,
    "full width": _full_width,
    "struck through": _struck,
    "traditional": _traditional,
    "repeated": _repeated,
    "pinyin of one": _pinyin,
    "look-alikes": lambda text, rng: _look_alike(
        _leet(text, rng) if rng.random() < 0.5 else text, rng
    ),
}
"""Name → what it does to a text; random choices come from the generator given."""
