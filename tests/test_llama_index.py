"""The llama-index retriever finds what our search finds, with what a citation needs."""

from __future__ import annotations

from pathlib import Path

from llama_index.core.retrievers import BaseRetriever

from qilu_rag.assistant import build
from qilu_rag.backends.fakes import FakeChat, FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import Settings
from qilu_rag.llama_index import QiluRetriever
from qilu_rag.types import Filters


def test_nodes_are_our_hits(home: Path, corpus: Path) -> None:
    with build(
        Settings(home=home),
        embedder=FakeEmbedder(),
        chat=FakeChat(),
        vectors=FakeVectorBackend(),
        words=FakeWordBackend(),
    ) as assistant:
        assistant.ingest([corpus], lambda *_: None)
        retriever = QiluRetriever(assistant, k=2)
        assert isinstance(retriever, BaseRetriever)
        hits = assistant.search("孔子有多少弟子", k=2)
        nodes = retriever.retrieve("孔子有多少弟子")
        assert [node.node.node_id for node in nodes] == [hit.passage.id for hit in hits]
        assert [node.score for node in nodes] == [hit.score for hit in hits]
        assert nodes[0].node.get_content() == hits[0].passage.text
        assert nodes[0].node.metadata["locator"] == hits[0].passage.locator
        kept = QiluRetriever(assistant, filters=Filters(category="landscapes"))
        categories = {node.node.metadata["category"] for node in kept.retrieve("孔子")}
        assert categories == {"landscapes"}
