"""Tables: each row becomes a passage that can be read without the table."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qilu_rag.ingest.clean import clean_text
from qilu_rag.ingest.reading import Assembly, row_text
from qilu_rag.text.sentences import split_sentences

_SEARCHED = 10  # rows above which a header stands, if there is one
_COMPARED = 200
_FILLED = 0.6
_NAME_MAX = 20
_LEAD_MAX = 60
_TITLE_MAX = 60
_DEEPEST = 3
_NUMBER = re.compile(r"[-+]?[\d.,]+%?|\d+-\d+-\d+.*")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A merged run of cells; all bounds belong to it, rows as counted in `Table`."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that hold something, by their number in the file, and what is merged in them.

    Rows are counted from 1, cells from 0; rows may differ in length.
    """

    rows: dict[int, list[str]]
    merges: Sequence[Merge] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The lines above a table, the names of its columns, and the numbers of its other rows."""

    titles: tuple[str, ...]
    header: list[str]
    body: list[int]


def clean_cell(text: str) -> str:
    """A cell on one line, without the mark that would end its row."""
    plain = text if text.isprintable() else clean_text(text)  # most are, and tables are long
    return " ".join(plain.split()).rstrip("。；;")


def add_table(
    assembly: Assembly, table: Table, *, headings: Sequence[str] = (), longest: int
) -> Layout:
    """Adds a table row by row, each with its number as place.

    Args:
        assembly: what it is added to.
        table: rows of cells that `clean_cell` made.
        headings: path of the headings above it; the table's own titles follow them.
        longest: characters of a passage; a longer row is told in several, see `row_texts`.
    """
    _fill_down(table)
    layout = find_layout(table)
    path = (*headings, *(title for title in layout.titles if len(title) <= _TITLE_MAX))
    for title in layout.titles:
        if len(title) > _TITLE_MAX:
            assembly.add(title, headings=path)
    for number in layout.body:
        for text in row_texts(layout.header, table.rows[number], longest):
            assembly.add(text, headings=path, place=f"第{number}行", apart=True)
    return layout


def row_texts(header: Sequence[str], cells: Sequence[str], longest: int) -> list[str]:
    """A row as lines that stand alone: one where it fits, else several with the row's name.

    The name is what stands first, up to the first cell that is no number.
    """
    whole = row_text(header, cells)
    if len(whole) <= longest:
        return [whole] if whole else []
    names = [*header[: len(cells)], *[""] * len(cells)]
    fields = [(name, cell) for name, cell in zip(names, cells, strict=False) if cell]
    first = next((at for at, (_, cell) in enumerate(fields) if not _NUMBER.fullmatch(cell)), 0)
    lead, rest = fields[: first + 1], fields[first + 1 :]
    if len(_told(lead)) > min(_LEAD_MAX, longest // 2):
        lead, rest = [], fields
    pieces: list[list[tuple[str, str]]] = [[]]
    for part in _parts(rest, longest - len(_told(lead))):
        if pieces[-1] and len(_told([*lead, *pieces[-1], part])) > longest:
            pieces.append([])
        pieces[-1].append(part)
    return [_told([*lead, *piece]) for piece in pieces]


def _told(fields: Sequence[tuple[str, str]]) -> str:
    return row_text([name for name, _ in fields], [cell for _, cell in fields])


def _parts(fields: Iterable[tuple[str, str]], bound: int) -> list[tuple[str, str]]:
    """The fields, long ones as several of the same name that hold whole sentences."""
    parts: list[tuple[str, str]] = []
    for name, cell in fields:
        held = ""
        for sentence in split_sentences(cell):
            if held and len(name) + len(held) + len(sentence) + 2 > bound:
                parts.append((name, held.rstrip("。；;")))
                held = ""
            held += sentence
        parts.append((name, held.rstrip("。；;")))
    return parts


def find_layout(table: Table) -> Layout:
    """Finds the header: the first row that is mostly filled, if it holds short names.

    What stands above it are titles. A table whose first full row is like the others (its
    cells recur below) has no header.
    """
    numbers = sorted(table.rows)
    width = len({at for row in table.rows.values() for at, cell in enumerate(row) if cell})
    full = next(
        (n for n in numbers[:_SEARCHED] if _filled(table.rows[n]) >= max(2, _FILLED * width)), None
    )
    if full is None or not _is_header(table, full, numbers):
        return Layout(titles=(), header=[], body=numbers)
    last = max([m.bottom for m in table.merges if m.top == full] + [full])
    last = min(last, full + _DEEPEST - 1)
    repeated = [cell for cell in table.rows[full] if cell]
    return Layout(
        titles=tuple(" ".join(filter(None, table.rows[n])) for n in numbers if n < full),
        header=_names(table, full, last),
        body=[n for n in numbers if n > last and [c for c in table.rows[n] if c] != repeated],
    )


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, row))


def _is_header(table: Table, number: int, numbers: Sequence[int]) -> bool:
    row = table.rows[number]
    names = [(at, cell) for at, cell in enumerate(row) if cell]
    if any(len(cell) > _NAME_MAX for _, cell in names):
        return False
    if any(_NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell) for _, cell in names):
        return False
    below = [table.rows[n] for n in numbers if n > number][:_COMPARED]
    others = [other for other in below if [*filter(None, other)] != [*filter(None, row)]]
    merged = {m.left for m in table.merges if m.top == number and m.bottom > number}
    return bool(others) and not any(
        at < len(other) and other[at] == cell
        for other in others
        for at, cell in names
        if at not in merged
    )


def _names(table: Table, first: int, last: int) -> list[str]:
    """The names of the columns; of a header in several rows, 地点·市."""
    rows = {n: list(row) for n, row in table.rows.items() if first <= n <= last}
    width = max(map(len, rows.values()))
    for row in rows.values():
        row.extend([""] * (width - len(row)))
    for merge in table.merges:
        if merge.top in rows and merge.bottom <= last:
            row = rows[merge.top]
            for at in range(merge.left, min(merge.right + 1, width)):
                row[at] = row[merge.left]
    columns = zip(*(rows[n] for n in sorted(rows)), strict=True)
    return ["·".join(dict.fromkeys(filter(None, column))).strip(":：") for column in columns]


def _fill_down(table: Table) -> None:
    """Puts what a merged cell holds into every row that it spans."""
    numbers = sorted(table.rows)
    # No sheet has merges that overlap; a hostile file may, and fills no more than it holds.
    left = sum(map(len, table.rows.values())) + len(numbers)
    for merge in table.merges:
        top = table.rows.get(merge.top, [])
        value = top[merge.left] if merge.left < len(top) else ""
        below = numbers[bisect_right(numbers, merge.top) : bisect_right(numbers, merge.bottom)]
        for number in below[:left] if value else ():
            row = table.rows[number]
            row += [""] * (merge.left + 1 - len(row))
            row[merge.left] = row[merge.left] or value
            left -= 1
