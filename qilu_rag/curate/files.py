"""The corpus as its editors see it: files with lines, and what each one says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qilu_rag.config import IngestSettings
from qilu_rag.curate.findings import Finding
from qilu_rag.ingest.files import Problem, find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.scan import Scanner
from qilu_rag.text.sentences import sentence_spans
from qilu_rag.types import CATEGORY_NAMES, Document, Entry

_MARK = re.compile(r"\[(s\d+)\]")
_LINE = re.compile(r"line (\d+)")


@dataclass(frozen=True)
class EntryFile:
    """A file of the corpus, read.

    Attributes:
        raw: the file's own text; of a PDF, that of its side-car front matter.
        document: what ingestion makes of it.
    """

    path: Path
    raw: str
    document: Document

    @property
    def entry(self) -> Entry:
        """The front matter."""
        return self.document.entry

    @cached_property
    def body(self) -> str:
        """The Markdown below the front matter, source marks included."""
        return self.raw.split("\n---\n", 1)[-1] if self.path.suffix == ".md" else ""

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the text, without headings and source marks."""
        text = self.document.text
        blocks = (text[block.start : block.end] for block in self.document.blocks)
        return tuple(block[a:b] for block in blocks for a, b in sentence_spans(block))

    def line_of(self, *words: str) -> int:
        """The first line that holds one of the words, source marks aside; else the first."""
        for word in words:
            for number, line in enumerate(self._plain, start=1):
                if word in line:
                    return number
        return 1

    @cached_property
    def _plain(self) -> list[str]:
        return _MARK.sub("", self.raw).split("\n")

    def finding(self, rule: str, message: str, *words: str) -> Finding:
        """A finding at the first line that holds one of the words."""
        return Finding(path=self.path, line=self.line_of(*words), rule=rule, message=message)


def read_corpus(
    folder: Path, scanner: Scanner | None = None
) -> tuple[list[EntryFile], list[Finding]]:
    """Reads every file of a corpus; what can't be read comes out as findings.

    Args:
        folder: holds a folder a category.
        scanner: reads scanned documents.
    """
    paths, problems = find_files([folder])
    found: list[EntryFile] = []
    findings = [_unread(Path(problem.source), problem) for problem in problems]
    for path in paths:
        for item in load_file(path, IngestSettings(), scanner):
            if isinstance(item, Problem):
                findings.append(_unread(path, item))
            else:
                source = path if path.suffix == ".md" else path.with_suffix(".yaml")
                raw = source.read_text("utf-8", "replace") if source.is_file() else ""
                found.append(EntryFile(path=path, raw=raw, document=item))
    return found, findings


def _unread(path: Path, problem: Problem) -> Finding:
    line = _LINE.search(problem.reason)
    return Finding(
        path=path, line=int(line[1]) if line else 1, rule="schema", message=problem.reason
    )


def check_file(file: EntryFile) -> Iterator[Finding]:
    """What every entry must say of itself, sources that carry it, and its sections."""
    entry, stem = file.entry, file.path.stem
    if entry.id != stem:
        yield file.finding("id", f"the id {entry.id} is not the file's name {stem}", "id:")
    folder = file.path.parent.name
    if entry.category not in CATEGORY_NAMES or folder not in (entry.category, "documents"):
        message = f"the category {entry.category} is not the folder's; move the file or mend it"
        yield file.finding("category", message, "category:")
    for key in ("title_en", "kind", "licence", "sources"):
        if not getattr(entry, key):
            yield file.finding("schema", f"the key {key} is missing", "id:")
    if file.path.suffix == ".md":
        yield from _sources(file)
        yield from _sections(file)


def _sources(file: EntryFile) -> Iterator[Finding]:
    known = [source.id for source in file.entry.sources]
    cited = set(_MARK.findall(file.body))
    for mark in sorted(cited - set(known)):
        message = f"the mark [{mark}] has no source; add it to sources or take the mark out"
        yield file.finding("sources", message)
    for source in file.entry.sources:
        if known.count(source.id) > 1:
            yield file.finding(
                "sources", f"the source {source.id} is there twice", f"id: {source.id}"
            )
        if source.id not in cited:
            message = f"the source {source.id} carries no claim; mark one with [{source.id}]"
            yield file.finding("sources", message, f"id: {source.id}")


def _sections(file: EntryFile) -> Iterator[Finding]:
    headings = re.findall(r"^## (.+)$", file.body, re.MULTILINE)
    if len(headings) < 3:
        message = f"{len(headings)} sections; an entry has a lead and at least three `##` sections"
        yield file.finding("sections", message, "## ")
    if not file.body.lstrip("\n").split("## ", 1)[0].strip():
        yield file.finding("sections", "there is no lead paragraph before the first heading", "## ")
    for heading in headings:
        if headings.count(heading) > 1:
            yield file.finding("sections", f"the heading {heading} is there twice", f"## {heading}")
