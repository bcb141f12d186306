"""Terms in tantivy: BM25 over terms that were made outside (see `text.words`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import tantivy

from qilu_rag.errors import SnapshotError
from qilu_rag.ports import Ids

_HEAP_BYTES = 64 * 2**20
_DEEPER = 8


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

    def search(
        self, terms: Sequence[str], k: int, among: Ids | None = None
    ) -> list[tuple[int, float]]:
        """(row number, BM25 score) of at most `k` rows that hold any term, best first."""
        if among is None:
            return self._best(terms, k)
        # Ever deeper into the ranking of all rows: exact, and most filters are broad.
        allowed = frozenset(among.tolist())
        depth = k
        while True:
            found = self._best(terms, depth)
            kept = [pair for pair in found if pair[0] in allowed]
            if len(kept) >= min(k, len(allowed)) or len(found) < depth:
                return kept[:k]
            depth *= _DEEPER

    def _best(self, terms: Sequence[str], k: int) -> list[tuple[int, float]]:
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
        """Writes an index in the folder `path`; row numbers are positions in `rows`.

        Raises:
            OSError: when it can't be written.
        """
        path.mkdir(parents=True)
        try:
            index = tantivy.Index(_schema(), path=str(path))
            writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            for number, terms in enumerate(rows):
                document = tantivy.Document()
                document.add_integer("row", number)
                document.add_text("terms", " ".join(terms))
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
        except ValueError as error:  # which is what it makes of every error of the disk
            raise OSError(f"no room for the words in {path}") from error

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
