"""Loading: a file becomes one document, a `.jsonl` file one document a line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.call import Call, call_here
from qilu_rag.ingest.clean import clean_text
from qilu_rag.ingest.encoding import decode
from qilu_rag.ingest.files import LINES, File, Problem, open_file, real_path
from qilu_rag.ingest.formats import FORMATS
from qilu_rag.ingest.formats.pdf import assemble
from qilu_rag.ingest.formats.text import paragraph_blocks
from qilu_rag.ingest.front_matter import make_entry, read_yaml
from qilu_rag.ingest.reading import Pages, Reading
from qilu_rag.ingest.scan import Scanner
from qilu_rag.types import Document, Review

_SHOWN_PAGES = 20

_MODERATE = 2**20
"""Bytes up to which text is read in this process."""


def load_file(
    path: Path, limits: IngestSettings, scanner: Scanner | None = None, call: Call = call_here
) -> Iterator[Document | Problem]:
    """Reads one file; what can't be read comes out as a problem, never as an exception.

    Args:
        path: the file.
        limits: bounds of size and length.
        scanner: reads what has no text layer; without one that is a problem.
        call: where the readers of the formats run.
    """
    try:
        for file in open_file(path, limits):
            if isinstance(file, Problem):
                yield file
            else:
                yield from _load_each(file, limits, scanner, call)
    except DocumentError as error:
        yield Problem(source=error.source, reason=error.reason)


def _load_each(
    file: File, limits: IngestSettings, scanner: Scanner | None, call: Call
) -> Iterator[Document | Problem]:
    is_lines = file.suffix == LINES
    # Text of a moderate size can do no harm: what reads it is Python, and linear.
    is_text = is_lines or FORMATS[file.suffix].is_text
    read_by = call_here if is_text and len(file.data) <= _MODERATE else call
    try:
        if is_lines:
            yield from read_by(_load_lines, file.data, file.source, source=file.source)
        else:
            yield _load_one(file, limits, scanner, read_by)
    except DocumentError as error:
        yield Problem(source=error.source, reason=error.reason)


def _load_one(file: File, limits: IngestSettings, scanner: Scanner | None, call: Call) -> Document:
    kind = FORMATS[file.suffix]
    read = call(kind.read, file.data, file.source, limits, source=file.source)
    scanned: tuple[tuple[int, float], ...] = ()
    if isinstance(read, Pages):
        if None in read.texts:
            if scanner is None or kind.draw is None:
                raise DocumentError(file.source, _unread(read))
            read, scanned = scanner.fill(read, file.data, kind.draw, file.source, limits, call)
        read = assemble(read)
    if not read.text.strip():
        raise DocumentError(file.source, "holds no text")
    fields = read.fields
    digest = hashlib.sha256(file.data)
    if fields is None and file.side_car is not None:
        digest.update(file.side_car)
        name = str(Path(file.source).with_suffix(".yaml"))
        fields = read_yaml(decode(file.side_car, name)[0], name)
    entry = make_entry(fields if fields is not None else _derived(file, read), file.source)
    if scanned:
        entry = replace(entry, origin="ocr")
    retired = entry.review.state == "retired"
    if not retired and any(sure < limits.scan_confidence for _, sure in scanned):
        entry = replace(entry, review=Review(state="draft"))
    return Document(
        entry=entry,
        text=read.text,
        blocks=read.blocks,
        source=file.source,
        sha256=digest.hexdigest(),
        encoding=read.encoding,
        scanned=scanned,
    )


def _unread(pages: Pages) -> str:
    """Why a document can't be read without OCR."""
    missing = [str(number) for number, text in enumerate(pages.texts, start=1) if text is None]
    if len(missing) == len(pages.texts):
        return "has no text layer; hand in a file with text, not a scan"
    shown = ", ".join(missing[:_SHOWN_PAGES]) + (" …" if len(missing) > _SHOWN_PAGES else "")
    what = "page" if len(missing) == 1 else "pages"
    return f"has no text layer that can be read on {what} {shown}; hand in a file with text there"


def _derived(file: File, read: Reading) -> dict[str, Any]:
    """Front matter for a file that has none: the id from its path, the title from its text."""
    name = Path(file.source).stem
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    place = real_path(file.path / file.member)
    digest = hashlib.sha256(place.encode()).hexdigest()[:8]
    title = read.title or name
    printable = "".join(char for char in title if char.isprintable()).strip()[:200]
    return {"id": "-".join(filter(None, (slug[:60], digest))), "title": printable or digest}


def _load_lines(data: bytes, source: str) -> list[Document | Problem]:
    text, encoding = decode(data, source)
    items: list[Document | Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                items.append(_load_line(line, f"{source}:{number}", encoding))
            except DocumentError as error:
                items.append(Problem(source=error.source, reason=error.reason))
    return items


def _load_line(line: str, where: str, encoding: str) -> Document:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DocumentError(where, f"is not a JSON object: {error}") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("text"), str):
        raise DocumentError(where, "must be a JSON object with a string `text`")
    body = fields.pop("text")
    if type(fields.get("id")) is int:  # true and false are ints by descent only
        fields["id"] = str(fields["id"])
    fields.setdefault("title", fields.get("id"))
    entry = make_entry(fields, where)
    text = clean_text(body)
    if not text.strip():
        raise DocumentError(where, "holds no text")
    return Document(
        entry=entry,
        text=text,
        blocks=paragraph_blocks(text),
        source=entry.id,
        sha256=hashlib.sha256(line.encode()).hexdigest(),
        encoding=encoding,
    )
