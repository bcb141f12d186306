"""Markdown and plain text."""

from __future__ import annotations

import re

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.clean import clean_markdown, clean_text
from qilu_rag.ingest.encoding import decode
from qilu_rag.ingest.front_matter import split_front_matter
from qilu_rag.ingest.reading import Reading
from qilu_rag.types import Block

# Bounded and possessive, so that a line of a million marks costs no hours.
_HEADING = re.compile(r"^(#{1,6})[ \t]++(.{1,200}?)[ \t]*+#*+$", re.MULTILINE)


def read_markdown(data: bytes, source: str, _limits: IngestSettings) -> Reading:
    """Reads Markdown, with or without front matter; a heading at its head is its title."""
    text, encoding = decode(data, source)
    fields, body = split_front_matter(text, source)
    clean = clean_markdown(body)
    heading = _HEADING.search(clean)
    return Reading(
        text=clean,
        blocks=markdown_blocks(clean),
        fields=fields,
        title=heading[2] if heading and heading.start() == 0 else None,
        encoding=encoding,
    )


def read_plain(data: bytes, source: str, _limits: IngestSettings) -> Reading:
    """Reads plain text, with or without front matter."""
    text, encoding = decode(data, source)
    fields, body = split_front_matter(text, source)
    clean = clean_text(body)
    return Reading(text=clean, blocks=paragraph_blocks(clean), fields=fields, encoding=encoding)


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
