"""PDF documents by pypdf: running lines go, page numbers become locators."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence

import pypdf
from pypdf.errors import DependencyError

from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_pages, ends_sentence, join_lines
from qilu_rag.types import Block

_HEADING_MAX = 24
_ENDS = "。！？!?…；;：:，,、."


def read_pdf(data: bytes, source: str, max_pages: int) -> list[str]:
    """Reads the text layer of a PDF.

    Args:
        data: the file's bytes.
        source: its name, for errors.
        max_pages: a longer document is refused.

    Returns:
        The raw text of each page; all are blank when there is no text layer.

    Raises:
        DocumentError: when it is broken, encrypted or too long.
    """
    # pypdf logs every oddity of a file; what matters comes out as an error below.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(source, "is encrypted; hand in a copy without a password")
        if len(reader.pages) > max_pages:
            raise DocumentError(source, f"has over {max_pages} pages; split it")
        return [page.extract_text() or "" for page in reader.pages]
    except DocumentError:
        raise
    except DependencyError as error:
        # Ciphers beyond RC4 need a library that we do without.
        raise DocumentError(source, "is encrypted; hand in a copy without a password") from error
    except Exception as error:
        # pypdf lets inner errors of every kind through on damaged files; nothing else runs here.
        raise DocumentError(
            source, f"is not a whole PDF ({type(error).__name__}); export it again"
        ) from error


def assemble(raw: Sequence[str]) -> tuple[str, tuple[Block, ...]]:
    """Puts the raw text of pages together.

    Returns:
        The text and its blocks, a block for each stretch under one heading on one page.
    """
    text = ""
    blocks: list[Block] = []
    headings: tuple[str, ...] = ()
    lines = _lines(clean_pages(raw))
    for at, (page, line) in enumerate(lines):
        start = len(text)
        text = f"{text}{line}\n"
        if _heads(lines[at : at + 2]):
            headings = (line,)
        else:
            blocks.append(Block(start=start, end=len(text), headings=headings, page=page))
    return text, tuple(_merged(blocks))


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


def _merged(blocks: list[Block]) -> list[Block]:
    merged: list[Block] = []
    for block in blocks:
        last = merged[-1] if merged else None
        if last and (last.headings, last.page, last.end) == (
            block.headings,
            block.page,
            block.start,
        ):
            merged[-1] = Block(
                start=last.start, end=block.end, headings=last.headings, page=last.page
            )
        else:
            merged.append(block)
    return merged
