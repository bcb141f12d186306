"""Tables: every row can be read by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.ingest.formats.cells import Cell, row_texts


def rows(*lines: str, heads: int = 0) -> list[list[Cell]]:
    """`名称|市` is a row of two cells; one that starts with * is a head."""
    return [
        [Cell(text=text.lstrip("*"), head=at < heads or text.startswith("*")) for text in line.split("|")]
        for at, line in enumerate(lines)
    ]  # fmt: skip


def test_names_of_columns_go_into_the_rows() -> None:
    table = rows("名称|市", "孔庙|曲阜", "岱庙|泰安", heads=1)
    assert row_texts(table) == ["名称：孔庙；市：曲阜。", "名称：岱庙；市：泰安。"]


def test_names_that_are_not_marked() -> None:
    table = rows("序号|名称|市", "1|孔庙|曲阜")
    assert row_texts(table) == ["序号：1；名称：孔庙；市：曲阜。"]


def test_a_list_of_keys_and_values_has_no_names() -> None:
    assert row_texts(rows("姓名|孔子", "出生地|陬邑")) == ["姓名；孔子。", "出生地；陬邑。"]
    marked = rows("*姓名|孔子|*国别|鲁", "*生年||*卒年|前479年")
    assert row_texts(marked) == ["姓名：孔子；国别：鲁。", "生年；卒年：前479年。"]


def test_figures_are_no_names() -> None:
    assert row_texts(rows("孔庙|曲阜|1994", "泰山|泰安|1987"))[0] == "孔庙；曲阜；1994。"


def test_a_title_above_the_names() -> None:
    table = rows("山东的世界遗产", "序号|名称|市", "1|孔庙|曲阜")
    assert row_texts(table) == ["山东的世界遗产。", "序号：1；名称：孔庙；市：曲阜。"]


def test_names_in_two_lines() -> None:
    table = [
        [Cell(text="市", head=True, rows=2), Cell(text="人口", head=True, columns=2)],
        [Cell(text="男", head=True), Cell(text="女", head=True)],
        [Cell(text="曲阜"), Cell(text="1"), Cell(text="2")],
    ]
    assert row_texts(table) == ["市：曲阜；人口 男：1；人口 女：2。"]


def test_the_name_of_a_part_is_no_name_of_columns() -> None:
    table = rows("名称|市", "*第一批", "孔庙|曲阜", heads=1)
    assert row_texts(table) == ["第一批。", "名称：孔庙；市：曲阜。"]


def test_a_cell_over_rows_stands_in_each() -> None:
    table = [
        *rows("市|名称", heads=1),
        [Cell(text="济宁", rows=9), Cell(text="孔庙")],
        [Cell(text="孟庙")],
    ]
    assert row_texts(table) == ["市：济宁；名称：孔庙。", "市：济宁；名称：孟庙。"]  # fmt: skip


def test_a_cell_over_columns_stands_once() -> None:
    table = [*rows("甲|乙|丙", heads=1), [Cell(text="泰山", columns=2), Cell(text="泰安")]]
    assert row_texts(table) == ["甲：泰山；丙：泰安。"]
    assert row_texts([*rows("甲|乙", heads=1), [Cell(text="泰山", columns=2)]]) == ["泰山。"]


def test_a_row_with_one_cell_is_named() -> None:
    assert row_texts(rows("甲|乙", "泰山|", heads=1)) == ["甲：泰山。"]


def test_only_heads_and_nothing() -> None:
    assert row_texts(rows("名称|市", heads=1)) == ["名称；市。"]
    assert row_texts([]) == row_texts([[]]) == row_texts([[Cell()], []]) == []


def test_what_is_repeated_is_bounded() -> None:
    wide = [Cell(text="长" * 30, rows=65534, columns=1000) for _ in range(100)]
    table = [wide, *([Cell(text="短")] for _ in range(2000))]
    assert sum(map(len, row_texts(table))) < 50_000
    name = [*rows("名|" + "长" * 1000, heads=1), *rows("甲|乙") * 1000]
    assert sum(map(len, row_texts(name))) < 20_000


CELLS = st.builds(
    Cell,
    text=st.text("泰山。； ", max_size=3).map("1{}".format),  # a figure: no name if not marked
    head=st.booleans(),
    columns=st.integers(1, 4),
    rows=st.integers(1, 4),
)


@given(st.lists(st.lists(CELLS, max_size=5), max_size=6))
def test_no_cell_is_lost(table: list[list[Cell]]) -> None:
    lines = row_texts(table)
    text = "".join(lines)
    assert all(line.endswith("。") and line != "。" for line in lines)
    assert all(cell.text.rstrip("。；") in text for row in table for cell in row if not cell.head)
