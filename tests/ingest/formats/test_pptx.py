"""PPTX: slides become locators, and all that a speaker wrote is kept in reading order."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.util import Inches

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.pptx import read_pptx

LIMITS = IngestSettings()
TITLE_AND_TEXT, TITLE_ONLY = 1, 5


def save(deck: Any) -> bytes:
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def slide(title: str = "孔庙", layout: int = TITLE_ONLY) -> tuple[Any, Any]:
    """A presentation with one slide, and the slide."""
    deck = pptx.Presentation()
    made = deck.slides.add_slide(deck.slide_layouts[layout])
    made.shapes.title.text = title
    return deck, made


def box(shapes: Any, text: str, left: float, top: float) -> None:
    shapes.add_textbox(
        Inches(left), Inches(top), Inches(2), Inches(1)
    ).text_frame.text = text  # fmt: skip


def parts(data: bytes) -> list[tuple[str, tuple[str, ...], str]]:
    reading = read_pptx(data, "a.pptx", LIMITS)
    return [
        (b.place, b.headings, reading.text[b.start : b.end].strip("\n")) for b in reading.blocks
    ]


def fails(data: bytes, limits: IngestSettings = LIMITS) -> str:
    with pytest.raises(DocumentError) as caught:
        read_pptx(data, "a.pptx", limits)
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_slides_their_titles_and_their_notes() -> None:
    deck, first = slide("山东\v文化", TITLE_AND_TEXT)
    first.placeholders[1].text = "孔子故里\n五岳\v之首"
    first.notes_slide.notes_text_frame.text = "先问听众。"
    second = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    second.shapes.title.text = "谢谢"
    reading = read_pptx(save(deck), "a.pptx", LIMITS)
    assert parts(save(deck)) == [
        ("第1张", ("山东 文化",), "孔子故里\n五岳\n之首"),
        ("第1张", ("山东 文化", "备注"), "先问听众。"),
        ("第2张", (), "谢谢"),
    ]
    assert reading.title == "山东 文化"


def test_the_title_of_the_file_comes_first() -> None:
    deck, _ = slide()
    deck.core_properties.title = "三孔讲解"
    assert read_pptx(save(deck), "a.pptx", LIMITS).title == "三孔讲解"
    deck.core_properties.title = "PowerPoint 演示文稿"
    assert read_pptx(save(deck), "a.pptx", LIMITS).title == "孔庙"


def test_reading_order() -> None:
    deck, made = slide()
    box(made.shapes, "四", 1, 5)
    box(made.shapes, "三", 5, 2.9)  # a hair higher than what stands to its left
    box(made.shapes, "二", 1, 3)
    group = made.shapes.add_group_shape()
    box(group.shapes, "一乙", 4, 1)
    box(group.shapes, "一甲", 1, 1)
    assert parts(save(deck)) == [("第1张", ("孔庙",), "一甲\n一乙\n二\n三\n四")]


def test_rows_of_tables() -> None:
    deck, made = slide()
    table = made.shapes.add_table(3, 2, 0, Inches(2), Inches(4), Inches(2)).table
    for at, text in enumerate(["市", "名称", "济宁", "孔庙", "", "孔\n林"]):
        table.cell(at // 2, at % 2).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert parts(save(deck)) == [
        ("第1张", ("孔庙",), "市：济宁；名称：孔庙。"),
        ("第1张", ("孔庙",), "市：济宁；名称：孔 林。"),
    ]


def test_numbers_and_dates_of_slides_go() -> None:
    deck, made = slide()
    box(made.shapes, "正文", 1, 2)
    for layout in deck.slide_layouts[TITLE_ONLY].placeholders:
        if layout.placeholder_format.idx >= 10:
            made.shapes.clone_placeholder(layout)
    for shape in list(made.placeholders)[1:]:
        shape.text = "2026年"
    assert len(list(made.placeholders)) == 4
    assert parts(save(deck)) == [("第1张", ("孔庙",), "正文")]


def test_smart_art() -> None:
    deck, made = slide()
    a, d = (
        f"http://schemas.openxmlformats.org/drawingml/2006/{name}" for name in ("main", "diagram")
    )
    points = "".join(
        f"<d:pt><d:t><a:p><a:r><a:t>{text[:1]}</a:t></a:r><a:r><a:t>{text[1:]}</a:t></a:r></a:p></d:t></d:pt>"
        for text in ("迎神", "奠帛")
    )
    xml = f'<d:dataModel xmlns:d="{d}" xmlns:a="{a}"><d:ptLst>{points}</d:ptLst></d:dataModel>'
    kind = "application/vnd.openxmlformats-officedocument.drawingml.diagramData+xml"
    part = Part(PackURI("/ppt/diagrams/data1.xml"), kind, made.part.package, xml.encode())
    made.part.relate_to(part, RELATIONSHIP_TYPE.DIAGRAM_DATA)
    assert parts(save(deck)) == [("第1张", ("孔庙",), "迎神\n奠帛")]


def test_what_is_no_pptx() -> None:
    data = save(slide()[0])
    assert "without password" in fails(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "is not a whole PPTX" in fails(b"")
    assert "is not a whole PPTX" in fails(data[: len(data) // 2])
    assert "over 1 slides" in fails(two_slides(), IngestSettings(max_pages=1))
    assert "expands to over" in fails(data, IngestSettings(max_expanded_bytes=5000))
    assert "is not a whole PPTX (KeyError)" in fails(changed(data, lambda _: None))


def two_slides() -> bytes:
    deck, _ = slide()
    deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    return save(deck)


def changed(data: bytes, change: Callable[[bytes], bytes | None]) -> bytes:
    """The presentation with its first slide changed, or left out."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part: bytes | None = old.read(name)
            if name == "ppt/slides/slide1.xml":
                part = change(old.read(name))
            if part is not None:
                new.writestr(name, part)
    return file.getvalue()


@settings(max_examples=25)  # opening one takes a while
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_damage_is_an_error_at_worst(seed: int, spots: int) -> None:
    chance = random.Random(seed)

    def damage(part: bytes) -> bytes:
        xml = bytearray(part)
        for _ in range(spots):
            xml[chance.randrange(len(xml))] = chance.choice(b'<>/"=& a1')
        return bytes(xml)

    try:
        reading = read_pptx(changed(WHOLE, damage), "a.pptx", LIMITS)
    except DocumentError as error:
        assert error.source == "a.pptx"
        assert "\n" not in error.reason
    else:
        assert all(0 <= b.start < b.end <= len(reading.text) for b in reading.blocks)


def _whole() -> bytes:
    deck, made = slide()
    box(made.shapes, "正文", 1, 2)
    made.shapes.add_table(2, 2, 0, Inches(2), Inches(4), Inches(2))
    return save(deck)


WHOLE = _whole()
