"""Columns: text in two columns is told from tables and from one column."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.ingest.columns import find_gutter, in_columns
from qilu_rag.ports import TextLine


def line(text: str, left: float, right: float, row: float) -> TextLine:
    top = 20 * row
    return TextLine(text=text, confidence=1, left=left, top=top, right=right, bottom=top + 12)


def column(name: str, left: float, rows: Sequence[float], width: float = 180) -> list[TextLine]:
    """Running text whose last line is short."""
    ends = [left + width] * (len(rows) - 1) + [left + 0.3 * width]
    return [line(f"{name}{row}", left, end, row) for row, end in zip(rows, ends, strict=True)]


def texts(lines: Sequence[TextLine]) -> list[list[str]]:
    return [[line.text for line in group] for group in in_columns(lines)]


LEFT, RIGHT = column("左", 0, range(1, 9)), column("右", 210, range(1, 9))


def test_two_columns() -> None:
    assert texts(random.Random(1).sample(LEFT + RIGHT, 16)) == [
        [line.text for line in LEFT],
        [line.text for line in RIGHT],
    ]


def test_headings_over_both_columns_keep_their_place() -> None:
    head, middle = line("题", 50, 350, 0), line("中", 100, 300, 9)
    low_left, low_right = column("左", 0, range(10, 15)), column("右", 210, range(10, 15))
    foot = line("7", 192, 198, 16)
    lines = [*low_right, head, *LEFT, foot, *RIGHT, *low_left, middle]
    assert texts(lines) == [
        ["题"],
        [line.text for line in LEFT],
        [line.text for line in RIGHT],
        ["中"],
        [line.text for line in low_left],
        [line.text for line in low_right],
        ["7"],
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        column("一", 0, range(20), width=390),
        LEFT[:3] + RIGHT[:3],
        LEFT + column("边", 210, range(1, 9), width=60),
        [line("格", x, x + width, row) for row in range(10) for x, width in ((0, 60), (100, 40 + row * 5), (250, 80))],
        [line("格", x, x + 20 + row % 4 * 40, row) for row in range(10) for x in (0, 210)],
        column("上", 0, range(8)) + column("下", 210, range(8, 16)),
        [line("甲", 5, 5, 0)] * 9,
    ],
    ids=["none", "one column", "few rows", "margin notes", "three columns of a table", "two columns of a table", "not side by side", "points"],
)  # fmt: skip
def test_no_gutter(lines: list[TextLine]) -> None:
    assert find_gutter(lines) is None
    assert in_columns(lines) == ([lines] if lines else [])


@given(
    st.lists(st.tuples(st.floats(0, 400), st.floats(0, 400), st.floats(0, 30)), max_size=40),
    st.booleans(),
)
def test_no_line_is_lost(boxes: list[tuple[float, float, float]], framed: bool) -> None:
    lines = [line("字", min(a, b), max(a, b), row) for a, b, row in boxes]
    lines += LEFT + RIGHT if framed else []
    groups = in_columns(lines)
    assert all(groups)
    assert sorted(map(id, lines)) == sorted(id(line) for group in groups for line in group)
