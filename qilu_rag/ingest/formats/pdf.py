"""PDF documents by pypdf: running lines go, page numbers become locators."""

from __future__ import annotations

import io
import logging
from contextlib import closing

import numpy as np
import pypdf
import pypdfium2
from pypdf.errors import DependencyError

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_pages, ends_sentence, join_lines
from qilu_rag.ingest.reading import Assembly, Pages, Reading
from qilu_rag.ports import Image

_HEADING_MAX = 24
_ENDS = "。！？!?…；;：:，,、."
_DOTS_PER_INCH = 200
_POINTS_PER_INCH = 72
_LONGEST_SIDE = 3000


def read_pdf(data: bytes, source: str, limits: IngestSettings) -> Pages:
    """Reads the text layer of a PDF.

    Raises:
        DocumentError: when it is broken, encrypted or too long.
    """
    # pypdf logs every oddity of a file; what matters comes out as an error below.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(source, "is encrypted; hand in a copy without a password")
        if len(reader.pages) > limits.max_pages:
            raise DocumentError(source, f"has over {limits.max_pages} pages; split it")
        texts = [page.extract_text() or "" for page in reader.pages]
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
    blank = not any(text.strip() for text in texts)
    return Pages(texts=tuple(None if blank else text for text in texts))


def draw_pdf(data: bytes, number: int, source: str) -> Image:
    """Draws a page as a scanner would have taken it.

    Raises:
        DocumentError: when it can't be drawn.
    """
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
            assembly.add(line, headings=headings, place=f"第{page}页")
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
