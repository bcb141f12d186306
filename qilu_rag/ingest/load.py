"""Loading: a file becomes one document, a `.jsonl` file one document a line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_markdown, clean_text
from qilu_rag.ingest.front_matter import make_entry, read_yaml, split_front_matter
from qilu_rag.ingest.pdf import assemble, read_pdf
from qilu_rag.ingest.scan import Scanner
from qilu_rag.types import Block, Document

MARKDOWN = frozenset({".md", ".markdown"})
PLAIN = frozenset({".txt", ".text"})
READABLE = MARKDOWN | PLAIN | {".pdf", ".jsonl"}
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file or line that could not be loaded, and why.

    Attributes:
        origin: absolute path of the file, filled in by the pipeline.
    """

    source: str
    reason: str
    origin: str = ""


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """The files to read: those named, and the readable ones inside folders that are named.

    Inside folders, hidden files, README files and side-car front matter are passed over.
    """
    files: dict[Path, None] = {}
    problems = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in READABLE)
            files |= dict.fromkeys(p for p in found if p.is_file() and _wanted(p, path))
        elif not path.exists():
            problems.append(Problem(source=str(path), reason="there is no such file or folder"))
        elif path.suffix.lower() not in READABLE:
            known = " ".join(sorted(READABLE))
            problems.append(
                Problem(source=str(path), reason=f"this format is not read; these are: {known}")
            )
        else:
            files[path] = None
    sound = []
    for path in files:
        try:
            str(path.resolve()).encode()
            sound.append(path)
        except UnicodeEncodeError:
            shown = str(path).encode("utf-8", "backslashreplace").decode()
            problems.append(Problem(source=shown, reason="the name is not UTF-8; rename the file"))
    return sound, problems


def _wanted(path: Path, root: Path) -> bool:
    inside = path.relative_to(root)
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and path.stem.upper() != "README"


def load_file(
    path: Path, limits: IngestSettings, scanner: Scanner | None = None
) -> Iterator[Document | Problem]:
    """Reads one file; what can't be read comes out as a problem, never as an exception.

    Args:
        path: the file.
        limits: bounds of size and length.
        scanner: reads what has no text layer; without one that is a problem.
    """
    try:
        data = _read(path, limits)
        if path.suffix.lower() == ".jsonl":
            yield from _load_lines(path, data)
        else:
            yield _load_one(path, data, limits, scanner)
    except DocumentError as error:
        yield Problem(source=error.source, reason=error.reason)


def _read(path: Path, limits: IngestSettings) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.max_file_bytes:
            raise DocumentError(
                str(path),
                f"{size:,} bytes are over the limit of {limits.max_file_bytes:,}; "
                "split the file or raise QILU_INGEST__MAX_FILE_BYTES",
            )
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(str(path), f"can't be read: {error.strerror}") from error


def _decode(data: bytes, source: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DocumentError(
            source, f"is not UTF-8 (byte {error.start}); save it as UTF-8 and try again"
        ) from error


def _load_one(path: Path, data: bytes, limits: IngestSettings, scanner: Scanner | None) -> Document:
    source = str(path)
    suffix = path.suffix.lower()
    side_car = path.with_suffix(".yaml")
    digest = hashlib.sha256(data)
    scanned = False
    if suffix == ".pdf":
        fields = None
        pages = read_pdf(data, source, limits.max_pages)
        scanned = not any(page.strip() for page in pages)
        if scanned and scanner is None:
            raise DocumentError(source, "has no text layer; hand in a PDF with text, not a scan")
        if scanned and scanner is not None:
            pages = scanner.read(data, source, limits)
        text, blocks = assemble(pages)
    else:
        fields, body = split_front_matter(_decode(data, source), source)
        text = clean_markdown(body) if suffix in MARKDOWN else clean_text(body)
        blocks = markdown_blocks(text) if suffix in MARKDOWN else paragraph_blocks(text)
    if fields is None and side_car.is_file():
        side_data = _read(side_car, limits)
        digest.update(side_data)
        fields = read_yaml(_decode(side_data, str(side_car)), str(side_car))
    if not text.strip():
        raise DocumentError(source, "holds no text")
    entry = make_entry(fields if fields is not None else _derived(path, text), source)
    if scanned:
        entry = replace(entry, origin="ocr")
    return Document(entry=entry, text=text, blocks=blocks, source=source, sha256=digest.hexdigest())


def _derived(path: Path, text: str) -> dict[str, Any]:
    """Front matter for a file that has none: the id from its path, the title from its text."""
    slug = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    heading = _HEADING.search(text)
    title = heading[2] if heading and heading.start() == 0 else path.stem
    printable = "".join(char for char in title if char.isprintable()).strip()[:200]
    return {"id": "-".join(filter(None, (slug[:60], digest))), "title": printable or digest}


def _load_lines(path: Path, data: bytes) -> Iterator[Document | Problem]:
    for number, line in enumerate(_decode(data, str(path)).split("\n"), start=1):
        if line.strip():
            try:
                yield _load_line(line, f"{path}:{number}")
            except DocumentError as error:
                yield Problem(source=error.source, reason=error.reason)


def _load_line(line: str, where: str) -> Document:
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
    )


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
