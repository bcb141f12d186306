"""Writing: evidence to the model, its sentences through the checks, citations on them.

The model writes, the program checks. A sentence that the evidence does not carry is
replaced by the evidence; when the model is down, the evidence is the answer; when the
evidence does not answer the question, the answer says so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qilu_rag.answer.answerable import (
    Judge,
    asks_for_an_unheard_title,
    asks_for_what_changes,
)
from qilu_rag.answer.check import Checker, Support
from qilu_rag.answer.courtesy import Courtesies
from qilu_rag.answer.disagree import differing
from qilu_rag.answer.evidence import Source, choose, ranked
from qilu_rag.answer.place import told
from qilu_rag.answer.prompts import (
    DIFFERS,
    ORIGINAL,
    REFUSAL,
    YES_NO,
    answer_messages,
    judge_messages,
)
from qilu_rag.config import AnswerSettings
from qilu_rag.errors import ModelError
from qilu_rag.ports import ChatModel, Embedder
from qilu_rag.text.fold import fold, squash
from qilu_rag.text.sentences import complete_until, split_sentences
from qilu_rag.text.words import content_words
from qilu_rag.types import Citation, Draft, Hit, PlaceAsked, Query, Sentence, Status

_log = logging.getLogger(__name__)
_MARK = re.compile(
    r"\s*[\[［【(（]\^?(?:资料|来源|source)\s*\d+[\]］】)）]|\s*[\[［【]\^?\d+(?:[,，、]\s*\d+)*[\]］】]",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"谁|誰|哪|几|幾|多少|多[高大长久]|什么|甚麼|什麼|啥|怎|如何|为何|吗|呢"
    r"|\b(?:when|who|whom|where|what|which|how|why)\b",
    re.IGNORECASE,
)
_QUOTED_AT_MOST = 2
_NEW_SHARE = 0.3
_MARKUP = " *#`-"
_LABEL = re.compile(r"^(?:答案|回答|答|answer)\s*[:：]\s*", re.IGNORECASE)


class Writer:
    """Writes answers with one chat model.

    Args:
        chat: the language model.
        embedder: aligns sentences with evidence.
        settings: bounds of evidence and answer.
    """

    def __init__(self, chat: ChatModel, embedder: Embedder, settings: AnswerSettings) -> None:
        self._chat = chat
        self._embedder = embedder
        self._settings = settings
        self._judge = Judge.load(settings.threshold, settings.given_threshold)
        self._courtesies = Courtesies.load()

    def warm(self) -> None:
        """Has the model read its constant prompt."""
        nothing = Query(asked="", text="", language="zh")
        for _ in self._chat.stream(answer_messages(nothing, ()), max_tokens=1):
            pass

    def greet(self, query: Query) -> Draft | None:
        """The answer to a greeting or a question about the assistant; None to all others."""
        text = self._courtesies.reply(query.asked, query.language)
        if text is None:
            return None
        return Draft(query=query, status="answered", sentences=(Sentence(text=text),))

    def place(self, query: Query, place: PlaceAsked) -> Draft:
        """The answer to a question for the place of a saying; asks no model."""
        numbers: dict[int, int] = {}
        sentences, citations = [], []
        for text, index in told(place):
            if index is None:
                sentences.append(Sentence(text=text))
                continue
            n = numbers.setdefault(index, len(numbers) + 1)
            hit = place.hits[index]
            sentences.append(Sentence(text=f"{text}[{n}]", cites=(n,)))
            citations.append(Citation(n=n, hit=hit, quote=hit.passage.text))
        return Draft(
            query=query,
            status="answered",
            sentences=tuple(sentences),
            citations=tuple(citations),
            hits=place.hits,
        )

    def write(self, query: Query, hits: Sequence[Hit], *, given: bool = False) -> Iterator[Draft]:
        """Answers a question out of hits.

        Args:
            query: the question, understood.
            hits: passages, best first.
            given: whether the passages are the caller's own.

        Yields:
            Growing drafts: first the sources alone, last the whole answer.
        """
        settings = self._settings
        sources = choose(
            query, hits, passages=settings.passages, characters=settings.evidence_characters
        )
        answer = _Answer(query, tuple(source.hit for source in sources))
        if not sources or _beyond_the_corpus(query, hits, given=given):
            yield answer.draft("writing")
            yield answer.refuse()
            return
        # Only where the evidence alone tells that it answers: the model is not asked yet.
        sure = self._judge.answerable(query, hits, None, given=given)
        yield answer.preview(*ranked(sources)[0]) if sure else answer.draft("writing")
        try:
            leaning = self._chat.lean(judge_messages(query, sources), YES_NO)
            if not self._judge.answerable(query, hits, leaning, given=given):
                yield answer.refuse()
                return
            checker = Checker(query, sources, self._embedder, (hit.entry for hit in hits))
            for text in self._sentences(query, sources):
                if answer.add(checker.support(text), text):
                    yield answer.draft("writing")
        except ModelError as error:
            _log.warning("the evidence stands in for the model: %s", error)
            if self._judge.answerable(query, hits, None, given=given):
                answer.quote(*ranked(sources)[0])
                yield answer.draft("extract")
            else:
                yield answer.refuse()
            return
        answer.complete(sources)
        answer.contrast(sources, hits[: settings.passages])
        yield answer.draft("answered")

    def _sentences(self, query: Query, sources: Sequence[Source]) -> Iterator[str]:
        """The model's sentences as they are finished, without marks of its own."""
        text = ""
        pieces = 0
        limit = self._settings.max_tokens
        for piece in self._chat.stream(answer_messages(query, sources), max_tokens=limit):
            text += piece
            pieces += 1
            end = complete_until(text)
            if end:
                yield from _clean(text[:end])
                text = text[end:]
        if pieces < limit:  # else what is left was cut off in mid-sentence
            yield from _clean(text)


