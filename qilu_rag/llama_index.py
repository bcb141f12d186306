"""Our search as a llama-index retriever, for pipelines of others.

from qilu_rag.llama_index import QiluRetriever

with build(load_settings()) as assistant:
nodes = QiluRetriever(assistant).retrieve("趵突泉在哪里")
"""

from __future__ import annotations

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from qilu_rag.assistant import Assistant
from qilu_rag.types import Filters, Hit


class QiluRetriever(BaseRetriever):
    """Finds passages; each node is one, with what a citation needs in its metadata.

    Args:
        assistant: over the index that is searched; who made it closes it.
        k: how many passages.
        filters: what every search is kept to.
    """

    def __init__(self, assistant: Assistant, *, k: int = 10, filters: Filters = Filters()) -> None:
        super().__init__()
        self._assistant = assistant
        self._k = k
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._assistant.search(query_bundle.query_str, k=self._k, filters=self._filters)
        return [NodeWithScore(node=_node(hit), score=hit.score) for hit in hits]


def _node(hit: Hit) -> TextNode:
    entry = hit.entry
    metadata = {
        "entry_id": entry.id,
        "title": entry.title,
        "title_en": entry.title_en,
        "category": entry.category,
        "locator": hit.passage.locator,
        "source": hit.passage.source,
        "licence": entry.licence,
        "review": entry.review.state,
        "via": list(hit.via),
    }
    return TextNode(id_=hit.passage.id, text=hit.passage.text, metadata=metadata)
