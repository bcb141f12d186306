"""PDF documents with a text layer, by pypdf: page numbers become locators."""

from __future__ import annotations

import io
import logging
import struct
import zlib

import pypdf
from pypdf.errors import DependencyError, PyPdfError

from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_pages, ends_sentence, join_lines
from qilu_rag.types import Block

_HEADING_MAX = 24
_ENDS = "。！？!?…；;：:，,、."


def read_pdf(data: bytes, source: str, max_pages: int) -> tuple[str, tuple[Block, ...]]:
    """Reads a PDF.

    Args:
        data: the file's bytes.
        source: its name, for errors.
        max_pages: a longer document is refused.

    Returns:
        The text and its blocks, a block for each stretch under one heading on one page.

    Raises:
        DocumentError: when it is broken, encrypted, too long or has no text layer.
    """
    # pypdf logs every oddity of a file; what matters comes out as an error below.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(source, "is encrypted; hand in a copy without a password")
        if len(reader.pages) > max_pages:
            raise DocumentError(source, f"has over {max_pages} pages; split it")
        pages = [page.extract_text() or "" for page in reader.pages]
    except DocumentError:
        raise
    except DependencyError as error:
        # Ciphers beyond RC4 need a library that we do without.
        raise DocumentError(
            source, "is encrypted; hand in a copy without a password"
        ) from error
    except (
        PyPdfError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        AssertionError,
        RecursionError,
        OSError,
        NotImplementedError,
        ArithmeticError,
        EOFError,
        MemoryError,
        struct.error,
        zlib.error,
        ImportError,
    ) as error:
        # pypdf lets its own inner errors through on damaged files.
        raise DocumentError(
            source, f"is not a whole PDF ({type(error).__name__}); export it again"
        ) from error
    if not any(page.strip() for page in pages):
        raise DocumentError(source, "has no text layer; hand in a PDF with text, not a scan")
    return _assemble(clean_pages(pages))


def _assemble(pages: list[list[str]]) -> tuple[str, tuple[Block, ...]]:
    text = ""
    blocks: list[Block] = []
    heading: tuple[str, ...] = ()
    for number, paragraphs in enumerate(pages, start=1):
        for position, paragraph in enumerate(paragraphs):
            if _is_heading(paragraph):
                heading = (paragraph,)
                text = f"{text}{paragraph}\n"
            elif position == 0 and blocks and _open(text):
                # A sentence that runs over the page's end belongs to the page it began on.
                text = join_lines(text.rstrip("\n"), paragraph) + "\n"
                last = blocks[-1]
                blocks[-1] = Block(
                    start=last.start, end=len(text), headings=last.headings, page=last.page
                )
            else:
                start = len(text)
                text = f"{text}{paragraph}\n"
                blocks.append(Block(start=start, end=len(text), headings=heading, page=number))
    return text, tuple(_merged(blocks))


def _is_heading(paragraph: str) -> bool:
    return len(paragraph) <= _HEADING_MAX and paragraph[-1] not in _ENDS


def _open(text: str) -> bool:
    line = text.rstrip("\n")
    return bool(line) and (line[-1] in "；;" or not ends_sentence(line))


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
