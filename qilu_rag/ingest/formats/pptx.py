"""PPTX presentations by python-pptx: slides become locators, their titles headings."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_text
from qilu_rag.ingest.formats.cells import Cell, row_texts
from qilu_rag.ingest.formats.ooxml import check_office, whole
from qilu_rag.ingest.reading import Assembly, Reading

_NOTES = "备注"
_ROW = 228_600  # a quarter of an inch, in EMU: shapes whose tops differ by less stand in a row
_DIAGRAM = "/diagramData"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_POINT = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}pt"
_DEEPEST = 50


def read_pptx(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads the slides of a presentation, and what the speaker noted.

    Raises:
        DocumentError: when it is no PPTX, damaged, encrypted or too long.
    """
    import pptx

    title = check_office(data, source, limits, "PPTX")
    assembly = Assembly()
    with whole(source, "PPTX"):
        slides = pptx.Presentation(io.BytesIO(data)).slides
        if len(slides) > limits.max_pages:
            raise DocumentError(source, f"has over {limits.max_pages} slides; split it")
        for number, slide in enumerate(slides, start=1):
            heading = _add_slide(assembly, slide, f"第{number}张")
            title = title or heading
    return assembly.reading(title=title)


def _add_slide(assembly: Assembly, slide: Any, place: str) -> str | None:
    """Adds a slide; gives its title."""
    shape = slide.shapes.title
    title = " ".join(clean_text(shape.text_frame.text).split()) if shape is not None else ""
    headings = [title] if title else []
    texts = list(_texts(slide.shapes))
    texts += [(line, False) for line in _diagrams(slide)]
    # A slide that is nothing but its title, as between parts, keeps it as text.
    for text, apart in texts or [(title, False)]:
        assembly.add(clean_text(text), headings=headings if texts else (), place=place, apart=apart)
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        assembly.add(clean_text(frame.text), headings=[*headings, _NOTES], place=place)
    return title or None


def _texts(shapes: Iterable[Any], depth: int = 0) -> Iterator[tuple[str, bool]]:
    """Paragraphs and rows in reading order, and whether each is a passage of its own."""
    for shape in _in_order(shapes):
        if (group := getattr(shape, "shapes", None)) is not None:
            if depth < _DEEPEST:
                yield from _texts(group, depth + 1)
        elif shape.has_text_frame and not _is_furniture(shape):
            for paragraph in shape.text_frame.paragraphs:
                yield paragraph.text, False
        elif shape.has_table:
            for line in row_texts(_rows(shape.table)):
                yield line, True


def _in_order(shapes: Iterable[Any]) -> list[Any]:
    """Shapes from top to bottom; those that stand side by side from left to right."""
    ordered: list[list[Any]] = []
    for shape in sorted(shapes, key=lambda shape: shape.top or 0):
        if ordered and (shape.top or 0) - (ordered[-1][0].top or 0) < _ROW:
            ordered[-1].append(shape)
        else:
            ordered.append([shape])
    return [x for row in ordered for x in sorted(row, key=lambda shape: shape.left or 0)]


def _is_furniture(shape: Any) -> bool:
    """Whether a shape is the slide's title, which is a heading, or stands on every slide."""
    from pptx.enum.shapes import PP_PLACEHOLDER as KINDS

    return shape.is_placeholder and shape.placeholder_format.type in (
        KINDS.TITLE,
        KINDS.CENTER_TITLE,
        KINDS.VERTICAL_TITLE,
        KINDS.DATE,
        KINDS.FOOTER,
        KINDS.HEADER,
        KINDS.SLIDE_NUMBER,
    )


def _rows(table: Any) -> list[list[Cell]]:
    return [
        [
            Cell(
                text=" ".join(clean_text(cell.text).split()),
                head=(table.first_row and number == 0) or (table.first_col and column == 0),
                columns=cell.span_width if cell.is_merge_origin else 1,
                rows=cell.span_height if cell.is_merge_origin else 1,
            )
            for column, cell in enumerate(row.cells)
            if not cell.is_spanned
        ]
        for number, row in enumerate(table.rows)
    ]


def _diagrams(slide: Any) -> Iterator[str]:
    """The texts of SmartArt, which python-pptx does not know: they lie in parts of their own."""
    from defusedxml.ElementTree import fromstring

    parts = [x.target_part for x in slide.part.rels.values() if x.reltype.endswith(_DIAGRAM)]
    for part in parts:
        for point in fromstring(part.blob).iter(_POINT):
            for paragraph in point.iter(f"{_DRAWING}p"):
                yield "".join(text.text or "" for text in paragraph.iter(f"{_DRAWING}t"))
