"""From what a reader asked to what is searched: where rooms meet over one question.

Rules come first (`retrieve.query`); the language model is asked for what they can't do, a
follow-up that names nothing and an English question. What it writes is shown to the
reader as what was searched, so it goes through the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qilu_rag.answer.rewrite import rewrite
from qilu_rag.answer.translate import to_chinese
from qilu_rag.moderation import Gate
from qilu_rag.ports import ChatModel
from qilu_rag.retrieve.follow_up import remembered
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searcher
from qilu_rag.types import Filters, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Understands questions.

    Attributes:
        limit: characters that a question may have.
    """

    gate: Gate
    chat: ChatModel
    limit: int

    def by_rules(
        self,
        searcher: Searcher,
        question: str,
        *,
        history: Sequence[str] = (),
        filters: Filters = Filters(),
    ) -> Query:
        """Understands a question without the language model.

        Raises:
            InputError: when the question is empty or too long.
        """
        return understand(
            question,
            searcher.names,
            history=history,
            limit=self.limit,
            filters=filters,
            told=searcher.told,
        )

    def alone(self, searcher: Searcher, question: str, *, history: Sequence[str] = ()) -> Query:
        """Understands a question; one that names don't complete is put by the model.

        Raises:
            InputError: when the question is empty or too long.
        """
        query = self.by_rules(searcher, question, history=history)
        if query.unclear:
            written = rewrite(query.asked, remembered(history, self.limit), self.chat)
            if written is not None:
                query = replace(self.by_rules(searcher, written), asked=query.asked)
        if query.text == query.asked:
            return query
        # Earlier questions are in it, and the gate has seen none of them here.
        verdict = self.gate.check(query.text, "output", question=query.asked)
        if verdict.text:
            return replace(query, text=verdict.text)
        return self.by_rules(searcher, question)

    def in_chinese(self, searcher: Searcher, query: Query) -> Query:
        """Has an English question searched in Chinese, the language of the corpus."""
        if query.language == "zh":
            return query
        written = to_chinese(searcher.names.in_chinese(query.text), self.chat)
        verdict = self.gate.check(written, "output", question=query.asked)
        return replace(query, text=verdict.text or query.text)
