"""The text layer of a page of a PDF, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING, Any

from qilu_rag.ingest.clean import is_wide
from qilu_rag.ingest.columns import find_gutter, in_columns, rows_of, side_of
from qilu_rag.ports import TextLine

if TYPE_CHECKING:
    from pypdf import PageObject

_LETTER = 0.5
_MOST_TURNS = 3


def page_text(page: PageObject) -> str:
    """The text of a page as it stands in the file, which is how most are read.

    Only where a page has two columns and the file runs across them, line by line, the
    left one is put before the right one.
    """
    fragments: list[TextLine] = []

    def visit(text: str, within: Sequence[float], at: Sequence[float], _: Any, size: float) -> None:
        if text.strip():
            fragments.append(_box(text.strip("\n"), within, at, size))

    text = page.extract_text(visitor_text=visit) or ""
    boxes = _unlapped(fragments)
    gutter = find_gutter(boxes)
    if gutter is None or any("\n" in box.text for box in boxes):
        return text
    sides = [side for box in boxes if (side := side_of(box, gutter))]
    groups = in_columns(boxes)
    # A file that goes column by column turns back to the left once a group at most.
    if sum(a > b for a, b in pairwise(sides)) < len(groups) + _MOST_TURNS:
        return text
    rows = (row for group in groups for row in rows_of(group))
    return "\n".join("".join(box.text for box in row).strip() for row in rows)


def _box(text: str, within: Sequence[float], at: Sequence[float], size: float) -> TextLine:
    """Where a fragment stands; its width is guessed: half a square for a letter."""
    height = abs(size) * hypot(at[2], at[3]) * hypot(within[2], within[3])
    left = at[4] * within[0] + at[5] * within[2] + within[4]
    base = -(at[4] * within[1] + at[5] * within[3] + within[5])
    width = height * sum(1.0 if is_wide(char) else _LETTER for char in text.strip())
    return TextLine(
        text=text, confidence=1.0, left=left, top=base - height, right=left + width, bottom=base
    )


def _unlapped(boxes: Sequence[TextLine]) -> list[TextLine]:
    """The boxes, none of them running into its neighbour on the right, in the same order."""
    ends = {
        id(box): min(box.right, after.left)
        for row in rows_of(boxes)
        for box, after in pairwise(row)
        if after.left > box.left
    }
    return [
        TextLine(
            text=box.text,
            confidence=box.confidence,
            left=box.left,
            top=box.top,
            right=ends.get(id(box), box.right),
            bottom=box.bottom,
        )
        for box in boxes
    ]
