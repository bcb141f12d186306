"""The real models over a part of the real corpus: behaviour that no fake can show."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qilu_rag.answer.prompts import REFUSAL
from qilu_rag.assistant import Assistant, build
from qilu_rag.backends.local_server import LocalServer
from qilu_rag.backends.manifest import find_model
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.config import load_settings
from qilu_rag.moderation.label import NOTICE
from qilu_rag.text.fold import cjk_count
from qilu_rag.types import Reply

pytestmark = pytest.mark.model

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = """
    figures/confucius figures/mencius figures/li-qingzhao figures/wang-xizhi
    classics/lunyu classics/sunzi-bingfa heritage/kongmiao-qufu heritage/qiguo-gucheng
    landscapes/taishan landscapes/baotuquan folk/lujin folk/weifang-fengzheng
    red/menglianggu-campaign red/taierzhuang-battle
""".split()
REACHED = {
    "孔夫子是哪国人": "confucius",
    "谁搬家三次教育儿子": "mencius",
    "写《如梦令》的女词人": "li-qingzhao",
    "写兰亭集序的书法家": "wang-xizhi",
    "记录孔子言行的语录体著作有多少篇": "lunyu",
    "知彼知己，百战不殆出自哪部兵书": "sunzi-bingfa",
    "曲阜孔庙的大成殿": "kongmiao-qufu",
    "五岳之首的主峰海拔": "taishan",
    "济南最有名的泉": "baotuquan",
    "鲁西南的老粗布怎么织": "lujin",
    "Which city is known for its kites?": "weifang-fengzheng",
    "张灵甫的整编七十四师在哪一仗被歼灭": "menglianggu-campaign",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("real")
    for name in ENTRIES:
        target = folder / "corpus" / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "corpus" / f"{name}.md", target)
    with build(load_settings(home=folder / "home")) as built:
        report = built.ingest([folder / "corpus"], lambda *_: None)
        assert (report.documents, report.quarantined) == (len(ENTRIES), ())
        yield built


def ask(assistant: Assistant, question: str) -> list[Reply]:
    replies = list(assistant.ask(question))
    for before, after in pairwise(replies):
        assert after.answer.startswith(before.answer)
    for citation in replies[-1].citations:
        assert citation.quote in citation.hit.passage.text
        assert f"[{citation.n}]" in replies[-1].answer
    return replies


def test_where_confucius_was_from(assistant: Assistant) -> None:
    replies = ask(assistant, "孔子是哪里人")
    first, final = replies[0], replies[-1]
    assert (first.status, first.answer) == ("writing", "")
    assert first.sources
    assert final.status == "answered"
    assert "曲阜" in final.answer or "陬邑" in final.answer
    assert "confucius" in {citation.hit.entry.id for citation in final.citations}
    assert final.label == NOTICE["zh"]


def test_in_english(assistant: Assistant) -> None:
    final = ask(assistant, "Where was Confucius born?")[-1]
    assert final.status == "answered"
    assert final.citations
    assert "confucius" in {citation.hit.entry.id for citation in final.citations}
    said = final.answer.split("Source text:")[0]
    latin = sum(char.isascii() and char.isalpha() for char in said)
    assert latin > cjk_count(said)
    assert final.label == NOTICE["en"]


@pytest.mark.parametrize("question", ["黄山光明顶海拔多少米", "泰山门票多少钱"])
def test_what_it_does_not_know(assistant: Assistant, question: str) -> None:
    final = ask(assistant, question)[-1]
    assert (final.status, final.answer, final.citations) == ("refused", REFUSAL["zh"], ())
    assert final.sources


def test_one_question_after_the_other(assistant: Assistant) -> None:
    """A server that closed the kept connection once made every second question fail."""
    for _ in range(2):
        final = ask(assistant, "鲁锦是用什么线织的")[-1]
        assert final.status == "answered"
        assert "棉" in final.answer
        time.sleep(6)


def test_leaving_early_does_not_stop_the_next(assistant: Assistant) -> None:
    replies = assistant.ask("潍坊风筝有什么特点")
    next(replies)
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert ask(assistant, "趵突泉在哪个城市")[-1].status == "answered"


def test_a_question_in_traditional_characters(assistant: Assistant) -> None:
    hits = assistant.search("泰山頂上的主峰叫什麼，海拔多少")
    assert hits[0].entry.id == "taishan"


def test_the_right_entry_comes_first(assistant: Assistant) -> None:
    found = {question: assistant.search(question, k=1)[0].entry.id for question in REACHED}
    missed = {q: entry for q, entry in found.items() if entry != REACHED[q]}
    assert len(missed) <= 2, missed


def test_passages_of_the_caller(assistant: Assistant) -> None:
    *_, final = assistant.ask(
        "灵光塔有多高", passages=["灵光塔建于1920年，高90米，是当地最高的塔。", "泰山在山东。"]
    )
    assert final.status == "answered"
    assert "90" in final.answer
    assert final.citations[0].hit.passage.id == "given-1#1"


def test_closing_stops_the_server() -> None:
    settings = load_settings()
    path = ModelStore(settings.models).require(find_model(settings.chat.model, "chat"))
    server = LocalServer(lambda: path, context=1024, threads=1)
    address = urlsplit(server.url())
    place = (address.hostname, address.port)
    with socket.create_connection(place, timeout=5):
        pass
    server.close()
    deadline = time.monotonic() + 10
    while accepts(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not accepts(place)
    server.close()


def accepts(place: tuple[str | None, int | None]) -> bool:
    try:
        with socket.create_connection(place, timeout=1):
            return True
    except OSError:
        return False
