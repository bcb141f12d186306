"""Records: documents and passages as a snapshot keeps them, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qilu_rag.ingest.front_matter import entry_from_json, entry_to_json
from qilu_rag.types import Entry, Passage

_PASSAGE_FIELDS = tuple(field.name for field in fields(Passage))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A document as the snapshot remembers it.

    Attributes:
        origin: absolute path of the file that it came from.
        sha256: of what was read.
        encoding, scanned: see `Document`.
        duplicate_of: id of the entry that says the same; its passages are not indexed twice.
        suggested: what a machine would put into the front matter, and why; for a reviewer,
            never used as fact.
    """

    entry: Entry
    source: str
    origin: str
    sha256: str
    encoding: str | None = None
    scanned: tuple[tuple[int, float], ...] = ()
    duplicate_of: str | None = None
    suggested: Mapping[str, Any] | None = None


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Writes documents."""
    _write(path, ({**asdict(record), "entry": entry_to_json(record.entry)} for record in records))


def write_passages(path: Path, passages: Iterable[Passage]) -> NDArray[np.int64]:
    """Writes passages; gives the offset in bytes at which each begins, and the file's size."""
    # By hand: `asdict` copies every span and takes five times as long.
    return _write(
        path, ({name: getattr(one, name) for name in _PASSAGE_FIELDS} for one in passages)
    )


def read_records(path: Path) -> tuple[Record, ...]:
    """Reads documents back; OSError, ValueError, KeyError or TypeError when damaged."""
    return tuple(map(_record, _read(path)))


def read_passages(path: Path) -> tuple[Passage, ...]:
    """Reads passages back; errors as for `read_records`."""
    return tuple(map(passage_from_json, _read(path)))


def _record(value: dict[str, Any]) -> Record:
    scanned = tuple((page, sure) for page, sure in value["scanned"])
    return Record(**{**value, "entry": entry_from_json(value["entry"]), "scanned": scanned})


def passage_from_json(value: dict[str, Any]) -> Passage:
    """A passage out of the object of its line; KeyError or TypeError when damaged."""
    spans = tuple((a, b) for a, b in value["sentences"])
    return Passage(**{**value, "sentences": spans})


def _write(path: Path, values: Iterable[dict[str, Any]]) -> NDArray[np.int64]:
    offsets = [0]
    with path.open("wb") as file:
        for value in values:
            line = (json.dumps(value, ensure_ascii=False) + "\n").encode()
            offsets.append(offsets[-1] + file.write(line))
    return np.array(offsets, dtype=np.int64)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
