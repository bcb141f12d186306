"""Terms in tantivy: BM25 over terms that were made outside (see `text.words`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import tantivy

from qilu_rag.errors import SnapshotError

_HEAP_BYTES = 64 * 2**20


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("row", stored=False, fast=True, indexed=False)
    # Terms come ready-made and joined by spaces; positions would only cost room.
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


class TantivyIndex:
    """An opened index; see `ports.WordIndex`."""

    def __init__(self, index: tantivy.Index) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, terms: Sequence[str], k: int) -> list[tuple[int, float]]:
        """(row number, BM25 score) of at most `k` rows that hold any term, best first."""
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "terms", term, "freq"))
            for term in terms
        ]
        if not clauses or not len(self):
            return []
        found = self._searcher.search(tantivy.Query.boolean_query(clauses), k, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in found])
        return [(int(row or 0), float(score)) for row, (score, _) in zip(rows, found, strict=True)]

    def frequency(self, term: str) -> int:
        """How many rows hold a term."""
        return int(self._searcher.doc_freq("terms", term))


class TantivyBackend:
    """Builds and opens tantivy folders; see `ports.WordBackend`."""

    def build(self, rows: Iterable[Sequence[str]], path: Path) -> None:
        """Writes an index in the folder `path`; row numbers are positions in `rows`."""
        path.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(path))
        writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for number, terms in enumerate(rows):
            document = tantivy.Document()
            document.add_integer("row", number)
            document.add_text("terms", " ".join(terms))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def open(self, path: Path) -> TantivyIndex:
        """Opens a folder that `build` wrote.

        Raises:
            SnapshotError: when it is missing or damaged.
        """
        try:
            index = tantivy.Index.open(str(path))
            index.reload()
            opened = TantivyIndex(index)
            opened.search([""], 1)  # some files are only looked at by a search
        except (ValueError, OSError) as error:
            raise SnapshotError(
                f"the word index {path} is missing or damaged; run: qilu ingest corpus"
            ) from error
        return opened
