"""Folding: one form for texts that a reader takes for the same.

Full width becomes half width (NFKC), traditional characters become simplified
(OpenCC), upper case becomes lower. Folded text is for matching and indexing only;
what is shown or quoted is always the original.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

# Half of a surrogate pair can't be encoded, and the converter would raise on it.
_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    # Built at first use: reading the dictionaries costs some 20 ms.
    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Turns traditional characters into simplified ones."""
    return str(_converter().convert(_SURROGATE.sub("\ufffd", text)))


def fold(text: str) -> str:
    """Folds width, script and case. The length may change."""
    return simplify(unicodedata.normalize("NFKC", text)).casefold()


def squash(text: str) -> str:
    """Folds and keeps letters and digits only: equal for equal readings."""
    return "".join(char for char in fold(text) if char.isalnum())


def is_cjk(char: str) -> bool:
    """Whether a character is a Chinese ideograph (unified, extension A, compatibility)."""
    return (
        "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or "\uf900" <= char <= "\ufaff"
    )


def cjk_count(text: str) -> int:
    """How many Chinese characters a text holds."""
    return sum(map(is_cjk, text))


# Letters by Unicode's books that show nothing: Hangul fillers, used to split a word unseen.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"

# Cyrillic and Greek letters that the eye takes for Latin ones (Unicode TR 39, confusables).
_LOOK_ALIKES = str.maketrans("аеорсухіјѕһԁԛԝкмтвнοαρνικυ", "aeopcyxijshdqwkmtbhoapviku")


@lru_cache(maxsize=1 << 16)
def _fold_char(char: str) -> str:
    if unicodedata.category(char) == "Cs":
        return "\ufffd"
    # Taken apart first, so that é in one code point and in two lose the same accent.
    bare = "".join(
        part
        for part in unicodedata.normalize("NFKD", char)
        if unicodedata.category(part) not in ("Mn", "Me", "Cf") and part not in _BLANK_LETTERS
    )
    folded = simplify(unicodedata.normalize("NFKC", bare)).casefold() if bare else ""
    return folded.translate(_LOOK_ALIKES)


def fold_offsets(text: str) -> tuple[str, list[int]]:
    """Folds character by character and keeps the way back to the original.

    Unlike `fold`, it drops what the eye doesn't see or reads past (combining marks,
    variation selectors, zero-width and other format characters, Hangul fillers), takes
    Cyrillic and Greek letters for the Latin ones that they look like, and simplifies
    without looking at the neighbours (乾隆 becomes 干隆): compare its result only with
    what was folded by it too.

    Returns:
        The folded text and, for each of its characters, the index in `text` of the
        character it came from; the indices never fall.
    """
    folded: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        for part in _fold_char(char):
            folded.append(part)
            origin.append(index)
    return "".join(folded), origin
