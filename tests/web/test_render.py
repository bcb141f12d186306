"""Replies as HTML: what is shown in every state, and that no text becomes markup."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.types import (
    CATEGORY_NAMES,
    Ambiguity,
    Citation,
    Entry,
    Hit,
    Language,
    Passage,
    Place,
    Reply,
    Review,
    Verdict,
)
from qilu_rag.web.phrases import EXAMPLES, EXAMPLES_EN, PHRASES
from qilu_rag.web.render import (
    Turn,
    answer_html,
    card_html,
    conversation_html,
    passage_html,
    plain,
    sources_html,
    turn_html,
)

TEXT = "孔子名丘，字仲尼。孔子是鲁国人。"
QUOTE = "孔子是鲁国人。"
ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "[x](javascript:alert(1))",
    "**bold** $$x^2$$ `code`",
    "${alert(1)} {{constructor}}",
    "&lt;b&gt;",
)


class Tags(HTMLParser):
    """Every element with its attributes, the text, and whether all elements are closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]


def entry_of(**changes: Any) -> Entry:
    entry = Entry(
        id="kongzi",
        title="孔子",
        title_en="Confucius",
        category="figures",
        place=Place(city="济宁", county="曲阜"),
        licence="CC-BY-4.0",
        origin="machine-drafted",
    )
    return replace(entry, **changes)


def hit_of(text: str = TEXT, entry: Entry | None = None, locator: str = "家世与生卒") -> Hit:
    passage = Passage(
        id="kongzi#1",
        entry_id="kongzi",
        text=text,
        start=0,
        end=len(text),
        locator=locator,
        source="kongzi.md",
        sentences=((0, len(text)),),
    )
    return Hit(passage=passage, entry=entry or entry_of(), score=1.0, via=("dense",))


def reply_of(answer: str = f"{QUOTE}[1]", *, cited: bool = True, **changes: Any) -> Reply:
    hit = changes.pop("hit", hit_of())
    values: dict[str, Any] = {
        "question": "孔子是哪里人？",
        "answer": answer,
        "status": "answered",
        "verdicts": (Verdict(action="pass", text=answer),),
        "citations": (Citation(n=1, hit=hit, quote=QUOTE),) if cited else (),
        "sources": (hit,),
        "searched": "孔子是哪里人？",
    }
    return Reply(**{**values, **changes})


def turn_of(reply: Reply | None = None, **changes: Any) -> Turn:
    return Turn(
        **{"id": "t1", "question": "孔子是哪里人？", "reply": reply, "done": True, **changes}
    )


def test_plain_escapes_and_survives_broken_characters() -> None:
    assert plain("<a href=\"x\" id='y'>&") == "&lt;a href=&quot;x&quot; id=&#x27;y&#x27;&gt;&amp;"
    assert plain("孔\ud800子").encode()


def test_citation_is_a_link_to_its_card() -> None:
    reply = reply_of()
    (cite,) = [attributes for tag, attributes in Tags(answer_html(reply, "t1")).tags if tag == "a"]
    assert cite["href"] == "#t1-s1"
    assert cite["aria-label"] == "出处 1: 孔子"
    cards = [a["id"] for tag, a in Tags(sources_html(reply, "t1")).tags if a.get("id")]
    assert cards == ["t1-s1", "t1-s1-text"]


@pytest.mark.parametrize("mark", ["[2]", "[0]", "[9999]", "[s1]", "[１]x["])
def test_mark_without_citation_stays_text(mark: str) -> None:
    html = answer_html(reply_of(f"{QUOTE}{mark}"), "t1")
    assert html == f"{QUOTE}{mark}"


def test_citation_beyond_the_sources_is_no_link() -> None:
    reply = reply_of("某句。[3]", citations=(Citation(n=3, hit=hit_of(), quote=QUOTE),))
    assert "<a" not in answer_html(reply, "t1")


def test_quote_is_marked_in_the_passage() -> None:
    assert passage_html(TEXT, [QUOTE]) == f"孔子名丘，字仲尼。<mark>{QUOTE}</mark>"


