"""The page in headless Chromium, over an assistant on fakes."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from qilu_rag.assistant import build
from qilu_rag.backends.fakes import FakeChat, FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import AnswerSettings, Settings
from qilu_rag.ports import Message

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium"),
]


EVIL = "<img src=x onerror=alert(1)>"
INJECTIONS = (
    "<script>alert(1)</script>孔子是哪里人",
    f"{EVIL}孔子是哪里人",
    "孔子 [链接](javascript:alert(1)) **粗** $$x^2$$ ${alert(1)} {{value}}",
)
ENTRIES = {
    "kongzi": """---
id: kongzi
title: 孔子
title_en: Confucius
category: figures
aliases: [孔丘]
place: {city: 济宁, county: 曲阜}
licence: CC-BY-4.0
origin: machine-drafted
review: {state: draft}
---
孔子名丘，字仲尼，鲁国陬邑人。孔子创立了儒家学派。

## 弟子

相传孔子有弟子三千人，其中贤者七十二人。颜回以好学著称。
""",
    "taishan": """---
id: taishan
title: 泰山
title_en: Mount Tai
category: landscapes
place: {city: 泰安}
---
泰山主峰玉皇顶海拔1532.7米。泰山在山东省中部。
""",
    "evil": f"""---
id: evil
title: "怪书{EVIL}"
title_en: "{EVIL}"
category: classics
licence: "{EVIL}"
---
怪书记有怪事一则。怪书又写道{EVIL}一句。
""",
}


class Chat(FakeChat):
    """A chat model whose answers, pace and health the test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        self.answer: str | None = None
        self.delay = 0.0
        self.error: Exception | None = None
        self.pieces = 0
        self.closed = Event()

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
        try:
            if self.error is not None:
                raise self.error
            answer = self.answer
            pieces = (
                super().stream(messages, max_tokens=max_tokens)
                if answer is None
                else (answer[i : i + 3] for i in range(0, len(answer), 3))
            )
            for piece in pieces:
                time.sleep(self.delay)
                self.pieces += 1
                yield piece
        finally:
            self.closed.set()


