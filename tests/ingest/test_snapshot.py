"""Snapshots: whole or refused, and pointed at only when they are whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.fakes import FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.errors import SnapshotError
from qilu_rag.ingest.near import signature
from qilu_rag.ingest.records import Record
from qilu_rag.ingest.rows import passage_terms
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.ports import VectorBackend, Vectors, WordBackend
from qilu_rag.types import Entry, Era, Passage, Place, Relation

TEXT = "泰山在山东。主峰很高。"
ENTRY = Entry(
    id="taishan",
    title="泰山",
    aliases=("岱宗",),
    place=Place(city="泰安", lon=117.1),
    era=Era(text="秦", start=-219),
    relations=(Relation(type="located_in", to="x"),),
)
RECORD = Record(entry=ENTRY, source="a.md", origin="/x/a.md", sha256="0")
PASSAGE = Passage(
    id="taishan#1",
    entry_id="taishan",
    text=TEXT,
    start=0,
    end=len(TEXT),
    locator="概述",
    source="a.md",
    sentences=((0, 6), (6, 11)),
)
BACKENDS: dict[str, Callable[[], tuple[VectorBackend, WordBackend]]] = {
    "fake": lambda: (FakeVectorBackend(), FakeWordBackend()),
    "real": lambda: (FaissBackend(), TantivyBackend()),
}


class Unreadable(FakeVectorBackend):
    """Writes what does not read back."""

    def build(self, vectors: Vectors, path: Path) -> None:
        path.write_bytes(b"")


@pytest.fixture(params=sorted(BACKENDS))
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "home" / "snapshots", *BACKENDS[request.param]())


def publish(store: SnapshotStore, name: str = "s1", embedder: FakeEmbedder | None = None) -> None:
    embedder = embedder or FakeEmbedder()
    store.publish(
        name,
        digest="d",
        embedder=embedder,
        records=[RECORD],
        passages=[PASSAGE],
        signatures=signature(TEXT)[None],
        owners=np.zeros(2, dtype=np.int32),
        vectors=embedder.embed_passages(["泰山在山东。", "主峰很高。"]),
        terms=[passage_terms(PASSAGE, ENTRY)],
    )


def test_what_is_published_reads_back(any_store: SnapshotStore) -> None:
    publish(any_store)
    snapshot = any_store.open(FakeEmbedder())
    assert any_store.current_id() == snapshot.id == "s1"
    assert snapshot.records == (RECORD,)
    assert tuple(snapshot.passages) == (PASSAGE,)
    assert snapshot.parents.tolist() == [0]
    assert snapshot.passages_of() == {"taishan": range(1)}
    assert snapshot.owners.tolist() == [0, 0]
    assert (len(snapshot.vectors), len(snapshot.words)) == (2, 1)
    assert snapshot.words.search(["山东"], 5)[0][0] == 0
    assert snapshot.entries() == {"taishan": ENTRY}
    assert any_store.contents("s1") == ((RECORD,), (PASSAGE,))


def test_no_snapshot_yet(any_store: SnapshotStore) -> None:
    assert any_store.current_id() is None
    with pytest.raises(SnapshotError, match=r"no index in .*home yet; run: qilu ingest"):
        any_store.open(FakeEmbedder())


def test_another_embedder_is_refused_by_name(any_store: SnapshotStore) -> None:
    publish(any_store)
    with pytest.raises(SnapshotError) as caught:
        any_store.open(FakeEmbedder(name="other"))
    assert "embedder fake" in str(caught.value)
    assert "now it is other" in str(caught.value)
    with pytest.raises(SnapshotError, match="embedder"):
        any_store.open(FakeEmbedder(dimension=128))


def test_every_damaged_file_is_noticed(any_store: SnapshotStore) -> None:
    publish(any_store)
    folder = any_store.folder / "s1"
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.stat().st_size]
    assert len(paths) >= 5
    for path in paths:
        whole = path.read_bytes()
        for size in (0, len(whole) // 2):
            replace_file(path, whole[:size])
            with pytest.raises(SnapshotError) as caught:
                any_store.open(FakeEmbedder())
            assert "qilu ingest" in str(caught.value), path
        replace_file(path, whole)
        any_store.open(FakeEmbedder())


def replace_file(path: Path, data: bytes) -> None:
    """Puts a new file in the place of one that may be mapped into memory."""
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["manifest.json", "documents.jsonl", "passages.jsonl", "lines.npy",
                                  "parents.npy", "owners.npy", "vectors.faiss", "words"])  # fmt: skip
def test_every_missing_file_is_noticed(any_store: SnapshotStore, name: str) -> None:
    publish(any_store)
    path = any_store.folder / "s1" / name
    path.rename(any_store.folder / "elsewhere")
    with pytest.raises(SnapshotError):
        any_store.open(FakeEmbedder())


@pytest.mark.parametrize(
    "text", ["{}", "[]", "null", "7", '{"format": 1}', '{"format": 1, "embedder": {}}']
)
def test_a_strange_manifest_is_noticed(any_store: SnapshotStore, text: str) -> None:
    publish(any_store)
    (any_store.folder / "s1" / "manifest.json").write_text(text)
    with pytest.raises(SnapshotError):
        any_store.open(FakeEmbedder())


def test_another_format_is_refused(any_store: SnapshotStore) -> None:
    publish(any_store)
    path = any_store.folder / "s1" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(SnapshotError, match="another version"):
        any_store.open(FakeEmbedder())


def test_a_line_that_went_missing_is_noticed(any_store: SnapshotStore) -> None:
    publish(any_store)
    (any_store.folder / "s1" / "documents.jsonl").write_text("")
    with pytest.raises(SnapshotError):
        any_store.contents("s1")


def test_a_pointer_to_nowhere_is_noticed(any_store: SnapshotStore) -> None:
    publish(any_store)
    (any_store.folder / "CURRENT").write_bytes(b"gone\xff\n")
    with pytest.raises(SnapshotError):
        any_store.open(FakeEmbedder())


def test_what_does_not_read_back_is_not_pointed_at(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    good = SnapshotStore(folder, FakeVectorBackend(), FakeWordBackend())
    publish(good)
    with pytest.raises(SnapshotError):
        publish(SnapshotStore(folder, Unreadable(), FakeWordBackend()), "s2")
    assert good.open(FakeEmbedder()).id == "s1"


def test_what_a_killed_run_left_is_cleared_away(any_store: SnapshotStore) -> None:
    left = any_store.folder / "s0" / "words"
    left.mkdir(parents=True)
    (left / "rubbish").write_text("x")
    publish(any_store)
    assert any_store.ids() == ["s1"]
    assert any_store.prune(5) == ["s0"]
    assert any_store.open(FakeEmbedder()).id == "s1"


class Swapped(FakeWordBackend):
    """Mixes its rows up."""

    def build(self, rows: Iterable[Sequence[str]], path: Path) -> None:
        super().build(list(rows)[::-1], path)


class Blunt(FakeVectorBackend):
    """Loses what it was given."""

    def build(self, vectors: Vectors, path: Path) -> None:
        super().build(vectors[:, ::-1].copy(), path)


@pytest.mark.parametrize(
    ("vectors", "words", "by"),
    [(Blunt(), FakeWordBackend(), "meaning"), (FakeVectorBackend(), Swapped(), "words")],
)
def test_an_index_that_does_not_find_what_it_holds_is_not_published(
    vectors: VectorBackend, words: WordBackend, by: str, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshots"
    good = SnapshotStore(folder, FakeVectorBackend(), FakeWordBackend())
    publish(good)
    text = "趵突泉在济南。"
    other = replace(PASSAGE, id="taishan#2", text=text, end=len(text), sentences=((0, len(text)),))
    with pytest.raises(SnapshotError, match=f"by its own {by}"):
        SnapshotStore(folder, vectors, words).publish(
            "s2",
            digest="d",
            embedder=FakeEmbedder(),
            records=[RECORD],
            passages=[PASSAGE, other],
            signatures=signature(TEXT)[None],
            owners=np.array([0, 0, 1], dtype=np.int32),
            vectors=FakeEmbedder().embed_passages(["泰山在山东。", "主峰很高。", text]),
            terms=[passage_terms(PASSAGE, ENTRY), passage_terms(other, ENTRY)],
        )
    assert good.ids() == ["s1"]
    assert good.open(FakeEmbedder()).id == "s1"
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["s1"]


def test_the_last_few_stay_and_always_the_one_in_use(any_store: SnapshotStore) -> None:
    for name in ("s1", "s2", "s3", "s4"):
        publish(any_store, name)
    (any_store.folder / "CURRENT").write_text("s1\n")
    any_store.prune(2)
    assert sorted(p.name for p in any_store.folder.iterdir() if p.is_dir()) == ["s1", "s3", "s4"]
    assert any_store.open(FakeEmbedder()).id == "s1"
    any_store.prune(10)
    assert any_store.open_id("s3", FakeEmbedder()).id == "s3"


def test_readers_keep_what_they_opened(any_store: SnapshotStore) -> None:
    publish(any_store, "s1")
    opened = any_store.open(FakeEmbedder())
    publish(any_store, "s2")
    any_store.prune(1)
    assert not (any_store.folder / "s1").exists()
    assert opened.words.search(["泰山"], 5)[0][0] == 0
    scores, rows = opened.vectors.search(FakeEmbedder().embed_queries(["主峰"]), 1)
    assert rows.tolist() == [[1]]
    assert scores[0, 0] > 0
