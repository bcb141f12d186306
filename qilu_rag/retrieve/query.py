"""Understanding a question: its language, the names in it, and what a follow-up refers to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qilu_rag.errors import InputError
from qilu_rag.retrieve.names import NameMatcher
from qilu_rag.text.language import language_of
from qilu_rag.types import Filters, Query

_REFERS = re.compile(
    r"^(那|那么|还有|另外)?[，,]?(它|他|她|其|这里|那里|那儿|这儿|该|这个|那个|这位|这座|这部|那座)"
    r"|(它|他|她)(们)?(的|是|在|有|为|叫|有没有|什么|后来|还|会)|^(那|那么)"
    r"|\b(it|its|he|his|him|she|her|they|their|them|there|this|that|the (temple|book|mountain|man|place|city|battle))\b",
    re.IGNORECASE,
)


def understand(
    question: str,
    names: NameMatcher,
    *,
    history: Sequence[str] = (),
    limit: int = 500,
    filters: Filters = Filters(),
) -> Query:
    """Turns a reader's words into a query.

    A follow-up that names nothing and points back (那他的弟子呢) takes over the names of
    the latest earlier question that had any; a first question is never rewritten.

    Args:
        question: as typed.
        names: of the corpus.
        history: earlier questions of the conversation, oldest first.
        limit: characters that a question may have.
        filters: what the search is kept to.

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
    found = names.mentions(asked)
    text = asked
    if history and not found and _REFERS.search(asked):
        earlier = next((m for q in reversed(history[-6:]) if (m := names.mentions(q))), [])
        if earlier:
            text = f"{earlier[0].name}：{asked}"
            found = earlier[:1]
    entries = dict.fromkeys(entry for mention in found for entry in mention.entries)
    return Query(
        asked=asked,
        text=text,
        language=language_of(asked),
        names=tuple(entries),
        filters=filters,
    )
