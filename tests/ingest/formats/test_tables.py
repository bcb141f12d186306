"""Tables: each row stands alone, with the names of its columns and its place."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.tables import read_csv, read_xls, read_xlsx
from qilu_rag.ingest.reading import Reading
from qilu_rag.ingest.split import split
from qilu_rag.types import Document, Entry

LIMITS = IngestSettings()
HEADER: list[Any] = ["序号", "名称", "地点", "批次"]
ROWS: list[list[Any]] = [[1, "孔庙", "曲阜", "第一批"], [2, "蓬莱水城及蓬莱阁", "蓬莱", "第二批"]]
FIRST = "序号：1；名称：孔庙；地点：曲阜；批次：第一批。"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


def workbook(*sheets: Sequence[Sequence[Any]], merges: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"表{number}")
        for row in rows:
            sheet.append(list(row))
        for merge in merges:
            sheet.merge_cells(merge)
    return saved(book)


def saved(book: Any) -> bytes:
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def passages(reading: Reading) -> list[tuple[str, str]]:
    entry = Entry(id="a", title="a")
    document = Document(
        entry=entry, text=reading.text, blocks=reading.blocks, source="a", sha256=""
    )
    return [(p.locator, p.text) for p in split(document, shortest=120, longest=300)]


def xlsx(*sheets: Sequence[Sequence[Any]], merges: Sequence[str] = ()) -> list[tuple[str, str]]:
    return passages(read_xlsx(workbook(*sheets, merges=merges), "a.xlsx", LIMITS))


def texts(text: str) -> list[str]:
    return [line for _, line in passages(read_csv(text.encode(), "a.csv", LIMITS))]


def fails(read: Callable[..., Reading], data: bytes, limits: IngestSettings = LIMITS) -> str:
    with pytest.raises(DocumentError) as caught:
        read(data, "a.x", limits)
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_a_row_is_a_passage_with_its_header() -> None:
    assert xlsx([HEADER, *ROWS]) == [
        ("第2行", FIRST),
        ("第3行", "序号：2；名称：蓬莱水城及蓬莱阁；地点：蓬莱；批次：第二批。"),
    ]


def test_titles_become_headings_and_empty_rows_and_columns_go() -> None:
    rows: list[list[Any]] = [
        ["山东省文物保护单位"],
        [],
        [None, *HEADER],
        [None, *ROWS[0]],
        [],
        [None, *ROWS[1]],
    ]
    reading = read_xlsx(workbook(rows, merges=["A1:E1"]), "a.xlsx", LIMITS)
    assert reading.title == "山东省文物保护单位"
    assert passages(reading)[0] == ("第4行 · 山东省文物保护单位", FIRST)
    assert passages(reading)[1][0] == "第6行 · 山东省文物保护单位"


def test_with_several_sheets_the_sheet_is_named() -> None:
    assert [place for place, _ in xlsx([HEADER, ROWS[0]], [HEADER, ROWS[1]])] == [
        "第2行 · 表1",
        "第2行 · 表2",
    ]


def test_hidden_sheets_are_passed_over() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADER, ROWS[0]], [HEADER, ROWS[1]])))
    book.worksheets[1].sheet_state = "hidden"
    assert passages(read_xlsx(saved(book), "a.xlsx", LIMITS)) == [("第2行", FIRST)]


def test_merged_cells_are_filled() -> None:
    rows: list[list[Any]] = [["地点", "名称"], ["曲阜", "孔庙"], [None, "孔府"], ["邹城", "孟庙"]]
    assert [text for _, text in xlsx(rows, merges=["A2:A3"])] == [
        "地点：曲阜；名称：孔庙。",
        "地点：曲阜；名称：孔府。",
        "地点：邹城；名称：孟庙。",
    ]


def test_a_header_in_two_rows() -> None:
    rows: list[list[Any]] = [["名称", "位置", None], [None, "市", "县"], ["孔庙", "济宁", "曲阜"]]
    assert xlsx(rows, merges=["A1:A2", "B1:C1"]) == [
        ("第3行", "名称：孔庙；位置·市：济宁；位置·县：曲阜。")
    ]


@pytest.mark.parametrize(
    ("value", "layout", "shown"),
    [
        (1.0, "General", "1"),
        (1532.7, "General", "1532.7"),
        (0.1 + 0.2, "General", "0.3"),
        (0.35, "0%", "35%"),
        (371, "000000", "000371"),
        (dt.datetime(1987, 12, 11), "yyyy/m/d", "1987-12-11"),
        (dt.datetime(1987, 12, 11, 8, 30), "yyyy/m/d hh:mm", "1987-12-11 08:30"),
        (dt.time(8, 30), "hh:mm", "08:30"),
        (True, "General", "True"),
        ("五岳\n之首。", "General", "五岳 之首"),
    ],
)
def test_values_are_shown_as_people_write_them(value: Any, layout: str, shown: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["名称", "值"])
    book.active.append(["泰山", value])
    book.active["B2"].number_format = layout
    reading = read_xlsx(saved(book), "a.xlsx", LIMITS)
    assert reading.text == f"名称：泰山；值：{shown}。\n"


def test_errors_and_formulas_without_a_value_go() -> None:
    assert xlsx([["名称", "甲", "乙"], ["泰山", "#REF!", "=1+1"]]) == [("第2行", "名称：泰山。")]


def test_without_a_header_the_cells_stand_bare() -> None:
    assert texts("孔庙,国家级\n孟庙,国家级\n") == ["孔庙；国家级。", "孟庙；国家级。"]
    assert texts("1,孔庙\n2,孟庙\n") == ["1；孔庙。", "2；孟庙。"]


def test_a_header_that_is_repeated_is_no_row() -> None:
    assert texts("名称,级别\n孔庙,国家级\n名称,级别\n孟庙,省级\n") == [
        "名称：孔庙；级别：国家级。",
        "名称：孟庙；级别：省级。",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_csv_of_every_kind(delimiter: str, encoding: str) -> None:
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter).writerows([HEADER, *ROWS, [3, 'x,;"y', "", "无"]])
    reading = read_csv(held.getvalue().encode(encoding), "a.csv", LIMITS)
    assert reading.text.split("\n")[0] == FIRST
    assert reading.text.split("\n")[2] == '序号：3；名称：x,;"y；批次：无。'
    assert reading.encoding == encoding.removesuffix("-sig")


def test_every_piece_of_a_long_row_tells_whose_it_is() -> None:
    story = "".join(f"大运河山东段流经第{n}个县，沿岸有许多码头与水闸。" for n in range(40))
    found = passages(
        read_csv(f"序号,名称,简介,级别\n1,大运河,{story},世界遗产\n".encode(), "a", LIMITS)
    )
    assert len(found) > 3
    assert all(text.startswith("序号：1；名称：大运河；") for _, text in found)
    assert all(len(text) <= 300 for _, text in found)
    assert all(f"第{n}个县，" in "".join(text for _, text in found) for n in range(40))
    assert "级别：世界遗产" in found[-1][1]
    assert len({place for place, _ in found}) == len(found)


@pytest.mark.parametrize(
    ("read", "data", "part"),
    [
        (read_xlsx, OLE, "save it as .xlsx"),
        (read_xls, OLE, "save it as .xlsx"),
        (read_xlsx, OLE + "EncryptedPackage".encode("utf-16-le"), "without a password"),
        (read_xlsx, b"PK", "not a whole"),
        (read_csv, b'a,b\n"x,1\n', "line 2 is no row"),
        (read_csv, ("a,b\n" + "x" * 200_000 + ",1").encode(), "field larger"),
        (read_csv, ("a," * 1001 + "b\n").encode(), "row 1 has over 1000 cells"),
        (read_csv, b"PK\x03\x04" + bytes(60), "application/zip"),
    ],
)
def test_what_is_refused(read: Callable[..., Reading], data: bytes, part: str) -> None:
    assert part in fails(read, data)


def test_rows_are_bounded() -> None:
    limits = IngestSettings(max_rows=2)
    assert "over 2 rows" in fails(read_csv, b"a,b\n1,2\n3,4\n", limits)
    assert "QILU_INGEST__MAX_ROWS" in fails(read_xlsx, workbook([HEADER, *ROWS]), limits)
    assert "over 2 rows" in fails(read_xlsx, workbook([HEADER], ROWS), limits)
    assert read_csv(b"a,b\n1,2\n", "a", limits).text


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 20))
def test_damage_is_an_error_at_worst(seed: int, spots: int) -> None:
    data = bytearray(WHOLE)
    for spot in range(spots):
        data[(seed * (spot + 7919)) % len(data)] ^= 1 + seed % 255
    try:
        reading = read_xlsx(bytes(data), "a.xlsx", LIMITS)
    except DocumentError as error:
        assert "\n" not in error.reason
    else:
        assert all(0 <= b.start < b.end <= len(reading.text) for b in reading.blocks)


WHOLE = workbook([HEADER, *ROWS], merges=["A1:B1"])


@given(st.lists(st.lists(st.text('孔庙，。；1a "\n', max_size=12), max_size=3), max_size=6))
def test_no_cell_is_lost(rows: list[list[str]]) -> None:
    held = io.StringIO()
    csv.writer(held).writerows([["名称", "说明", "备注"], *rows])
    text = read_csv(held.getvalue().encode(), "a.csv", LIMITS).text
    for cell in (cell for row in rows for cell in row):
        assert " ".join(cell.split()).rstrip("。；;") in text
