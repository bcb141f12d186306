"""Tables: CSV by the standard library, XLSX by openpyxl; a row becomes a passage."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.encoding import decode
from qilu_rag.ingest.reading import Assembly, Reading
from qilu_rag.ingest.table import Layout, Merge, Table, add_table, clean_cell
from qilu_rag.ingest.zipped import check_zip

_DELIMITERS = ",;\t"
_SNIFFED = 50
_MAX_COLUMNS = 1000
_MAX_CELL = 131_072  # what the csv module takes, too
_MAX_SHEET = 2**20  # rows that Excel has
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})\"")


def read_csv(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads a table of values with commas, semicolons or tabs between them.

    Raises:
        DocumentError: when it is in no known encoding, too large, or its quotation marks
            do not pair.
    """
    text, encoding = decode(data, source)
    rows: dict[int, list[str]] = {}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            _keep(rows, number, [clean_cell(cell) for cell in cells], source, limits)
    except csv.Error as error:
        reason = f"line {reader.line_num} is no row of a table ({error}); mend its quotation marks"
        raise DocumentError(source, reason) from error
    assembly = Assembly()
    layout = add_table(assembly, Table(rows=rows), longest=limits.passage_max)
    return assembly.reading(encoding=encoding, title=_title([layout]))


def read_xlsx(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads the visible sheets of an Excel file; of formulas, what they last gave.

    Raises:
        DocumentError: when it is broken, encrypted or too large.
    """
    if data.startswith(_OLE):
        if _LOCKED in data:
            raise DocumentError(source, "is encrypted; hand in a copy without a password")
        read_xls(data, source, limits)
    check_zip(data, source, limits)
    try:
        with warnings.catch_warnings():  # openpyxl warns of every oddity of a file
            warnings.simplefilter("ignore")
            sheets = [(name, table) for name, table in _sheets(data, source, limits) if table.rows]
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        # openpyxl lets inner errors of every kind through on damaged files.
        reason = f"is not a whole Excel file ({type(error).__name__}); save it again as .xlsx"
        raise DocumentError(source, reason) from error
    assembly = Assembly()
    layouts = [
        add_table(
            assembly,
            table,
            headings=(name,) if len(sheets) > 1 else (),
            longest=limits.passage_max,
        )
        for name, table in sheets
    ]
    return assembly.reading(title=_title(layouts))


def read_xls(_data: bytes, source: str, _limits: IngestSettings) -> Reading:
    """Refuses the Excel format of before 2007, which no kept-up library reads."""
    raise DocumentError(source, "is an old Excel file; save it as .xlsx and try again")


def _title(layouts: list[Layout]) -> str | None:
    titles = [layout.titles[0] for layout in layouts if layout.titles]
    return titles[0] if len(layouts) == 1 and titles else None


def _keep(
    rows: dict[int, list[str]], number: int, cells: list[str], source: str, limits: IngestSettings
) -> None:
    while cells and not cells[-1]:
        cells.pop()
    if not cells:
        return
    if len(rows) >= limits.max_rows:
        raise _too_long(source, limits)
    if len(cells) > _MAX_COLUMNS:
        raise DocumentError(source, f"row {number} has over {_MAX_COLUMNS} cells; split the table")
    if max(map(len, cells)) > _MAX_CELL:
        reason = f"row {number} has a cell of over {_MAX_CELL:,} characters; hand that in as a text"
        raise DocumentError(source, reason)
    rows[number] = cells


def _too_long(source: str, limits: IngestSettings) -> DocumentError:
    reason = f"has over {limits.max_rows:,} rows; split it or raise QILU_INGEST__MAX_ROWS"
    return DocumentError(source, reason)


def _delimiter(text: str) -> str:
    """The one that parts the first rows into equally many cells, most of them."""
    head = text[: _SNIFFED * 1000]

    def evenness(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        try:
            rows = list(islice(reader, _SNIFFED))
        except csv.Error:
            return 0, 0
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        return count, width

    return max(_DELIMITERS, key=evenness)


def _sheets(data: bytes, source: str, limits: IngestSettings) -> Iterator[tuple[str, Table]]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    with closing(book):
        seen = held = 0
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            sheet.reset_dimensions()  # what a file says of its size need not be so
            rows: dict[int, list[str]] = {}
            for number, row in enumerate(sheet.iter_rows(), start=1):
                seen += len(row)
                if number > _MAX_SHEET or seen > limits.max_rows * _MAX_COLUMNS // 4:
                    raise DocumentError(source, "has more cells than a sheet may; save it again")
                cells = [clean_cell(_shown(cell)) for cell in row]
                _keep(rows, number, cells, source, limits)
            held += len(rows)
            if held > limits.max_rows:
                raise _too_long(source, limits)
            yield str(sheet.title), Table(rows=rows, merges=_merges(sheet))


def _merges(sheet: Any) -> list[Merge]:
    # A read-only sheet passes over what is merged, and one that is not would make an
    # object of every cell that a hostile file claims.
    from openpyxl.utils import range_boundaries

    with sheet._get_source() as held:
        found = [range_boundaries(ref.decode()) for ref in _MERGED.findall(held.read())]
    return [
        Merge(top=top, bottom=bottom, left=left - 1, right=right - 1)
        for left, top, right, bottom in found
    ]


def _shown(cell: Any) -> str:
    """A cell's value as people write it."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, dt.datetime):
        whole = value.time() == dt.time()
        return value.date().isoformat() if whole else value.isoformat(" ", "minutes")
    if isinstance(value, dt.time):
        return value.isoformat("minutes")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    layout = str(cell.number_format)
    if "%" in layout:
        return f"{value * 100:.10g}%"
    # Excel counts in 15 digits, and codes such as 000123 are numbers with a layout.
    digits = f"{value:.15g}" if isinstance(value, float) else str(value)
    return digits.zfill(len(layout)) if set(layout) == {"0"} else digits
