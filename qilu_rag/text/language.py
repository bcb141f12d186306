"""Which of our two languages a text is in."""

from __future__ import annotations

import re
from typing import Literal

from qilu_rag.text.fold import cjk_count

_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def language_of(text: str) -> Literal["zh", "en"]:
    """Guesses the language of a question.

    A question is English when its Latin words outnumber its Chinese characters:
    "Who was 孔子?" is English, "UNESCO 什么时候收录三孔" is Chinese.
    """
    latin = len(_LATIN_WORD.findall(text))
    return "en" if latin > cjk_count(text) or (latin >= 2 and latin * 2 > cjk_count(text)) else "zh"
