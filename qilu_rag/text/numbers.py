"""Numbers in a text, comparable however they are written.

五十篇 and 50篇, 一千八百 and 1,800, １９９４ and 1994 hold the same numbers.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_DIGITS = dict(zip("〇零一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_DIGITS |= {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10**4, "亿": 10**8}
# A comma groups thousands only behind one to three digits: 1987，100 are two numbers.
_ARABIC = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?")
_CHINESE = re.compile(r"(?<![\d.])[〇零一二三四五六七八九十百千万亿两]{1,40}")
_ENGLISH = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80}
_WORD = re.compile(r"[a-z]+")


def numbers_in(text: str) -> set[str]:
    """The numbers of a text in one notation, such as {"50", "1532.7"}.

    A number followed by 万 or 亿 counts in full and as written: 2.6万 gives 26000 and 2.6.
    A lone 一 is no number: in 一位, 一个 and 第一 it counts nothing that could be checked.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    found: set[str] = set()
    for match in _ARABIC.finditer(text):
        value = Decimal(match[0].replace(",", ""))
        found.add(_plain(value))
        group = _GROUPS.get(text[match.end() : match.end() + 1])
        if group:
            found.add(_plain(value * group))
    found |= {str(chinese_number(run)) for run in _CHINESE.findall(text) if run != "一"}
    found |= {str(_ENGLISH[word]) for word in _WORD.findall(text) if word in _ENGLISH}
    return found


def chinese_number(run: str) -> int:
    """Reads a run of Chinese numerals: 一千八百, 五十, 一九九四, 十."""
    if not set(run) & (_UNITS.keys() | _GROUPS.keys()):
        return int("".join(str(_DIGITS[char]) for char in run))
    total = section = digit = 0
    for char in run:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            section += (digit or 1) * _UNITS[char]
            digit = 0
        elif char == "万" and total >= _GROUPS["亿"]:  # 一亿二千万: only 二千 counts in 万
            total += (section + digit) * _GROUPS[char]
            section = digit = 0
        else:
            total = (total + section + digit or 1) * _GROUPS[char]
            section = digit = 0
    return total + section + digit


def _plain(value: Decimal) -> str:
    # Not by way of float: a question may hold four hundred digits.
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