@pytest.mark.parametrize(
    ("quotes", "html"),
    [
        ([], "甲乙丙丁戊"),
        ([""], "甲乙丙丁戊"),
        (["不在"], "甲乙丙丁戊"),
        (["乙丙", "丙丁"], "甲<mark>乙丙丁</mark>戊"),
        (["甲乙", "丙"], "<mark>甲乙丙</mark>丁戊"),
        (["丁戊", "甲"], "<mark>甲</mark>乙丙<mark>丁戊</mark>"),
        (["甲乙丙丁戊", "丙", "丙"], "<mark>甲乙丙丁戊</mark>"),
    ],
)
def test_marks_are_merged_and_never_nested(quotes: list[str], html: str) -> None:
    assert passage_html("甲乙丙丁戊", quotes) == html


def test_card_says_what_the_source_is() -> None:
    card = card_html(1, hit_of(), quotes=[QUOTE], anchor="t1", phrases=PHRASES["zh"])
    text = Tags(card).text
    for part in ("1", "孔子", "Confucius", "历史名人", "济宁 · 曲阜", "家世与生卒", TEXT):
        assert part in text
    assert "机器起草，待人工审核 · 许可 CC-BY-4.0" in text
    assert "<details id" in card
    assert " open" not in card


def test_card_of_a_bare_entry_has_no_empty_parts() -> None:
    bare = hit_of(entry=Entry(id="x", title="无题"), locator="")
    card = card_html(2, bare, quotes=[], anchor="t1", phrases=PHRASES["zh"])
    assert '<ul class="meta"></ul>' in card
    assert "None" not in card
    assert "人工撰写，待人工审核" in card


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_origin_and_review_state_has_words(language: Language) -> None:
    for origin in get_args(get_type_hints(Entry)["origin"]):
        for state in get_args(get_type_hints(Review)["state"]):
            hit = hit_of(entry=entry_of(origin=origin, review=Review(state=state)))
            assert card_html(1, hit, quotes=[], anchor="t", phrases=PHRASES[language])


def test_before_the_first_reply_the_search_is_announced() -> None:
    html = turn_html(turn_of(None, done=False))
    assert "正在检索资料…" in html
    assert 'aria-busy="true"' in html


def test_sources_stand_while_the_model_thinks() -> None:
    reply = reply_of("", cited=False, status="writing", verdicts=())
    html = turn_html(turn_of(reply, done=False))
    assert "资料已找到，正在组织回答…" in html
    assert 'class="card"' in html


def test_answered() -> None:
    html = turn_html(turn_of(reply_of()))
    assert 'class="cite"' in html
    assert "<h3>出处</h3>" in html
    assert "正在" not in html
    assert "检索：" not in html
    assert 'aria-busy="false"' in html


def test_what_was_searched_is_shown_when_it_differs() -> None:
    html = turn_html(turn_of(reply_of(question="那他呢", searched="孔子：那他呢")))
    assert "检索：孔子：那他呢" in html


def test_refused_offers_the_nearest_entries() -> None:
    html = turn_html(turn_of(reply_of("资料中没有相关记载。", cited=False, status="refused")))
    assert "资料中没有相关记载。" in html
    assert "<h3>相近条目</h3>" in html
    assert "<mark>" not in html


def test_blocked_shows_the_notice_alone() -> None:
    reply = reply_of("没有通过审核。", status="blocked", searched="另一个")
    html = turn_html(turn_of(reply))
    assert "没有通过审核。" in html
    for hidden in ("card", "检索", "<mark>", "cite"):
        assert hidden not in html


def test_extract_says_that_the_model_is_down() -> None:
    html = turn_html(turn_of(reply_of(status="extract")))
    assert "语言模型暂不可用，以下为资料原文" in html
    assert f"<mark>{QUOTE}</mark>" in html


def test_the_screened_question_takes_the_place_of_the_typed_one() -> None:
    turn = turn_of(reply_of(question="我的手机是[手机]"), question="我的手机是13800138000")
    assert "13800138000" not in turn_html(turn)


def test_note_stands_without_or_after_a_reply() -> None:
    assert "出错了" in turn_html(turn_of(None, note="出错了，请稍后再试。"))
    stopped = turn_html(turn_of(reply_of(status="writing"), note="已停止。"))
    assert QUOTE in stopped
    assert "已停止。" in stopped


