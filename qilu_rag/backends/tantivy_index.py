"""Terms in tantivy: BM25 over terms that were made outside (see `text.words`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tantivy

from qilu_rag.errors import SnapshotError
from qilu_rag.ports import Ids

_HEAP_BYTES = 64 * 2**20
_FEW = 1_000
"""Rows up to which a search is kept to them by naming each, 12 ms at 200,000 rows; a deep
search among all takes as long when it has to look for one row in two hundred."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("row", stored=False, fast=True, indexed=True)
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
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "terms", term, "freq"))
            for term in terms
        ]
        if not clauses or not len(self) or (among is not None and not len(among)):
            return []
        query = tantivy.Query.boolean_query(clauses)
        return self._best(query, k) if among is None else self._best_among(query, k, among)

    def _best_among(self, query: tantivy.Query, k: int, among: Ids) -> list[tuple[int, float]]:
        """The best of many rows are mostly not far below the best of all; few rows are named."""
        if len(among) > _FEW:
            depth = 2 * k * len(self) // len(among)
            found = self._best(query, depth)
            allowed = np.isin([row for row, _ in found], among, assume_unique=True)
            kept = [pair for pair, held in zip(found, allowed, strict=True) if held]
            if len(kept) >= k or len(found) < depth:
                return kept[:k]
        rows = tantivy.Query.term_set_query(self._schema, "row", among.tolist())
        must = [query, tantivy.Query.const_score_query(rows, 0.0)]
        both = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in must])
        return self._best(both, k)

    def _best(self, query: tantivy.Query, k: int) -> list[tuple[int, float]]:
        found = self._searcher.search(query, k, count=False).hits
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