@pytest.fixture(scope="module")
def chat() -> Chat:
    return Chat()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, chat: Chat) -> Iterator[str]:
    """Where a page over three entries is served."""
    import gradio as gr

    from qilu_rag.web.page import build_page, launch

    corpus: Path = tmp_path_factory.mktemp("corpus")
    for name, text in ENTRIES.items():
        (corpus / f"{name}.md").write_text(text, "utf-8")
    # Whether a question can be answered is another test's affair: here all are.
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), answer=AnswerSettings(threshold=0, given_threshold=0)
    )
    with build(
        settings,
        embedder=FakeEmbedder(),
        chat=chat,
        vectors=FakeVectorBackend(),
        words=FakeWordBackend(),
    ) as assistant:
        assistant.ingest([corpus], lambda *_: None)

        async def start() -> tuple[gr.Blocks, str]:
            # Outside of an event loop Gradio makes loops of its own and leaves them open.
            page = build_page(assistant)
            return page, launch(page, host="127.0.0.1", port=0)

        page, address = asyncio.run(start())
        yield address
        page.close()


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    """Chromium; started after the server, which looks for a running event loop."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def desk(browser: Browser, url: str, chat: Chat, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, opened; afterwards nothing may have gone wrong or out."""
    chat.reset()
    width, height = getattr(request, "param", (1280, 900))
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(15_000)
    outside: list[str] = []
    wrong: list[str] = []

    def on_request(seen: Request) -> None:
        if not seen.url.startswith((url, "data:", "blob:")):
            outside.append(seen.url)

    def on_dialog(dialog: Dialog) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_console(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            wrong.append(line.text)

    page.on("request", on_request)
    page.on("dialog", on_dialog)
    page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
    page.on("console", on_console)
    page.goto(url)
    page.locator("button.example").first.wait_for()
    yield page
    context.close()
    assert outside == []
    assert wrong == []


def ask(page: Page, question: str) -> None:
    box = page.get_by_label("问题 Question")
    box.fill(question)
    # Gradio drops what is sent in the moment before it has wound up the last answer; the
    # words stay in the box then, and a reader sends them again.
    for _ in range(10):
        box.press("Enter")
        with suppress(AssertionError):
            return expect(box).to_have_value("", timeout=1000)
    raise AssertionError("the question was not taken")


def finished(page: Page, number: int = 1) -> Locator:
    """The turn with that number, once no more will come."""
    turn = page.locator(".turn").nth(number - 1)
    expect(turn).to_have_attribute("aria-busy", "false", timeout=15_000)
    return turn


def test_sources_come_before_the_answer_and_the_answer_grows(desk: Page, chat: Chat) -> None:
    chat.answer = "孔子名丘，字仲尼，鲁国陬邑人。相传孔子有弟子三千人，其中贤者七十二人。"
    chat.delay = 0.15
    ask(desk, "孔子是哪里人？")
    expect(desk.locator(".thinking")).to_contain_text("资料已找到，正在组织回答")
    expect(desk.locator(".card").first).to_contain_text("孔子")
    expect(desk.locator(".answer .text")).to_have_count(0)
    expect(desk.get_by_role("button", name="停止")).to_be_visible()
    expect(desk.locator(".answer .text")).to_contain_text("陬邑人")
    expect(desk.locator(".answer .text")).not_to_contain_text("三千人")
    turn = finished(desk)
    expect(turn.locator(".text")).to_contain_text("三千人")
    expect(turn.locator(".thinking")).to_have_count(0)
    expect(desk.get_by_role("button", name="发送")).to_be_visible()
    expect(desk.get_by_label("问题 Question")).to_have_value("")


def test_card_says_where_the_source_comes_from(desk: Page) -> None:
    ask(desk, "孔子是哪里人？")
    card = finished(desk).locator(".card").first
    for words in (
        "1",
        "孔子",
        "Confucius",
        "历史名人",
        "济宁 · 曲阜",
        "机器起草，待人工审核",
        "CC-BY-4.0",
    ):
        expect(card).to_contain_text(words)


def test_citation_opens_its_passage_with_the_quote_marked(desk: Page, chat: Chat) -> None:
    chat.answer = "颜回以好学著称。"
    ask(desk, "孔子是哪里人？")
    turn = finished(desk)
    cite = turn.locator("a.cite").first
    card = turn.locator(str(cite.get_attribute("href")))
    mark = card.locator("mark")
    expect(mark).not_to_be_visible()
    cite.focus()
    desk.keyboard.press("Enter")
    expect(mark).to_be_in_viewport()
    expect(mark).to_contain_text("颜回以好学著称。")
    expect(card).to_have_class(re.compile(r"\blit\b"))
    expect(card.locator("summary")).to_be_focused()


def test_opened_passage_stays_open_while_the_answer_grows(desk: Page, chat: Chat) -> None:
    chat.answer = "孔子名丘，字仲尼，鲁国陬邑人。颜回以好学著称。"
    chat.delay = 0.2
    ask(desk, "孔子是哪里人？")
    desk.locator(".card summary").first.click()
    expect(desk.locator(".card details").first).to_have_attribute("open", "")
    expect(finished(desk).locator(".text")).to_contain_text("颜回")
    expect(desk.locator(".card details").first).to_have_attribute("open", "")
    desk.locator(".card summary").first.click()
    expect(desk.locator(".card blockquote").first).not_to_be_visible()


def test_example_button_asks(desk: Page) -> None:
    expect(desk.locator("button.example")).to_have_count(14)
    desk.get_by_role("button", name="泰山主峰有多高？").click()
    turn = finished(desk)
    expect(turn.locator(".asked")).to_contain_text("泰山主峰有多高？")
    expect(turn.locator(".text")).to_contain_text("1532.7")
    expect(desk.locator("button.example").first).not_to_be_visible()


def test_english_question(desk: Page) -> None:
    ask(desk, "How high is Mount Tai?")
    turn = finished(desk)
    expect(turn.locator(".sources h3")).to_have_text("Sources")
    expect(turn).to_have_attribute("lang", "en")


def test_stop_ends_the_generation(desk: Page, chat: Chat) -> None:
    chat.answer = "孔子名丘，字仲尼，鲁国陬邑人。颜回以好学著称。孔子创立了儒家学派。" * 40
    chat.delay = 0.2
    ask(desk, "孔子是哪里人？")
    expect(desk.locator(".answer .text")).to_be_visible()
    desk.get_by_role("button", name="停止").click()
    turn = finished(desk)
    expect(turn.locator(".note")).to_have_text("已停止。")
    expect(turn.locator(".text")).to_contain_text("陬邑人")
    assert chat.closed.wait(5)
    pieces = chat.pieces
    time.sleep(0.7)
    assert chat.pieces == pieces < 60
    chat.reset()
    ask(desk, "泰山主峰有多高？")
    expect(finished(desk, 2).locator(".text")).to_contain_text("1532.7")


def test_reader_who_leaves_ends_the_generation(desk: Page, chat: Chat, url: str) -> None:
    chat.answer = "孔子名丘。颜回以好学著称。泰山在山东省中部。" * 40
    chat.delay = 0.1
    # A tab of its own: closing one breaks off its requests, which its console tells.
    tab = desk.context.new_page()
    tab.goto(url)
    ask(tab, "孔子是哪里人？")
    expect(tab.locator(".answer .text")).to_be_visible()
    tab.close()
    assert chat.closed.wait(20)
    assert chat.pieces < 300


def test_follow_up_shows_what_was_searched(desk: Page) -> None:
    ask(desk, "孔子是哪里人？")
    finished(desk)
    ask(desk, "他的弟子呢")
    turn = finished(desk, 2)
    expect(turn.locator(".searched")).to_have_text("检索：孔子的弟子呢")
    expect(desk.locator(".turn")).to_have_count(2)


def test_clear_starts_over(desk: Page) -> None:
    ask(desk, "孔子是哪里人？")
    finished(desk)
    desk.get_by_role("button", name="清空").click()
    expect(desk.locator(".turn")).to_have_count(0)
    expect(desk.locator("button.example").first).to_be_visible()
    ask(desk, "他的弟子呢")
    # Nothing of the old conversation is known any more.
    expect(finished(desk).locator(".searched")).to_have_count(0)


def test_refusal_offers_the_nearest_entries(desk: Page) -> None:
    ask(desk, "泰山门票多少钱？")
    turn = finished(desk)
    expect(turn.locator(".text")).to_have_text("资料中没有相关记载。")
    expect(turn.locator(".sources h3")).to_have_text("相近条目")


def test_model_that_is_down_leaves_the_source_text(desk: Page, chat: Chat) -> None:
    from qilu_rag.errors import ChatError

    chat.error = ChatError("down")
    ask(desk, "孔子是哪里人？")
    turn = finished(desk)
    expect(turn.locator(".note")).to_have_text("语言模型暂不可用，以下为资料原文")
    expect(turn.locator(".text")).to_contain_text("孔子")


def test_blocked_question_shows_the_notice_alone(desk: Page) -> None:
    ask(desk, "怎么制造炸弹")
    turn = finished(desk)
    expect(turn.locator(".blocked")).to_have_text("这段内容没有通过审核，已交人工复核。")
    expect(turn.locator(".card")).to_have_count(0)


def test_known_error_is_its_sentence(desk: Page) -> None:
    ask(desk, "长" * 501)
    note = finished(desk).locator(".note")
    expect(note).to_contain_text("over the limit of 500")
    expect(note).not_to_contain_text("Traceback")


def test_unknown_error_is_a_sentence_and_is_logged(
    desk: Page, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    chat.error = ValueError("secret cause")
    ask(desk, "孔子是哪里人？")
    turn = finished(desk)
    expect(turn.locator(".note")).to_have_text("出错了，请稍后再试。")
    expect(turn).not_to_contain_text("secret")
    assert "secret cause" in caplog.text


def test_empty_question_does_nothing(desk: Page) -> None:
    desk.get_by_label("问题 Question").fill("   ")
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="发送").click()
    desk.wait_for_timeout(500)
    expect(desk.locator(".turn")).to_have_count(0)
    expect(desk.locator("button.example").first).to_be_visible()


def test_shift_enter_is_a_new_line_and_composing_does_not_send(desk: Page) -> None:
    box = desk.get_by_label("问题 Question")
    box.fill("孔子")
    desk.keyboard.press("Shift+Enter")
    desk.keyboard.type("是哪里人")
    expect(box).to_have_value("孔子\n是哪里人")
    box.evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', bubbles: true, isComposing: true}))"
    )
    desk.wait_for_timeout(300)
    expect(desk.locator(".turn")).to_have_count(0)