def _beyond_the_corpus(query: Query, hits: Sequence[Hit], *, given: bool) -> bool:
    changes = asks_for_what_changes(query, hits, given=given)
    return changes or asks_for_an_unheard_title(query, hits)


def _clean(text: str) -> Iterator[str]:
    for sentence in split_sentences(_MARK.sub("", text)):
        bare = _LABEL.sub("", sentence.strip(_MARKUP)).strip(_MARKUP)
        if any(char.isalnum() for char in bare):
            yield bare


@dataclass
class _Answer:
    """An answer in the making."""

    query: Query
    hits: tuple[Hit, ...]
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    def draft(self, status: Status) -> Draft:
        """The answer so far."""
        return Draft(
            query=self.query,
            status=status,
            sentences=tuple(self.sentences),
            citations=tuple(self.citations),
            hits=self.hits,
        )

    def refuse(self) -> Draft:
        """The refusal; the hits stay, as the nearest that there is."""
        refusal = Sentence(text=REFUSAL[self.query.language])
        return Draft(query=self.query, status="refused", sentences=(refusal,), hits=self.hits)

    def preview(self, source: Source, sentence: str) -> Draft:
        """The sources, with the sentence that fits best to look at meanwhile."""
        quote = Citation(n=source.n, hit=source.hit, quote=sentence)
        return Draft(query=self.query, status="writing", hits=self.hits, preview=quote)

    def add(self, support: Support, text: str) -> bool:
        """Adds a sentence, or the evidence in its place; whether anything was added."""
        if support.fault:
            _log.info("not carried (%s): %s", support.fault, text)
            return self.quote(support.source, support.sentence)
        return self._append(support.source, support.sentence, text)

    def quote(self, source: Source, sentence: str) -> bool:
        """Adds a sentence of a source, word for word."""
        lead = ORIGINAL["en"] if self.query.language == "en" else ""
        return self._append(source, sentence, lead + sentence)

    def complete(self, sources: Sequence[Source]) -> None:
        """Lets the best evidence speak where the model's words leave it out.

        A small model tends to answer one part of a question with two; the evidence for
        the other part is then quoted.
        """
        parts = min(len(_ASKS.findall(self.query.text)), _QUOTED_AT_MOST) or 1
        for source, text in ranked(sources)[:parts]:
            if not self.sentences or self._leaves_out(text):
                self._append(source, text, ORIGINAL[self.query.language] + text)

    def contrast(self, sources: Sequence[Source], hits: Sequence[Hit]) -> None:
        """Lets every passage speak that tells other figures than the ones cited."""
        cited = {(citation.n, citation.quote) for citation in self.citations}
        by_id = {source.hit.passage.id: source for source in sources}
        for source in sources:
            for quote in (quote for n, quote in cited if n == source.n):
                for hit, text in differing(quote, source, hits):
                    other = by_id.get(hit.passage.id)
                    if other is None:
                        other = Source(n=len(by_id) + 1, hit=hit, sentences=(text,), scores=(0.0,))
                        by_id[hit.passage.id] = other
                        self.hits += (hit,)
                    self._append(other, text, DIFFERS[self.query.language] + text)

    def _leaves_out(self, text: str) -> bool:
        """Whether enough of a sentence's content has not been said or asked yet."""
        known = fold(self.query.text + "".join(sentence.text for sentence in self.sentences))
        words = content_words(text)
        return sum(word not in known for word in words) > _NEW_SHARE * len(words)

    def _append(self, source: Source, quote: str, text: str) -> bool:
        if any(squash(text) in squash(said.text) for said in self.sentences):
            return False
        gap = " " if self.sentences and self.query.language == "en" else ""
        self.sentences.append(Sentence(text=f"{gap}{text}[{source.n}]", cites=(source.n,)))
        citation = Citation(n=source.n, hit=source.hit, quote=quote)
        if citation not in self.citations:
            self.citations.append(citation)
        return True
