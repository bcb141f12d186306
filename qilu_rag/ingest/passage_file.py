"""Passages of an opened snapshot, each read when it is asked for.

A search looks at a few dozen of them; to parse 200,000 first would take seconds and a
gigabyte of memory.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from qilu_rag.errors import SnapshotError
from qilu_rag.ingest.records import passage_from_json
from qilu_rag.types import Passage


class PassageFile(Sequence[Passage]):
    """The lines of a file of passages; it may be deleted while it is open.

    Args:
        path: of the file that `records.write_passages` wrote.
        offsets: what that gave, shape (passages + 1,).

    Raises:
        OSError: when the file is missing.
        ValueError: when it and the offsets don't belong together.
    """

    def __init__(self, path: Path, offsets: NDArray[np.int64]) -> None:
        size = path.stat().st_size
        if (
            not len(offsets)
            or offsets[0] != 0
            or offsets[-1] != size
            or np.any(np.diff(offsets) < 1)
        ):
            raise ValueError(f"{path} is not whole")
        self._path = path
        self._offsets = offsets
        with path.open("rb") as file:  # nothing can't be mapped
            self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, number: int) -> Passage: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Passage, ...]: ...

    def __getitem__(self, number: int | slice) -> Passage | tuple[Passage, ...]:
        """A passage, or some; SnapshotError when its line is damaged."""
        if isinstance(number, slice):
            return tuple(self[one] for one in range(*number.indices(len(self))))
        at = range(len(self))[number]
        line = self._lines[int(self._offsets[at]) : int(self._offsets[at + 1])]
        try:
            return passage_from_json(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise SnapshotError(
                f"the snapshot {self._path.parent} is damaged; run: qilu ingest corpus"
            ) from error
