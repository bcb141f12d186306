"""Snapshots: immutable folders that hold everything a search needs.

    snapshots/CURRENT            the id of the one in use
    snapshots/<id>/manifest.json embedder, counts, digest; written last
                   documents.jsonl, passages.jsonl
                   lines.npy     where in its file each passage begins, in bytes
                   parents.npy   for each passage, the number of its document
                   signatures.npy for each document, by which near-duplicates are found
                   owners.npy    for each sentence vector, the number of its passage
                   vectors.faiss, words/

A snapshot is built aside, verified and only then pointed at, so readers never see half
of one and a crash at any moment leaves the old one in use.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qilu_rag.errors import SnapshotError
from qilu_rag.ingest.opened import Snapshot
from qilu_rag.ingest.passage_file import PassageFile
from qilu_rag.ingest.records import (
    Record,
    read_passages,
    read_records,
    write_passages,
    write_records,
)
from qilu_rag.ingest.verify import probe
from qilu_rag.ports import (
    Embedder,
    EmbedderIdentity,
    VectorBackend,
    Vectors,
    WordBackend,
)
from qilu_rag.types import Passage

FORMAT = 4
_REBUILD = "run: qilu ingest corpus"
_MANIFEST = "manifest.json"
_DOCUMENTS = "documents.jsonl"
_PASSAGES = "passages.jsonl"
_SIGNATURES = "signatures.npy"
_LINES = "lines.npy"
_PARENTS = "parents.npy"
_OWNERS = "owners.npy"


class SnapshotStore:
    """The folder of snapshots of one home."""

    def __init__(self, folder: Path, vectors: VectorBackend, words: WordBackend) -> None:
        self.folder = folder
        self._vectors = vectors
        self._words = words

    def current_id(self) -> str | None:
        """The id of the snapshot in use, None when there is none."""
        try:
            return (self.folder / "CURRENT").read_text("utf-8", "replace").strip() or None
        except FileNotFoundError:
            return None

    def manifest(self, snapshot_id: str) -> dict[str, Any]:
        """A snapshot's manifest; SnapshotError when it is damaged."""
        path = self.folder / snapshot_id / _MANIFEST
        try:
            value: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if value["format"] == FORMAT:
                return value
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"the snapshot {path.parent} is damaged; {_REBUILD}") from error
        raise SnapshotError(f"the snapshot {path.parent} is of another version; {_REBUILD}")

    def open(self, embedder: Embedder) -> Snapshot:
        """Opens the snapshot in use.

        Raises:
            SnapshotError: when there is none, it is damaged, or another embedder made it.
        """
        current = self.current_id()
        if current is None:
            raise SnapshotError(f"there is no index in {self.folder.parent} yet; {_REBUILD}")
        return self.open_id(current, embedder)

    def open_id(self, snapshot_id: str, embedder: Embedder) -> Snapshot:
        """Opens one snapshot by its id; errors as for `open`."""
        manifest = self.manifest(snapshot_id)
        try:
            made_by = _identity(manifest)
        except (KeyError, TypeError) as error:
            raise SnapshotError(
                f"the snapshot {self.folder / snapshot_id} is damaged; {_REBUILD}"
            ) from error
        if made_by != embedder.identity:
            raise SnapshotError(
                f"the index was made with the embedder {made_by.name} "
                f"({made_by.sha256[:12]}), now it is {embedder.identity.name} "
                f"({embedder.identity.sha256[:12]}); use that one or {_REBUILD}"
            )
        folder = self.folder / snapshot_id
        try:
            snapshot = Snapshot(
                id=snapshot_id,
                embedder=made_by,
                records=read_records(folder / _DOCUMENTS),
                passages=PassageFile(folder / _PASSAGES, np.load(folder / _LINES)),
                parents=np.load(folder / _PARENTS),
                owners=np.load(folder / _OWNERS),
                vectors=self._vectors.open(folder / "vectors.faiss"),
                words=self._words.open(folder / "words"),
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"the snapshot {folder} is damaged; {_REBUILD}") from error
        if not snapshot.is_whole(manifest.get("counts"), len(self.signatures(snapshot_id))):
            raise SnapshotError(f"the snapshot {folder} is not whole; {_REBUILD}")
        return snapshot

    def contents(self, snapshot_id: str) -> tuple[tuple[Record, ...], tuple[Passage, ...]]:
        """Documents and passages of a snapshot, whoever's vectors they have.

        Raises:
            SnapshotError: when it is damaged.
        """
        counts = self.manifest(snapshot_id).get("counts", {})
        folder = self.folder / snapshot_id
        try:
            records = read_records(folder / _DOCUMENTS)
            passages = read_passages(folder / _PASSAGES)
            whole = (len(records), len(passages)) == (counts["documents"], counts["passages"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"the snapshot {folder} is damaged; {_REBUILD}") from error
        if not whole:
            raise SnapshotError(f"the snapshot {folder} is not whole; {_REBUILD}")
        return records, passages

    def signatures(self, snapshot_id: str) -> NDArray[np.uint64]:
        """The signatures of a snapshot's documents, shape (documents, values).

        Raises:
            SnapshotError: when they are damaged.
        """
        path = self.folder / snapshot_id / _SIGNATURES
        try:
            found: NDArray[np.uint64] = np.load(path, mmap_mode="r")
        except (OSError, EOFError, ValueError) as error:
            raise SnapshotError(f"the snapshot {path.parent} is damaged; {_REBUILD}") from error
        return found

    def publish(
        self,
        snapshot_id: str,
        *,
        digest: str,
        embedder: Embedder,
        records: Sequence[Record],
        passages: Sequence[Passage],
        signatures: NDArray[np.uint64],
        owners: NDArray[np.int32],
        vectors: Vectors,
        terms: Iterable[Sequence[str]],
    ) -> Snapshot:
        """Builds a snapshot aside, verifies it and puts it in use.

        Raises:
            SnapshotError: when what was written does not read back; nothing is changed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = self.folder / snapshot_id
        folder.mkdir()
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            write_records(folder / _DOCUMENTS, records)
            np.save(folder / _LINES, write_passages(folder / _PASSAGES, passages))
            np.save(folder / _PARENTS, _parents(records, passages))
            np.save(folder / _SIGNATURES, signatures)
            np.save(folder / _OWNERS, owners)
            self._vectors.build(vectors, folder / "vectors.faiss")
            self._words.build(terms, folder / "words")
            manifest = {
                "format": FORMAT,
                "id": snapshot_id,
                "digest": digest,
                "embedder": asdict(embedder.identity),
                "counts": {
                    "documents": len(records),
                    "passages": len(passages),
                    "sentences": len(owners),
                },
            }
            (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
            snapshot = self.open_id(snapshot_id, embedder)
            probe(snapshot.passages, snapshot.owners, vectors, snapshot.vectors, snapshot.words)
            _sync(folder)
            undo.pop_all()
        self.point_at(snapshot_id)
        return snapshot

    def ids(self) -> list[str]:
        """The ids of the snapshots that are whole, the oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path.parent.name for path in self.folder.glob(f"*/{_MANIFEST}"))

    def point_at(self, snapshot_id: str) -> None:
        """Puts a snapshot in use; readers see it at their next question."""
        fresh = self.folder / "CURRENT.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(snapshot_id + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / "CURRENT")

    def prune(self, keep: int) -> list[str]:
        """Deletes all but the newest `keep` snapshots, and what killed runs left half done.

        The one in use stays. Returns the names of the folders that went.
        """
        if not self.folder.is_dir():
            return []
        stay = {*self.ids()[-keep:], self.current_id()}
        gone = [path for path in self.folder.iterdir() if path.is_dir() and path.name not in stay]
        for folder in gone:
            shutil.rmtree(folder)
        return sorted(folder.name for folder in gone)


def _parents(records: Sequence[Record], passages: Sequence[Passage]) -> NDArray[np.int32]:
    numbers = {record.entry.id: number for number, record in enumerate(records)}
    return np.array([numbers[passage.entry_id] for passage in passages], dtype=np.int32)


def _identity(manifest: dict[str, Any]) -> EmbedderIdentity:
    value = manifest["embedder"]
    return EmbedderIdentity(**{**value, "prompts": tuple(value["prompts"])})


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
