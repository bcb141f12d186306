"""DOCX documents by mammoth, by way of HTML."""

from __future__ import annotations

import io
import re

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.formats.html import parse_html
from qilu_rag.ingest.formats.markup import HEADINGS, add_markup, plain_text
from qilu_rag.ingest.formats.ooxml import check_office, whole
from qilu_rag.ingest.reading import Assembly, Reading

_STYLES = "\n".join(
    [
        *(
            f"p[style-name='{name}'] => h{min(level, 6)}:fresh"
            for level in range(1, 10)
            for name in (f"heading {level}", f"标题 {level}", f"标题{level}")
        ),
        *(f"p[style-name='{name}'] => h1.title:fresh" for name in ("Title", "标题", "文档标题")),
    ]
)
_NOTE = re.compile(r"(?:footnote|endnote)-\d+")
_NOTES = "注释"


def read_docx(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads a Word document: headings by their styles, notes at the end, no pictures.

    Raises:
        DocumentError: when it is no DOCX, damaged, encrypted or too large.
    """
    import mammoth

    title = check_office(data, source, limits, "DOCX")
    with whole(source, "DOCX"):
        # What mammoth has to say (styles that it does not know) is nothing that is missing.
        html = mammoth.convert_to_html(
            io.BytesIO(data),
            style_map=_STYLES,
            include_embedded_style_map=False,
            convert_image=lambda _image: [],
        ).value
    root = parse_html(html, source)
    notes = [note.extract() for note in root.find_all("li", id=_NOTE)]
    styled = root.find(class_="title")
    if styled is not None:
        title = plain_text(styled.extract(), source) or title
    elif title is None and root.body is not None:
        first = root.body.find(True, recursive=False)
        title = plain_text(first, source) if first and first.name == HEADINGS[0] else None
    assembly = Assembly()
    add_markup(assembly, root, source)
    for note in notes:
        add_markup(assembly, note, source, headings=[_NOTES])
    return assembly.reading(title=title)
