"""The formats: what reads a file of each kind, by the end of its name.

A reader is a function of the bytes alone. It gives a `Reading`, or `Pages` where some of
them have to be drawn and read by OCR. It raises `DocumentError` for what it can't read,
and imports its library when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.formats.docx import read_docx
from qilu_rag.ingest.formats.epub import read_epub
from qilu_rag.ingest.formats.html import read_html
from qilu_rag.ingest.formats.image import draw_image, read_image
from qilu_rag.ingest.formats.pdf import draw_pdf, read_pdf
from qilu_rag.ingest.formats.pptx import read_pptx
from qilu_rag.ingest.formats.tables import read_csv, read_xls, read_xlsx
from qilu_rag.ingest.formats.text import read_markdown, read_plain
from qilu_rag.ingest.reading import Pages, Reading
from qilu_rag.ports import Image

Read = Callable[[bytes, str, IngestSettings], Reading | Pages]
"""Takes a file's bytes, its name for errors, and the bounds."""

Draw = Callable[[bytes, int, str], Image]
"""Takes a file's bytes, the number of a page from 1, and its name for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How files of one kind are read, and how their pages are drawn where they have any.

    Attributes:
        is_text: whether the reader is Python of our own, in time linear in the bytes: it
            then needs no process of its own.
    """

    read: Read
    draw: Draw | None = None
    is_text: bool = False


FORMATS: dict[str, Format] = {
    ".md": Format(read=read_markdown, is_text=True),
    ".markdown": Format(read=read_markdown, is_text=True),
    ".txt": Format(read=read_plain, is_text=True),
    ".text": Format(read=read_plain, is_text=True),
    ".html": Format(read=read_html),
    ".htm": Format(read=read_html),
    ".xhtml": Format(read=read_html),
    ".docx": Format(read=read_docx),
    ".pptx": Format(read=read_pptx),
    ".epub": Format(read=read_epub),
    ".csv": Format(read=read_csv),
    ".tsv": Format(read=read_csv),
    ".xlsx": Format(read=read_xlsx),
    ".xlsm": Format(read=read_xlsx),
    ".xls": Format(read=read_xls),
    ".pdf": Format(read=read_pdf, draw=draw_pdf),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"),
        Format(read=read_image, draw=draw_image),
    ),
}
