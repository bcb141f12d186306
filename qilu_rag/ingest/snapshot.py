"""Snapshots: immutable folders that hold everything a search needs.

    snapshots/CURRENT            the id of the one in use
    snapshots/<id>/manifest.json embedder, counts, digest; written last
                   documents.jsonl, passages.jsonl
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
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qilu_rag.errors import SnapshotError
from qilu_rag.ingest.front_matter import entry_from_json, entry_to_json
from qilu_rag.ports import (
    Embedder,
    EmbedderIdentity,
    VectorBackend,
    VectorIndex,
    Vectors,
    WordBackend,
    WordIndex,
)
from qilu_rag.types import Entry, Passage

FORMAT = 1
_REBUILD = "run: qilu ingest corpus"
_PASSAGE_FIELDS = tuple(field.name for field in fields(Passage))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A document as the snapshot remembers it.

    Attributes:
        origin: absolute path of the file that it came from.
        sha256: of what was read.
    """

    entry: Entry
    source: str
    origin: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An opened snapshot; rows of `vectors` are sentences, rows of `words` passages."""

    id: str
    embedder: EmbedderIdentity
    records: tuple[Record, ...]
    passages: tuple[Passage, ...]
    owners: NDArray[np.int32]
    vectors: VectorIndex
    words: WordIndex

    def entries(self) -> dict[str, Entry]:
        """Entries by id."""
        return {record.entry.id: record.entry for record in self.records}


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
        path = self.folder / snapshot_id / "manifest.json"
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
            records, passages = self.contents(snapshot_id)
            snapshot = Snapshot(
                id=snapshot_id,
                embedder=made_by,
                records=records,
                passages=passages,
                owners=np.load(folder / "owners.npy"),
                vectors=self._vectors.open(folder / "vectors.faiss"),
                words=self._words.open(folder / "words"),
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"the snapshot {folder} is damaged; {_REBUILD}") from error
        _verify(snapshot, manifest)
        return snapshot

    def contents(self, snapshot_id: str) -> tuple[tuple[Record, ...], tuple[Passage, ...]]:
        """Documents and passages of a snapshot, whoever's vectors they have.

        Raises:
            SnapshotError: when it is damaged.
        """
        counts = self.manifest(snapshot_id).get("counts", {})
        folder = self.folder / snapshot_id
        try:
            records = tuple(map(_record, _read_lines(folder / "documents.jsonl")))
            passages = tuple(map(_passage, _read_lines(folder / "passages.jsonl")))
            whole = (len(records), len(passages)) == (counts["documents"], counts["passages"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"the snapshot {folder} is damaged; {_REBUILD}") from error
        if not whole:
            raise SnapshotError(f"the snapshot {folder} is not whole; {_REBUILD}")
        return records, passages

    def publish(
        self,
        snapshot_id: str,
        *,
        digest: str,
        embedder: Embedder,
        records: Sequence[Record],
        passages: Sequence[Passage],
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
        if folder.exists():
            shutil.rmtree(folder)  # left by a run that was killed before it was pointed at
        folder.mkdir()
        _write_lines(folder / "documents.jsonl", map(_record_json, records))
        _write_lines(folder / "passages.jsonl", map(_passage_json, passages))
        np.save(folder / "owners.npy", owners)
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
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        snapshot = self.open_id(snapshot_id, embedder)
        _sync(folder)
        self._point_at(snapshot_id)
        return snapshot

    def _point_at(self, snapshot_id: str) -> None:
        fresh = self.folder / "CURRENT.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(snapshot_id + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / "CURRENT")

    def prune(self, keep: int) -> None:
        """Deletes all but the newest `keep` snapshots; never the one in use."""
        folders = sorted(path for path in self.folder.iterdir() if path.is_dir())
        for folder in folders[:-keep]:
            if folder.name != self.current_id():
                shutil.rmtree(folder)


def _verify(snapshot: Snapshot, manifest: dict[str, Any]) -> None:
    counts = {
        "documents": len(snapshot.records),
        "passages": len(snapshot.passages),
        "sentences": len(snapshot.owners),
    }
    whole = (
        counts == manifest.get("counts")
        and len(snapshot.vectors) == len(snapshot.owners)
        and len(snapshot.words) == len(snapshot.passages)
    )
    if not whole:
        raise SnapshotError(f"the snapshot {snapshot.id} is not whole; {_REBUILD}")


def _identity(manifest: dict[str, Any]) -> EmbedderIdentity:
    value = manifest["embedder"]
    return EmbedderIdentity(**{**value, "prompts": tuple(value["prompts"])})


def _record(value: dict[str, Any]) -> Record:
    return Record(**{**value, "entry": entry_from_json(value["entry"])})


def _passage(value: dict[str, Any]) -> Passage:
    spans = tuple((a, b) for a, b in value["sentences"])
    return Passage(**{**value, "sentences": spans})


def _passage_json(passage: Passage) -> dict[str, Any]:
    # By hand: `asdict` copies every span and takes five times as long.
    return {field: getattr(passage, field) for field in _PASSAGE_FIELDS}


def _record_json(record: Record) -> dict[str, Any]:
    return {
        "entry": entry_to_json(record.entry),
        "source": record.source,
        "origin": record.origin,
        "sha256": record.sha256,
    }


def _write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _read_lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
