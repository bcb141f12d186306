"""How good suggestions are: python -m evals.suggestions HOME.

Each entry of the six categories is taken as if it had come without front matter, and what is
suggested for it out of the others is compared with what its front matter says. The constants
of `ingest.suggest` were chosen on the dev half.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from evals.metrics import share
from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.ingest.records import Record
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.ingest.suggest import Suggester, Suggestion
from qilu_rag.text.fold import fold
from qilu_rag.types import Block, Document, Entry

Case = tuple[Entry, Document, NDArray[np.float32]]


def load(home: Path) -> list[Case]:
    """The entries of the corpus, each with its text and the mean of its sentences' vectors."""
    store = SnapshotStore(home / "snapshots", FaissBackend(), TantivyBackend())
    current = store.current_id()
    if current is None:
        sys.exit(f"there is no index in {home} yet; run: qilu ingest corpus")
    records, passages = store.contents(current)
    folder = store.folder / current
    owners = np.load(folder / "owners.npy")
    index = faiss.read_index(str(folder / "vectors.faiss"))
    vectors = index.reconstruct_n(0, index.ntotal)
    wanted = {record.entry.id: record for record in records if _of_a_category(record)}
    cases = []
    whose = np.array([passages[owner].entry_id for owner in owners])
    for key, some in groupby(passages, key=lambda passage: passage.entry_id):
        if key in wanted:
            text = "\n".join(passage.text for passage in some)
            cases.append(
                (wanted[key].entry, _bare(wanted[key], text), vectors[whose == key].mean(axis=0))
            )
    return cases


def _of_a_category(record: Record) -> bool:
    """Whether it lies in one of the corpus's six folders; original texts are of no category."""
    entry = record.entry
    return Path(record.origin).parent.name == entry.category and entry.origin != "original"


def _bare(record: Record, text: str) -> Document:
    """The document as it would come without front matter."""
    return Document(
        entry=Entry(id=record.entry.id, title=record.entry.id),
        text=text,
        blocks=(Block(start=0, end=len(text)),),
        source=record.source,
        sha256=record.sha256,
    )


def in_dev(entry: Entry) -> bool:
    """Which half an entry is in, by its id: choose on dev, report on the other."""
    return hashlib.sha256(entry.id.encode()).digest()[0] % 2 == 0


def outcome(entry: Entry, given: Suggestion) -> dict[str, bool | None]:
    """Field → whether the suggestion is right; None where nothing was suggested.

    A title is right when the entry goes by it, by its title or an alias. An era is right when it overlaps that of the entry. A city is wrong where the entry has
    none; an era is not counted there, since few entries without one are without a time.
    """
    city = (entry.place.city or "").removesuffix("市") if entry.place else ""
    flags: dict[str, bool | None] = {
        "category": None if given.category is None else given.category == entry.category,
        "city": None if given.city is None else given.city == city,
    }
    names = {fold(name.split("（")[0]) for name in (entry.title, *entry.aliases)}
    flags["title"] = None if given.title is None else fold(given.title) in names
    if entry.era is not None and entry.era.start is not None:
        start, end = entry.era.start, entry.era.end or entry.era.start
        first = given.era_start if given.era_start is not None else given.era_end
        last = given.era_end if given.era_end is not None else given.era_start
        known = first is not None and last is not None
        flags["era"] = first <= end and start <= last if known else None  # type: ignore[operator]
    return flags


def report(name: str, flags: Sequence[dict[str, bool | None]]) -> None:
    """Prints for each field how many got a suggestion, and the share of right ones."""
    print(f"{name}: {len(flags)} entries")
    for field in ("category", "city", "era", "title"):
        asked = [some[field] for some in flags if field in some]
        told = [bool(flag) for flag in asked if flag is not None]
        print(
            f"  {field:9} n {len(asked)}, coverage {len(told) / len(asked):.3f}, accuracy {share(told)}"
        )


def main() -> None:
    """Prints the figures of both halves."""
    cases = load(Path(sys.argv[1]))
    centroids = np.stack([vector for _, _, vector in cases])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    suggester = Suggester([entry for entry, _, _ in cases], centroids)
    done = [(entry, suggester.suggest(document, vector)) for entry, document, vector in cases]
    for name, half in (("dev", True), ("report", False)):
        report(name, [outcome(entry, given) for entry, given in done if in_dev(entry) == half])


if __name__ == "__main__":
    main()