def test_english_question_gets_english_words() -> None:
    reply = reply_of(
        "He was of Lu.[1]", language="en", question="Where from?", searched="Confucius?"
    )
    html = turn_html(turn_of(reply))
    assert 'lang="en"' in html
    for words in ("Searched: Confucius?", "<h3>Sources</h3>", "Figures", "Licence CC-BY-4.0"):
        assert words in html
    assert "Searching the collection" in turn_html(
        turn_of(None, question="Where was he from?", done=False)
    )


def test_endless_question_is_clipped() -> None:
    assert len(turn_html(turn_of(None, question="长" * 100_000, note="too long"))) < 2000


def test_conversation_is_its_turns_in_order() -> None:
    first, second = turn_of(reply_of()), turn_of(reply_of(), id="t2")
    assert conversation_html([first, second]) == turn_html(first) + turn_html(second)
    assert conversation_html([]) == ""


def test_examples_cover_the_categories() -> None:
    assert list(EXAMPLES) == list(CATEGORY_NAMES)
    questions = [*EXAMPLES_EN, *(question for pair in EXAMPLES.values() for question in pair)]
    assert len(set(questions)) == 14


def poisoned(text: str) -> str:
    """A turn with the text in every place that one can come to."""
    entry = entry_of(title=text, title_en=text, licence=text, place=Place(city=text, county=text))
    hit = hit_of(text=f"{text}{QUOTE}{text}", entry=entry, locator=text)
    reply = reply_of(
        f"{text}[1]{text}",
        hit=hit,
        question=text,
        searched=f"{text}?",
        citations=(
            Citation(n=1, hit=hit, quote=QUOTE),
            Citation(n=1, hit=hit, quote=text or QUOTE),
        ),
    )
    return turn_html(turn_of(reply, question=text, note=text or "x"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_injection_is_text(attack: str) -> None:
    page = Tags(poisoned(attack))
    assert page.text.count(attack) >= 10
    assert {tag for tag, _ in page.tags} <= {
        *("article", "h2", "span", "p", "div", "a", "section", "h3", "ol", "li", "ul"),
        *("details", "summary", "blockquote", "mark"),
    }
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert str(attributes.get("href", "#t1-s")).startswith("#t1-s")


def skeleton(html: str) -> list[tuple[str, tuple[str, ...]]]:
    # A text may hold marks such as [1] itself, so the number of links is its own affair.
    return [part for part in Tags(html).shape() if part[0] not in ("a", "mark")]


@given(st.text(max_size=60))
def test_no_text_adds_or_takes_an_element(text: str) -> None:
    assert skeleton(poisoned(f"字{text}")) == skeleton(poisoned("字"))


@given(st.text(max_size=80), st.lists(st.text(max_size=10), max_size=5))
def test_passage_reads_the_same_with_or_without_marks(text: str, quotes: list[str]) -> None:
    html = passage_html(text, quotes)
    assert html.replace("<mark>", "").replace("</mark>", "") == plain(text)


@given(st.data())
def test_quotes_from_the_passage_are_marked_whole(data: st.DataObject) -> None:
    text = data.draw(st.text("甲乙丙<>&\"'。", min_size=1, max_size=40))
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    assert f"<mark>{plain(quote)}</mark>" in passage_html(text, [quote])


def test_names_that_mean_several_entries_are_told() -> None:
    entries = (
        Entry(id="a", title="<b>孟子</b>"),
        Entry(id="b", title="孟子（书）", category="classics"),
    )
    reply = reply_of(ambiguous=(Ambiguity(name="孟子", entries=entries),))
    page = Tags(turn_html(turn_of(reply)))
    assert "“孟子”可以指：<b>孟子</b>；孟子（书）（文化典籍）" in page.text
    assert "b" not in {tag for tag, _ in page.tags}
    english = turn_html(turn_of(replace(reply, language="en")))
    assert "may mean: " in english
    assert "Classics" in english


def test_a_preview_is_shown_until_the_answer_comes() -> None:
    quote = Citation(n=1, hit=hit_of(), quote="<i>孔子</i>是鲁国人。")
    waiting = reply_of("", verdicts=(), cited=False, status="writing", preview=quote)
    page = Tags(turn_html(turn_of(waiting, done=False)))
    assert "速览：<i>孔子</i>是鲁国人。" in page.text
    assert "i" not in {tag for tag, attributes in page.tags if attributes}
    assert "速览" not in turn_html(turn_of(reply_of(preview=quote), done=False))
    assert "速览" not in turn_html(turn_of(waiting, done=True))
