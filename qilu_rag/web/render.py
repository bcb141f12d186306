"""Replies as HTML: pure functions, and the one place where markup is made of texts.

Whatever comes from a reader, the model or the corpus passes through `plain` (and so
`html.escape`) before it stands in markup; nothing in it is read as Markdown, LaTeX or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from qilu_rag.render import ambiguity_line
from qilu_rag.text.language import language_of
from qilu_rag.types import CATEGORY_NAMES, Citation, Entry, Hit, Reply
from qilu_rag.web.phrases import PHRASES, Phrases

_CITE = re.compile(r"\[([0-9]{1,3})\]")
_SHOWN = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question of the conversation and what came of it so far.

    Attributes:
        id: of its element on the page; letters and digits.
        question: as typed; shown until a reply brings it back screened.
        note: a sentence in place of, or after, the reply.
        done: whether no more will come.
    """

    id: str
    question: str
    reply: Reply | None = None
    note: str = ""
    done: bool = False

    @property
    def phrases(self) -> Phrases:
        """The page's words in the language of the question."""
        if self.reply is not None:
            return PHRASES[self.reply.language]
        return PHRASES[language_of(self.question[:_SHOWN])]


def plain(text: str) -> str:
    """A text as HTML that shows it character for character.

    Half characters (lone surrogates) become question marks: they can't be sent as UTF-8.
    """
    return escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)


def conversation_html(turns: Iterable[Turn]) -> str:
    """The whole conversation, to stand in an element with role=log."""
    return "".join(turn_html(turn) for turn in turns)


def turn_html(turn: Turn) -> str:
    """One question with its answer and sources."""
    phrases, reply = turn.phrases, turn.reply
    question = turn.question if reply is None else reply.question
    parts = [
        f'<article class="turn" id="{plain(turn.id)}" lang="{phrases.tag}"'
        f' aria-busy="{"false" if turn.done else "true"}">',
        f'<h2 class="asked"><span class="unseen">{phrases.asked}: </span>'
        f"{plain(_clipped(question))}</h2>",
    ]
    # A blocked question or answer leaves nothing to look at but the notice.
    shown = reply if reply is not None and reply.status != "blocked" else None
    if shown is not None and shown.searched and shown.searched != shown.question:
        parts.append(f'<p class="searched">{phrases.searched}{plain(_clipped(shown.searched))}</p>')
    for line in _unclear(shown):
        parts.append(f'<p class="searched">{plain(_clipped(line))}</p>')
    parts.append('<div class="found"><div class="answer">')
    parts += _answer(turn)
    parts.append("</div>")
    if shown is not None:
        parts.append(sources_html(shown, turn.id))
    parts.append("</div></article>")
    return "".join(parts)


def _answer(turn: Turn) -> Iterable[str]:
    phrases, reply = turn.phrases, turn.reply
    if reply is not None:
        if reply.status == "extract":
            yield f'<p class="note">{phrases.extract}</p>'
        if reply.status == "blocked":
            yield f'<p class="note blocked">{plain(reply.answer)}</p>'
        elif reply.answer:
            yield f'<p class="text">{answer_html(reply, turn.id)}</p>'
        elif reply.preview is not None and not turn.done:
            yield _preview(reply.preview, phrases)
    if turn.note:
        yield f'<p class="note">{plain(turn.note)}</p>'
    if not turn.done and (reply is None or reply.status == "writing"):
        line = phrases.looking if reply is None else phrases.writing
        yield (
            f'<p class="thinking">{line}…'
            '<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span></p>'
        )


def _preview(preview: Citation, phrases: Phrases) -> str:
    """A sentence of the sources, to look at while the model writes."""
    hit = preview.hit
    source = f"{hit.entry.title} · {hit.passage.locator}"
    return (
        f'<blockquote class="preview"><p><b>{phrases.preview}</b>{plain(preview.quote)}</p>'
        f"<cite>{plain(source)}</cite></blockquote>"
    )