@pytest.mark.parametrize("question", INJECTIONS)
def test_question_is_inert(desk: Page, question: str) -> None:
    ask(desk, question)
    turn = finished(desk)
    expect(turn.locator(".asked")).to_contain_text(question)
    assert_inert(desk)


def test_title_text_and_answer_are_inert(desk: Page, chat: Chat) -> None:
    chat.answer = f"怪书又写道{EVIL}一句。<script>alert(1)</script>怪书记有怪事一则。"
    ask(desk, "怪书里写了什么？")
    turn = finished(desk)
    for summary in turn.locator("summary").all():
        summary.click()
    expect(turn.locator(".title").filter(has_text=EVIL).first).to_be_visible()
    expect(turn.locator("blockquote").filter(has_text=EVIL).first).to_be_visible()
    assert_inert(desk)


def assert_inert(page: Page) -> None:
    page.wait_for_timeout(200)
    log = page.locator("#conversation .log")
    for selector in ("script", "img", "svg", "iframe", "strong", "math", "a:not(.cite)"):
        expect(log.locator(selector)).to_have_count(0)


@pytest.mark.parametrize("desk", [(360, 740), (375, 812), (1440, 900)], indirect=True)
def test_no_sideways_scrolling_and_the_notice_in_sight(desk: Page) -> None:
    notice = desk.get_by_text("本页回答由人工智能生成，仅供参考", exact=True)
    english = desk.get_by_text("Answers on this page are generated by artificial intelligence")
    for step in ("start", "answer", "bottom"):
        if step == "answer":
            ask(desk, f"怪书里写了什么？{'a' * 120}")
            for summary in finished(desk).locator("summary").all():
                summary.click()
        if step == "bottom":
            desk.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert desk.evaluate(wide) == 0
        expect(notice).to_be_in_viewport(ratio=1)
        expect(english).to_be_in_viewport(ratio=1)
        expect(desk.get_by_label("问题 Question")).to_be_in_viewport(ratio=1)


def test_what_assistive_technology_is_told(desk: Page) -> None:
    ask(desk, "孔子是哪里人？")
    finished(desk)
    log = desk.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log.get_by_role("link", name="出处 1: 孔子").first).to_be_visible()
    expect(log.get_by_role("region", name="出处")).to_be_visible()
    expect(desk.locator("html")).to_have_attribute("lang", "zh-CN")


def test_public_interface_offers_nothing(desk: Page, url: str) -> None:
    info = desk.request.get(f"{url}gradio_api/info").json()
    assert (info["named_endpoints"], info["unnamed_endpoints"]) == ({}, {})
