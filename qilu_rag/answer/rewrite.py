"""Follow-ups that names and pronouns don't settle, put by the language model.

The model may only rearrange what was said: whatever it adds is its own invention, and a
wrong name finds the wrong passages with great confidence.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from qilu_rag.answer.prompts import LABEL, rewrite_messages
from qilu_rag.errors import ModelError
from qilu_rag.ports import ChatModel
from qilu_rag.text.fold import fold
from qilu_rag.text.language import language_of
from qilu_rag.text.words import content_words

_log = logging.getLogger(__name__)
_MAX_TOKENS = 60
_EARLIER = 3
_EARLIER_CHARACTERS = 120


def rewrite(question: str, history: Sequence[str], chat: ChatModel) -> str | None:
    """Has the model make a question stand alone.

    Args:
        question: the follow-up, as asked.
        history: earlier questions, oldest first; the model is shown the last three.
        chat: the language model.

    Returns:
        The question as the model puts it; None when the model is down, or leaves out a
        word of the question, or brings in one that nobody said.
    """
    shown = [earlier[:_EARLIER_CHARACTERS] for earlier in history[-_EARLIER:]]
    try:
        messages = rewrite_messages(question, shown, language_of(question))
        written = "".join(chat.stream(messages, max_tokens=_MAX_TOKENS))
    except ModelError as error:
        _log.warning("the follow-up is searched with the question before it: %s", error)
        return None
    line = LABEL.sub("", written.strip().split("\n")[0]).strip('“”" ')
    return line if _says_the_same(line, question, shown) else None


def _says_the_same(line: str, question: str, history: Sequence[str]) -> bool:
    """Whether a line holds the question's words, more than these, and none that is new."""
    said = fold(" ".join([*history, question]))
    words = content_words(line)
    folded = fold(line)
    return (
        language_of(line) == language_of(question)
        and all(word in folded for word in content_words(question))
        and all(word in said for word in words)
        and len(words) > len(content_words(question))
    )
