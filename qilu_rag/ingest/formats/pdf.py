"""PDF documents by pypdf: running lines go, page numbers become locators."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_pages, ends_sentence, join_lines
from qilu_rag.ingest.formats.pdf_text import page_text
from qilu_rag.ingest.legible import legible
from qilu_rag.ingest.reading import Assembly, Pages, Reading
from qilu_rag.ports import Image

_HEADING_MAX = 24
_ENDS = "。！？!?…；;：:，,、."
_DOTS_PER_INCH = 200
_POINTS_PER_INCH = 72
_LONGEST_SIDE = 3000
_FEW = 50
_SPOT, _MOST = 0.05, 0.7
_OUTLINES = 200


def read_pdf(data: bytes, source: str, limits: IngestSettings) -> Pages:
    """Reads the text layer of a PDF, page by page.

    A page is left to OCR whose text layer is missing, though it shows something; is of a
    few characters, such as a page number or a stamp, over a picture of most of the page;
    or is illegible. The text of a blank page is empty.

    Raises:
        DocumentError: when it is broken, encrypted or too long.
    """
    import pypdf
    from pypdf.errors import DependencyError

    # pypdf logs every oddity of a file; what matters comes out as an error below.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(source, "is encrypted; hand in a copy without a password")
        if len(reader.pages) > limits.max_pages:
            raise DocumentError(source, f"has over {limits.max_pages} pages; split it")
        texts = [page_text(page) for page in reader.pages]
    except (DocumentError, MemoryError):
        raise
    except DependencyError as error:
        # Ciphers beyond RC4 need a library that we do without.
        raise DocumentError(source, "is encrypted; hand in a copy without a password") from error
    except Exception as error:
        # pypdf lets inner errors of every kind through on damaged files; nothing else runs here.
        raise DocumentError(
            source, f"is not a whole PDF ({type(error).__name__}); export it again"
        ) from error
    hidden = _hidden(data, texts)
    return Pages(
        texts=tuple(
            None if number in hidden or not legible(text) else text
            for number, text in enumerate(texts)
        )
    )


def _hidden(data: bytes, texts: Sequence[str]) -> set[int]:
    """The pages, from 0, that show more than their few characters of text or none."""
    import pypdfium2

    sparse = {at: text for at, text in enumerate(texts) if len("".join(text.split())) <= _FEW}
    if not sparse:
        return set()
    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            return {at for at, text in sparse.items() if _shows_more(document[at], text)}
    except pypdfium2.PdfiumError:
        # What can't be looked at is drawn where there is no text, and that says what is wrong.
        return {at for at, text in sparse.items() if not text.strip()}


def _shows_more(page: Any, text: str) -> bool:
    """Whether pictures, or outlines of letters, show what the text of a page does not say.

    A bare page is thought to say something from a picture of a twentieth of it or some
    five outlined characters (200 strokes) on; a logo or a rule says nothing.
    """
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_PATH, FPDFPath_CountSegments

    width, height = page.get_size()
    pictured, strokes = 0.0, 0
    for shape in page.get_objects(filter=(FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_PATH)):
        if shape.type == FPDF_PAGEOBJ_PATH:
            strokes += FPDFPath_CountSegments(shape.raw)
        else:
            left, bottom, right, top = shape.get_bounds()
            pictured += max(0.0, right - left) * max(0.0, top - bottom) / (width * height)
    if text.strip():
        return pictured >= _MOST
    return pictured >= _SPOT or strokes >= _OUTLINES


def draw_pdf(data: bytes, number: int, source: str) -> Image:
    """Draws a page as a scanner would have taken it.

    Raises:
        DocumentError: when it can't be drawn.
    """
    import pypdfium2

    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            page = document[number - 1]
            scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, _LONGEST_SIDE / max(page.get_size()))
            bitmap = page.render(scale=scale, rev_byteorder=True)
            return np.ascontiguousarray(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(source, f"can't be drawn ({error}); export it again") from error


def assemble(pages: Pages) -> Reading:
    """Puts the raw text of pages together; their numbers become locators."""
    assembly = Assembly()
    headings: tuple[str, ...] = ()
    lines = _lines(clean_pages([text or "" for text in pages.texts]))
    for at, (page, line) in enumerate(lines):
        if _heads(lines[at : at + 2]):
            headings = (line,)
        else:
            place = f"第{page}页" if pages.numbered else ""
            assembly.add(line, headings=headings, place=place)
    return assembly.reading(title=pages.title)


def _lines(pages: list[list[str]]) -> list[tuple[int, str]]:
    """Paragraphs with their pages; one that runs over a page's end stands where it began."""
    lines: list[tuple[int, str]] = []
    for number, paragraphs in enumerate(pages, start=1):
        for position, paragraph in enumerate(paragraphs):
            if position == 0 and lines and _open(lines[-1][1]):
                page, begun = lines[-1]
                lines[-1] = (page, join_lines(begun, paragraph))
            else:
                lines.append((number, paragraph))
    return lines


def _heads(lines: list[tuple[int, str]]) -> bool:
    """Whether the first of two lines is a heading: short, open, and above running text.

    Of several such lines in a row, rows of a table say, only the last can be one: a
    heading stands in no passage, and nothing of a table may be lost.
    """
    return len(lines) == 2 and _is_short(lines[0][1]) and not _is_short(lines[1][1])


def _is_short(line: str) -> bool:
    return len(line) <= _HEADING_MAX and line[-1] not in _ENDS


def _open(line: str) -> bool:
    return not _is_short(line) and (line[-1] in "；;" or not ends_sentence(line))
