"""Markdown and plain text."""

from __future__ import annotations

import re

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.clean import clean_markdown, clean_text, list_items
from qilu_rag.ingest.encoding import decode
from qilu_rag.ingest.formats.markdown import lay_out
from qilu_rag.ingest.front_matter import split_front_matter
from qilu_rag.ingest.reading import Reading
from qilu_rag.ingest.structure import carve, plain_blocks
from qilu_rag.types import Block

# Bounded and possessive, so that a line of a million marks costs no hours.
_HEADING = re.compile(r"^(#{1,6})[ \t]++(.{1,200}?)[ \t]*+#*+$", re.MULTILINE)


def read_markdown(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads Markdown, with or without front matter; a heading at its head is its title.

    The rows of its tables are passages of their own, and items of lists are kept whole.
    """
    text, encoding = decode(data, source)
    fields, body = split_front_matter(text, source)
    clean, spans = lay_out(clean_markdown(body), list_items(body), limits.passage_max)
    heading = _HEADING.search(clean)
    return Reading(
        text=clean,
        blocks=carve(clean, markdown_blocks(clean), spans),
        fields=fields,
        title=heading[2] if heading and heading.start() == 0 else None,
        encoding=encoding,
    )


def read_plain(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads plain text, with or without front matter; see `structure` for what it finds."""
    text, encoding = decode(data, source)
    fields, body = split_front_matter(text, source)
    clean = clean_text(body)
    blocks = plain_blocks(clean, limits.passage_max)
    return Reading(text=clean, blocks=blocks, fields=fields, encoding=encoding)


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The runs between headings, each with the path of the headings above it."""
    blocks = []
    path: list[tuple[int, str]] = []
    at = 0
    for heading in _HEADING.finditer(text):
        blocks.append((at, heading.start(), tuple(title for _, title in path)))
        level = len(heading[1])
        path = [*((depth, title) for depth, title in path if depth < level), (level, heading[2])]
        at = heading.end()
    blocks.append((at, len(text), tuple(title for _, title in path)))
    return tuple(
        Block(start=start, end=end, headings=headings)
        for start, end, headings in blocks
        if text[start:end].strip()
    )


def paragraph_blocks(text: str) -> tuple[Block, ...]:
    """Plain text is one block: paragraphs are kept by the splitter."""
    return (Block(start=0, end=len(text)),) if text.strip() else ()
