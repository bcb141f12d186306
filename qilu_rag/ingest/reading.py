"""What a reader makes of a file: its text, and where each run of it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qilu_rag.types import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file's text and structure.

    Attributes:
        fields: front matter that stands in the file, as read; None when it has none.
        title: what the file itself calls its text.
        encoding: of the bytes, where they were text.
    """

    text: str
    blocks: tuple[Block, ...]
    fields: Mapping[str, Any] | None = None
    title: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The raw text of each page; None for one that has to be drawn and read by OCR.

    Attributes:
        numbered: whether people cite the pages by number; a single picture has none.
    """

    texts: tuple[str | None, ...]
    title: str | None = None
    numbered: bool = True


@dataclass(slots=True)
class Assembly:
    """A text that is put together run by run, with its blocks."""

    _parts: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _length: int = 0
    _closed: bool = True

    def add(
        self, text: str, *, headings: Sequence[str] = (), place: str = "", apart: bool = False
    ) -> None:
        """Adds a paragraph on lines of its own; a blank one is passed over.

        Args:
            text: the paragraph.
            headings: path of the headings above it.
            place: where it stands in the file, see `Block`.
            apart: whether it is a passage of its own: a row of a table, a stanza.
        """
        text = text.strip("\n")
        if not text.strip():
            return
        start = self._length
        self._parts.append(f"{text}\n")
        self._length += len(text) + 1
        last = self._blocks[-1] if self._blocks else None
        path = tuple(headings)
        if last and not apart and not self._closed and (last.headings, last.place) == (path, place):
            start = self._blocks.pop().start
        self._blocks.append(Block(start=start, end=self._length, headings=path, place=place))
        self._closed = apart

    def reading(self, **more: Any) -> Reading:
        """What was put together; `more` are the other fields of a `Reading`."""
        return Reading(text="".join(self._parts), blocks=tuple(self._blocks), **more)


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row of a table as a line that stands alone: 名称：孔庙；批次：第一批。"""
    named = [
        f"{name}：{cell}" if name else cell
        for name, cell in zip([*header[: len(cells)], *[""] * len(cells)], cells, strict=False)
        if cell
    ]
    return "；".join(named) + "。" if named else ""
