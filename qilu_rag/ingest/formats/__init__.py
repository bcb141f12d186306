"""The formats: what reads a file of each kind, by the end of its name.

A reader is a function of the bytes alone. It gives a `Reading`, or `Pages` where some of
them have to be drawn and read by OCR. It raises `DocumentError` for what it can't read,
and imports its library when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.formats.pdf import draw_pdf, read_pdf
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
    """How files of one kind are read, and how their pages are drawn where they have any."""

    read: Read
    draw: Draw | None = None


FORMATS: dict[str, Format] = {
    ".md": Format(read=read_markdown),
    ".markdown": Format(read=read_markdown),
    ".txt": Format(read=read_plain),
    ".text": Format(read=read_plain),
    ".csv": Format(read=read_csv),
    ".tsv": Format(read=read_csv),
    ".xlsx": Format(read=read_xlsx),
    ".xlsm": Format(read=read_xlsx),
    ".xls": Format(read=read_xls),
    ".pdf": Format(read=read_pdf, draw=draw_pdf),
}
