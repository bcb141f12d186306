"""Understanding a question: its language, the names in it, and what a follow-up refers to."""

from __future__ import annotations

from collections.abc import Sequence

from qilu_rag.errors import InputError
from qilu_rag.retrieve.follow_up import Told, stand_alone
from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.text.language import language_of
from qilu_rag.types import Filters, Query


def understand(
    question: str,
    names: NameMatcher,
    *,
    history: Sequence[str] = (),
    limit: int = 500,
    filters: Filters = Filters(),
    told: Told | None = None,
) -> Query:
    """Turns a reader's words into a query.

    Names are spelled as the corpus spells them, see `spelling`. A follow-up (那他的弟子呢) is
    made to stand alone, see `follow_up`; a first question is not rewritten further.

    Args:
        question: as typed.
        names: of the corpus.
        history: earlier questions of the conversation, oldest first.
        limit: characters that a question may have.
        filters: what the search is kept to.
        told: how much of a question an entry holds, for follow-ups that point to nothing.

    Raises:
        InputError: when the question is empty, too long or not whole Unicode.
    """
    asked = " ".join(question.split())
    if not any(char.isalnum() for char in asked):
        raise InputError("the question is empty; ask something, such as 孔子是哪里人")
    if not asked.isprintable() and any("\ud800" <= char <= "\udfff" for char in asked):
        raise InputError("the question holds a broken character; type it again as UTF-8")
    if len(asked) > limit:
        raise InputError(
            f"the question has {len(asked):,} characters, over the limit of {limit}; shorten it"
        )
    earlier = [names.spelled(question[:limit]) for question in history]
    alone = stand_alone(names.spelled(asked), earlier, names, told=told, limit=limit)
    return Query(
        asked=asked,
        text=alone.text,
        language=language_of(asked),
        names=names.entries_in(alone.text),
        ambiguous=names.ambiguous(alone.text),
        unclear=alone.unclear,
        filters=filters,
    )
