"""English questions in Chinese: the corpus is Chinese, and so its evidence is found best.

Names are put into Chinese by the names table, not by the model, which knows few of them.
"""

from __future__ import annotations

import logging
import re

from qilu_rag.answer.prompts import LABEL, translation_messages
from qilu_rag.errors import ModelError
from qilu_rag.ports import ChatModel
from qilu_rag.text.fold import cjk_count, fold

_log = logging.getLogger(__name__)
_MAX_TOKENS = 60
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def to_chinese(question: str, chat: ChatModel) -> str:
    """Translates a question whose names already stand in Chinese.

    Returns:
        The translation; the question as it was when the model is down or answers with
        something that is no Chinese question, or has lost a name.
    """
    try:
        written = "".join(chat.stream(translation_messages(question), max_tokens=_MAX_TOKENS))
    except ModelError as error:
        _log.warning("the question is searched as it is: %s", error)
        return question
    line = LABEL.sub("", written.strip().split("\n")[0]).strip('“”" ')
    # A small model may put a name that it knows better (黄山) in the place of 崂山.
    kept = all(name in fold(line) for name in _CHINESE.findall(fold(question)))
    return line if kept and 3 <= cjk_count(line) <= 2 * len(question) else question