def answer_html(reply: Reply, anchor: str) -> str:
    """The answer with its marks `[1]` as links to the cards of its sources.

    A mark that no citation stands behind stays the text that it is.
    """
    phrases = PHRASES[reply.language]
    titles = {
        citation.n: citation.hit.entry.title
        for citation in reply.citations
        if 1 <= citation.n <= len(reply.sources)
    }
    parts, end = [], 0
    for mark in _CITE.finditer(reply.answer):
        n = int(mark[1])
        if n in titles:
            parts.append(plain(reply.answer[end : mark.start()]))
            parts.append(
                f'<a class="cite" href="#{_card_id(anchor, n)}"'
                f' aria-label="{phrases.cited} {n}: {plain(titles[n])}">[{n}]</a>'
            )
            end = mark.end()
    return "".join(parts) + plain(reply.answer[end:])


def _unclear(reply: Reply | None) -> list[str]:
    """What the names may mean that mean more than one entry."""
    if reply is None:
        return []
    return [ambiguity_line(name, reply.language) for name in reply.ambiguous]


def sources_html(reply: Reply, anchor: str) -> str:
    """The cards of a reply's sources; of the nearest entries when it was refused."""
    if not reply.sources:
        return ""
    phrases = PHRASES[reply.language]
    heading = phrases.nearest if reply.status == "refused" else phrases.sources
    cards = "".join(
        card_html(
            n,
            hit,
            quotes=[citation.quote for citation in reply.citations if citation.n == n],
            anchor=anchor,
            phrases=phrases,
        )
        for n, hit in enumerate(reply.sources, start=1)
    )
    return (
        f'<section class="sources" aria-label="{heading}">'
        f"<h3>{heading}</h3><ol>{cards}</ol></section>"
    )


def card_html(n: int, hit: Hit, *, quotes: Sequence[str], anchor: str, phrases: Phrases) -> str:
    """A source: what it is, where it belongs, how far it was reviewed, and its words."""
    entry = hit.entry
    english = (
        f'<span class="title-en" lang="en">{plain(entry.title_en)}</span>' if entry.title_en else ""
    )
    meta = "".join(
        f'<li class="{kind}">{plain(text)}</li>'
        for kind, text in (
            ("category", _category(entry, phrases)),
            ("place", _place(entry)),
            ("locator", hit.passage.locator),
        )
        if text
    )
    comma = ", " if phrases.tag == "en" else "，"
    provenance = f"{phrases.origin[entry.origin]}{comma}{phrases.review[entry.review.state]}"
    if entry.licence:
        provenance += f" · <span>{phrases.licence} {plain(entry.licence)}</span>"
    card = _card_id(anchor, n)
    return (
        f'<li class="card{" cited" if quotes else ""}" id="{card}">'
        f'<p class="head"><span class="number">{n}</span>'
        f'<span class="title" lang="zh-CN">{plain(entry.title)}</span>{english}</p>'
        f'<ul class="meta">{meta}</ul>'
        f'<details id="{card}-text"><summary>{phrases.passage}</summary>'
        f'<blockquote lang="zh-CN">{passage_html(hit.passage.text, quotes)}</blockquote></details>'
        f'<p class="provenance">{provenance}</p></li>'
    )


def passage_html(text: str, quotes: Iterable[str]) -> str:
    """A passage with the quoted words marked; quotes that meet are marked as one."""
    spans: list[tuple[int, int]] = []
    for start, stop in sorted(
        (text.find(quote), text.find(quote) + len(quote)) for quote in quotes if quote
    ):
        if start < 0:
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], stop))
        else:
            spans.append((start, stop))
    parts, end = [], 0
    for start, stop in spans:
        parts.append(f"{plain(text[end:start])}<mark>{plain(text[start:stop])}</mark>")
        end = stop
    return "".join(parts) + plain(text[end:])


def _card_id(anchor: str, n: int) -> str:
    return f"{plain(anchor)}-s{n}"


def _category(entry: Entry, phrases: Phrases) -> str:
    if entry.category is None:
        return ""
    zh, en = CATEGORY_NAMES[entry.category]
    return en if phrases.tag == "en" else zh


def _place(entry: Entry) -> str:
    place = entry.place
    return " · ".join(filter(None, (place.city, place.county))) if place is not None else ""


def _clipped(text: str) -> str:
    # Refused for its length, a question of 100,000 characters need not fill the page.
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
