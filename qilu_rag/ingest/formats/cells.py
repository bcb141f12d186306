"""Tables: each row becomes a line that stands alone, with what its columns are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qilu_rag.ingest.reading import row_text

# A hostile table repeats one long cell without end. What is repeated, names of columns and
# cells that span rows, is therefore short, and in proportion to what stands in the table.
_LONGEST_NAME = 40
_WIDEST = 50
_SPARE = 2000
_SHARE = 8
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table.

    Attributes:
        head: whether it names a column or a row.
        columns: how many it spans.
        rows: how many it spans.
    """

    text: str = ""
    head: bool = False
    columns: int = 1
    rows: int = 1


_EMPTY = Cell()


def row_texts(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """The rows of a table as lines; those that name its columns go into the others.

    A cell that spans rows stands in each of them; one that spans columns names them all
    when it is a head, and else stands in the first.
    """
    grid = [row for row in _spread(rows) if any(cell.text for cell in row)]
    titles = next((at for at, row in enumerate(grid) if _filled(row) > 1), 0)
    end = titles + _count_heads(grid[titles:])
    names = _names(grid[titles:end])
    lines = [_line([], row) for row in grid[:titles]]
    return lines + [_line(names, row) for row in grid[end:]]


def _line(names: Sequence[str], row: Sequence[Cell]) -> str:
    cells = [cell.text.rstrip("。；") for cell in row]
    if names and not _is_title(row):
        return row_text(names, cells)
    # Without names of columns a head names the cell to its right: 姓名 | 孔子 | 国别 | 鲁.
    labels, values = [], []
    label = ""
    for cell, text in zip(row, cells, strict=True):
        if cell.head and len(text) <= _LONGEST_NAME:
            values += [label] if label else []
            labels += [""] if label else []
            label = text
        elif text:
            labels.append(label)
            values.append(text)
            label = ""
    return row_text([*labels, ""], [*values, label])


def _spread(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """The cells at their columns."""
    grid = []
    hanging: dict[int, tuple[int, Cell]] = {}
    spare = _SPARE
    for number, row in enumerate(rows, start=1):
        line = {at: cell for at, (_, cell) in hanging.items()} if row else {}
        hanging = {at: (left - 1, cell) for at, (left, cell) in hanging.items() if left > 1}
        at = 0
        for cell in row:
            while at in line:
                at += 1
            width = min(cell.columns, _WIDEST)
            below = min(cell.rows - 1, len(rows) - number)
            spare += len(cell.text) * _SHARE
            for column in range(at, at + width):
                line[column] = cell if column == at else _EMPTY
                if below and column < _WIDEST:
                    spare -= len(cell.text) * below
                    fits = len(cell.text) <= _LONGEST_NAME and spare > 0
                    kept = cell if fits and line[column] is cell else _EMPTY
                    hanging[column] = (below, kept)
            at += width
        grid.append([line.get(column, _EMPTY) for column in range(max(line, default=-1) + 1)])
    return grid


def _is_title(row: Sequence[Cell]) -> bool:
    """Whether a row names a part of the table: one cell, and that a head or over columns."""
    filled = [cell for cell in row if cell.text]
    return len(filled) == 1 and (filled[0].head or filled[0].columns > 1)


def _filled(row: Sequence[Cell]) -> int:
    return sum(1 for cell in row if cell.text)


def _count_heads(grid: Sequence[Sequence[Cell]]) -> int:
    """How many rows at the head of a table name its columns."""
    marked = 0
    while marked < len(grid) and all(cell.head or not cell.text for cell in grid[marked]):
        marked += 1
    if marked == len(grid):
        return 0
    while marked > 1 and _is_title(grid[marked - 1]):
        marked -= 1  # the name of a part of the table, which holds for that part alone
    if not marked and len(grid) > 1:
        marked = int(_looks_like_names(grid[0], len(grid[1])))
    return marked if all(len(name) <= _LONGEST_NAME for name in _names(grid[:marked])) else 0


def _looks_like_names(row: Sequence[Cell], width: int) -> bool:
    """Whether a row that is not marked as a head is one all the same: short, distinct words.

    Of two columns that can't be told from a list of keys and values, which is read as such.
    """
    texts = [cell.text for cell in row]
    return (
        len(set(texts)) == len(texts) == width >= 3
        and not any(cell.head for cell in row)
        and all(0 < len(text) <= _SHORT for text in texts)
        and not any(char.isdecimal() for text in texts for char in text)
    )


def _names(grid: Sequence[Sequence[Cell]]) -> list[str]:
    """The names of columns; one in two lines is both: 人口 男."""
    width = max(map(len, grid), default=0)
    lines = [_across(row) for row in grid]
    columns = [[line[at] for line in lines if at < len(line)] for at in range(width)]
    return [" ".join(filter(None, dict.fromkeys(column))) for column in columns]


def _across(row: Sequence[Cell]) -> list[str]:
    """The texts of a row, each in all the columns that it spans."""
    texts = [cell.text for cell in row]
    for at, cell in enumerate(row):
        for column in range(at + 1, min(at + min(cell.columns, _WIDEST), len(row))):
            texts[column] = texts[column] or cell.text
    return texts
