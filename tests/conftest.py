"""What many tests need: a small corpus, a home, and the fakes that work on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from qilu_rag.backends.fakes import FakeChat, FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import AnswerSettings, IngestSettings, SearchSettings, Settings
from qilu_rag.ingest.pipeline import Pipeline
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.retrieve.search import Searcher
from qilu_rag.types import Finding, Verdict

if TYPE_CHECKING:
    from qilu_rag.assistant import Assistant

# No test is about time: the first example of many pays for loading a dictionary. The
# suite tries the same examples each time, so that a change fails for what it did;
# `HYPOTHESIS_PROFILE=search pytest` looks for new ones.
hypothesis_settings.register_profile("qilu", deadline=None, derandomize=True)
hypothesis_settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "qilu"))

ENTRIES = {
    "figures/kongzi.md": """---
id: kongzi
title: 孔子
title_en: Confucius
category: figures
kind: person
aliases: [孔丘, 仲尼]
place: {city: 济宁, county: 曲阜市}
era: {text: 春秋末期, from: -551, to: -479}
---
孔子名丘，字仲尼，鲁国陬邑人。孔子创立了儒家学派。

## 弟子

相传孔子有弟子三千人，其中贤者七十二人。颜回以好学著称。
""",
    "classics/mengzi-book.md": """---
id: mengzi-book
title: 孟子（书）
category: classics
kind: text
---
《孟子》七篇记录孟轲的言行。书中有民贵君轻之说。
""",
    "figures/mengzi.md": """---
id: mengzi
title: 孟子
title_en: Mencius
category: figures
place: {city: 济宁, county: 邹城市}
---
孟子名轲，邹国人。孟子主张性善。
""",
    "landscapes/taishan.md": """---
id: taishan
title: 泰山
title_en: Mount Tai
category: landscapes
aliases: [岱宗, 岱岳]
place: {city: 泰安市}
---
泰山主峰玉皇顶海拔1532.7米。泰山在山东省中部。

## 封禅

秦始皇登泰山封禅，刻石颂德。汉武帝多次到泰山封禅。
""",
    "landscapes/baotuquan.md": """---
id: baotuquan
title: 趵突泉
title_en: Baotu Spring
category: landscapes
place: {city: 济南}
---
趵突泉位于济南市区，泉水一年四季涌流。趵突泉与泰山并无地下水相通的记载。
""",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with five short entries."""
    folder = tmp_path / "corpus"
    for name, text in ENTRIES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where snapshots go; not made yet."""
    return tmp_path / "home"


@pytest.fixture
def embedder() -> FakeEmbedder:
    """Counts what it embeds."""
    return FakeEmbedder()


@pytest.fixture
def store(home: Path) -> SnapshotStore:
    """Snapshots of the home, on fakes."""
    return SnapshotStore(home / "snapshots", FakeVectorBackend(), FakeWordBackend())


@pytest.fixture
def pipeline(home: Path, store: SnapshotStore, embedder: FakeEmbedder) -> Pipeline:
    """Ingests into the home; the gate flags what holds 违禁 and blocks what holds 封锁."""
    return Pipeline(
        home=home, settings=IngestSettings(), store=store, embedder=embedder, screen=screen
    )


@pytest.fixture
def searcher(
    pipeline: Pipeline, store: SnapshotStore, embedder: FakeEmbedder, corpus: Path
) -> Searcher:
    """Searches the small corpus."""
    pipeline.run([corpus], lambda *_: None)
    return Searcher(store.open(embedder), embedder, SearchSettings())


@pytest.fixture
def assistant(home: Path, embedder: FakeEmbedder, corpus: Path) -> Iterator[Assistant]:
    """A whole assistant on fakes, with the real gate, over the small corpus."""
    from qilu_rag.assistant import build

    # Never refuses for lack of evidence: the weights are fitted to the real models.
    settings = Settings(
        home=home, corpus=corpus, answer=AnswerSettings(threshold=0, given_threshold=0)
    )
    vectors, words = FakeVectorBackend(), FakeWordBackend()
    with build(settings, embedder=embedder, chat=FakeChat(), vectors=vectors, words=words) as built:
        built.ingest([corpus], lambda *_: None)
        yield built


def screen(text: str, source: str) -> Verdict:
    """A stand-in for the gate's document stage."""
    for word, action in (("违禁", "flag"), ("封锁", "block")):
        at = text.find(word)
        if at >= 0:
            found = Finding(
                category="illegal", level="unsafe", rule=f"word.{word}", start=at, end=at + 2
            )
            return Verdict(action=action, text=text, findings=(found,))  # type: ignore[arg-type]
    return Verdict(action="pass", text=text)
